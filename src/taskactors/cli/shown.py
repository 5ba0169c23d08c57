"""Showing stored text to a person: aligned, and with nothing in it that could command their terminal."""

import json
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Control, format (bidirectional overrides among them), surrogates and line separators: shown as escapes."""


def escaped(text: object, lines: bool = False) -> str:
    """Text with every character that is not plainly visible written as an escape; `lines` keeps line breaks."""
    return "".join(
        char if (lines and char == "\n") or unicodedata.category(char) not in HIDDEN_CATEGORIES else _escape(char) for char in str(text)
    )


def _escape(char: str) -> str:
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as their widest cell; the last one is not padded."""
    cells = [list(headings), *([escaped("" if cell is None else cell) for cell in row] for row in rows)]
    widths = [max(_width(row[column]) for row in cells) for column in range(len(headings))]
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def moment(text: str | None) -> str:
    """A time on the wire, as a local time short enough for a table."""
    if not text:
        return ""
    local = datetime.fromisoformat(text).astimezone()
    return local.strftime("%H:%M:%S" if local.date() == datetime.now().astimezone().date() else "%Y-%m-%d %H:%M")


def show_json(answer: Mapping[str, Any]) -> None:
    """The answer as it came, for programs."""
    json.dump(answer, sys.stdout, ensure_ascii=False)
    sys.stdout.write("\n")
