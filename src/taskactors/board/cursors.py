"""Cursors: where a list goes on, as text that a client hands back unread."""

from ..domain.errors import InvalidArguments

LONGEST_DIGITS = 18

SKIP = "+"
"""Stands before what is still to be skipped, when a page ended before its offset was reached."""


def cursor_after(kind: str, number: int, skip: int = 0) -> str:
    """A cursor for a list of that kind, after the entry of that number and so many more that match."""
    return f"{kind}{number}{SKIP}{skip}" if skip else f"{kind}{number}"


def read_cursor(kind: str, cursor: str, tool: str) -> tuple[int, int]:
    """The number in a cursor that this tool gave, and what is still to be skipped; refuses one that is not of its making."""
    number, skips, skip = cursor.removeprefix(kind).partition(SKIP)
    if not (cursor.startswith(kind) and _is_count(number) and (_is_count(skip) or not skips)):
        raise InvalidArguments(tool=tool, problems=("cursor: not one that this tool returned; leave it out to start over",))
    return int(number), int(skip or "0")


def _is_count(digits: str) -> bool:
    return digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_DIGITS
