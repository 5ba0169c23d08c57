"""The search index: every word of a project's tasks, messages and knowledge, derived from the store and never the truth."""

import re
import sqlite3
from collections.abc import Mapping, Sequence

from ..board.knowledge import OF_SUBJECT, Document
from ..domain.events import Event
from .feed import Feed

SNIPPET_WORDS = 24


class SearchIndex:
    """In memory, filled on the first search and kept up to date from what commits tell. Belongs to the project."""

    def __init__(self, feed: Feed) -> None:
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.execute(
            "create virtual table words using fts5"
            "(place unindexed, number unindexed, title, body, tokenize='unicode61 remove_diacritics 2')"
        )
        self._rows: dict[tuple[str, int], int] = {}
        self._stale: set[tuple[str, int]] = set()
        self.filled = False
        feed.listen(self._heard)

    def stale(self) -> tuple[tuple[str, int], ...]:
        """What has changed since it was last put in; it is the caller's to put in now."""
        stale, self._stale = tuple(sorted(self._stale)), set()
        return stale

    def expect(self, last: Mapping[str, int]) -> None:
        """Everything that was there before anybody listened is stale."""
        self._stale |= {(place, number) for place, most in last.items() for number in range(1, most + 1)}
        self.filled = True

    def put(self, documents: Sequence[Document]) -> None:
        """Put these in, each instead of what was known of it."""
        with self._database:
            for each in documents:
                known = self._rows.get((each.within, each.id))
                if known is not None:
                    self._database.execute("delete from words where rowid = ?", (known,))
                added = self._database.execute("insert into words values (?, ?, ?, ?)", (each.within, each.id, each.title, each.body))
                self._rows[each.within, each.id] = int(added.lastrowid or 0)

    def find(self, query: str, within: Sequence[str], skip: int, limit: int) -> list[tuple[str, int, str]]:
        """Place, number and snippet of the best matches, after the first `skip`."""
        wanted = as_expression(query)
        if not wanted:
            return []
        places = within or tuple(OF_SUBJECT.values())
        marks = ", ".join("?" * len(places))
        rows = self._database.execute(
            # Of our own making, but for how many marks there are; what was asked takes their place.
            f"select place, number, snippet(words, -1, '', '', ' … ', {SNIPPET_WORDS}) from words"  # noqa: S608
            f" where words match ? and place in ({marks}) order by bm25(words, 0, 0, 4.0, 1.0), rowid desc limit ? offset ?",
            (wanted, *places, limit, skip),
        )
        return [(str(place), int(number), " ".join(str(text).split())) for place, number, text in rows]

    def close(self) -> None:
        """It is not searched any more."""
        self._database.close()

    def _heard(self, told: Sequence[object]) -> None:
        for each in told:
            if isinstance(each, Event):
                kind, _, number = each.subject.partition(":")
                if kind in OF_SUBJECT and number.isdigit():
                    self._stale.add((OF_SUBJECT[kind], int(number)))


def as_expression(query: str) -> str:
    """The query in the index's own language: every word quoted, so that nothing in it is an operator, and a* a beginning."""
    words = re.findall(r"[\w]+\*?", query)
    return " ".join(f'"{word.rstrip("*")}"' + ("*" if word.endswith("*") else "") for word in words)
