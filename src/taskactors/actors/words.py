"""The table of words: documents by what is written in them, in SQLite's full text search, in a file that has no name."""

import re
import sqlite3
from collections.abc import Sequence

from ..board.knowledge import OF_SUBJECT, Document

SNIPPET_WORDS = 24

CACHE_KIB = 8 << 10
"""What is kept of the table in memory; a million tasks are some 400 MB, which are for the disk."""

RANKED = 5_000
"""Of each kind of thing the newest so many matches are ranked: a word that is everywhere says little about which of a million is best."""

PLACES = tuple(OF_SUBJECT.values())

NUMBER_BITS = 48
"""A row is found by its kind and number, so that no list of rows is kept; numbers are counted from 1, and never get that far."""

Match = tuple[str, int, str]
"""Where it is, its number there, and a snippet of it."""


class Words:
    """Belongs to one at a time, on whatever thread; both of its calls may take long. Raises sqlite3.Error when there is no room."""

    def __init__(self) -> None:
        # Without a name SQLite removes the file from its folder as soon as it is open: nobody else can open it, and nothing is left behind.
        self._database = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        for setting in ("journal_mode = off", "synchronous = off", f"cache_size = -{CACHE_KIB}"):
            self._database.execute(f"pragma {setting}")
        self._database.execute("create virtual table words using fts5(title, body, tokenize='unicode61 remove_diacritics 2')")

    def put(self, documents: Sequence[Document]) -> None:
        """Put these in, each instead of what was known of it."""
        rows = [(_row(each.within, each.id), each.title, each.body) for each in documents]
        self._database.execute("begin")
        self._database.executemany("insert or replace into words(rowid, title, body) values (?, ?, ?)", rows)
        self._database.execute("commit")

    def find(self, query: str, within: Sequence[str], skip: int, limit: int) -> list[Match]:
        """The best matches, after the first `skip`, of the newest `RANKED` of each kind."""
        wanted = as_expression(query)
        if not wanted:
            return []
        spans = [self._newest(wanted, place) for place in within or PLACES]
        # Of our own making, but for how many spans there are; what was asked takes the place of the marks.
        scored = " union all ".join(
            ["select rowid as row, bm25(words, 4.0, 1.0) as score from words where words match ? and rowid between ? and ?"] * len(spans)
        )
        values = [value for span in spans for value in (wanted, *span)]
        best = self._database.execute(f"{scored} order by score, row desc limit ? offset ?", (*values, limit, skip)).fetchall()
        return [(*_named(row), self._snippet(wanted, row)) for row, _ in best]

    def close(self) -> None:
        """It is not searched any more, and its file is gone."""
        self._database.close()

    def _newest(self, wanted: str, place: str) -> tuple[int, int]:
        first, last = _row(place, 0), _row(place, (1 << NUMBER_BITS) - 1)
        oldest = self._database.execute(
            "select rowid from words where words match ? and rowid between ? and ? order by rowid desc limit 1 offset ?",
            (wanted, first, last, RANKED - 1),
        ).fetchone()
        return (oldest[0] if oldest else first), last

    def _snippet(self, wanted: str, row: int) -> str:
        statement = f"select snippet(words, -1, '', '', ' … ', {SNIPPET_WORDS}) from words where words match ? and rowid = ?"  # noqa: S608
        (text,) = self._database.execute(statement, (wanted, row)).fetchone()
        return " ".join(str(text).split())


def as_expression(query: str) -> str:
    """The query in the index's own language: every word quoted, so that nothing in it is an operator, and a* a beginning."""
    words = re.findall(r"[\w]+\*?", query)
    return " ".join(f'"{word.rstrip("*")}"' + ("*" if word.endswith("*") else "") for word in words)


def _row(place: str, number: int) -> int:
    return PLACES.index(place) << NUMBER_BITS | number


def _named(row: int) -> tuple[str, int]:
    return PLACES[row >> NUMBER_BITS], row & ((1 << NUMBER_BITS) - 1)
