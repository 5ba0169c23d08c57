"""Where in a plan file something stands, so that an error can name the line."""

import re
from collections.abc import Iterator
from itertools import pairwise

HEADER = re.compile(r"\s*\[\[?\s*([\w.-]+)\s*\]?\]\s*(?:#.*)?$")
KEY = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([\w-]+))\s*=""")
LONG_QUOTES = ('"' * 3, "'" * 3)


class PlanLines:
    """The lines of a TOML text by table and key, for tables that are written with headers of their own, as in a plan.

    What is written in any other way is not found, and an error then says what without where.
    """

    def __init__(self, text: str) -> None:
        self._tables: list[tuple[str, int, dict[str, int]]] = []
        for number, line in _outside_long_strings(text):
            if header := HEADER.match(line):
                self._tables.append((header[1], number, {}))
            elif (key := KEY.match(line)) and self._tables:
                self._tables[-1][2].setdefault(key[1] or key[2] or key[3], number)
            elif key:
                self._tables.append(("", number, {key[1] or key[2] or key[3]: number}))

    def find(self, table: str, place: int, key: str | None) -> int | None:
        """The line of a key in the nth table of that name, or of the table itself; None if it is not to be found."""
        found = [entry for entry in self._tables if entry[0] == table]
        return _line_of(found[place], key) if place < len(found) else None

    def find_inner(self, table: str, place: int, inner: str, inner_place: int, key: str | None) -> int | None:
        """The same for the nth table of that name inside the nth of the other."""
        starts = [index for index, entry in enumerate(self._tables) if entry[0] == table]
        for start, end in [*pairwise(starts), (starts[-1], len(self._tables))][place : place + 1] if starts else []:
            found = [entry for entry in self._tables[start:end] if entry[0] == f"{table}.{inner}"]
            return _line_of(found[inner_place], key) if inner_place < len(found) else None
        return None


def _line_of(entry: tuple[str, int, dict[str, int]], key: str | None) -> int:
    _, header, keys = entry
    return header if key is None else keys.get(key, header)


def _outside_long_strings(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines, without those that begin inside a string of many lines."""
    open_quote: str | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if open_quote is None:
            yield number, line
        rest = line
        while True:
            if open_quote is not None:
                _, closed, rest = rest.partition(open_quote)
                if not closed:
                    break
                open_quote = None
            else:
                opening = min(((rest.find(quote), quote) for quote in LONG_QUOTES if quote in rest), default=None)
                if opening is None:
                    break
                open_quote, rest = opening[1], rest[opening[0] + 3 :]
