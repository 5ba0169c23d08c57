"""Cursors: where a list goes on, as text that a client hands back unread."""

from ..domain.errors import InvalidArguments

LONGEST_DIGITS = 18


def cursor_after(kind: str, number: int) -> str:
    """A cursor for a list of that kind, after the entry of that number."""
    return f"{kind}{number}"


def read_cursor(kind: str, cursor: str, tool: str) -> int:
    """The number in a cursor that this tool gave; refuses one that is not of its making."""
    digits = cursor.removeprefix(kind)
    if not cursor.startswith(kind) or not (digits.isascii() and digits.isdigit()) or len(digits) > LONGEST_DIGITS:
        raise InvalidArguments(tool=tool, problems=("cursor: not one that this tool returned; leave it out to start over",))
    return int(digits)
