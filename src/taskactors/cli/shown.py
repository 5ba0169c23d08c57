"""Showing answers: aligned columns, short local times, and JSON for programs. What takes long to load waits until it is needed."""

from __future__ import annotations

from .escaping import escaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDEST_CELL = 80
"""Columns; a longer text would push everything after it off the screen. The last column is never cut."""


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as their widest cell; the last one is neither padded nor cut."""
    last = len(headings) - 1
    shown = [[_cell(cell, column == last) for column, cell in enumerate(row)] for row in rows]
    cells = [list(headings), *shown]
    widths = [max(width(row[column]) for row in cells) for column in range(len(headings))]
    return "\n".join("  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)).rstrip() for row in cells)


def _cell(value: object, whole: bool) -> str:
    text = escaped("" if value is None else value)
    return text if whole or len(text) <= WIDEST_CELL else text[: WIDEST_CELL - 1] + "…"


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def moment(text: object) -> str:
    """A time on the wire as a local time, without the date when it is today's. What is no time is shown as it is."""
    if not isinstance(text, str) or not text:
        return ""
    from datetime import datetime

    try:
        local = datetime.fromisoformat(text).astimezone()
    except ValueError:
        return escaped(text)
    return local.strftime("%H:%M:%S" if local.date() == datetime.now().astimezone().date() else "%Y-%m-%d %H:%M")


def show_json(answer: Mapping[str, object]) -> None:
    """The answer as one line of JSON, in ASCII so that neither a terminal nor an old locale can stumble over it."""
    import json
    import sys

    json.dump(answer, sys.stdout)
    sys.stdout.write("\n")
