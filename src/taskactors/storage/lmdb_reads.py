"""Reads of an LMDB transaction: sealed values, and errors in our own words."""

from collections.abc import Iterator, Sequence
from itertools import islice

import lmdb

from .errors import Damaged, EngineFault, StorageError

FIRST_GULP, GULP = 4, 64
"""Entries read at once, growing from the first to the second: most ranges are short, and what is read beyond their ends is waste."""


class LmdbReads:
    """What an LMDB transaction shows."""

    def __init__(self, transaction: "lmdb.Transaction[bytes]") -> None:
        self._transaction = transaction
        self._cursor: lmdb.Cursor[bytes] | None = None

    def get(self, key: bytes) -> bytes | None:
        try:
            return self._transaction.get(key)
        except lmdb.Error as error:
            raise in_our_words(error) from error

    def those(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """In one call: a batch asks for some hundreds, in their order, and most are on the page of the one before."""
        try:
            return dict(self._one_cursor().getmulti(keys))
        except lmdb.Error as error:
            raise in_our_words(error) from error

    def range(self, start: bytes, end: bytes, limit: int, reverse: bool) -> list[tuple[bytes, bytes]]:
        if limit <= 0:
            return []
        try:
            cursor = self._one_cursor()
            return _backward(cursor, start, end, limit) if reverse else _forward(cursor, start, end, limit)
        except lmdb.Error as error:
            raise in_our_words(error) from error

    def _one_cursor(self) -> "lmdb.Cursor[bytes]":
        if self._cursor is None:
            # One for all: to make it costs as much as a short range. It ends with its transaction.
            self._cursor = self._transaction.cursor()
        return self._cursor

    def everything(self) -> Iterator[tuple[bytes, bytes]]:
        """Every entry in order, one at a time, however many there are."""
        try:
            with self._transaction.cursor() as cursor:
                yield from cursor
        except lmdb.Error as error:
            raise in_our_words(error) from error


def in_our_words(error: lmdb.Error) -> StorageError:
    """Damaged for a file that cannot be read, EngineFault for anything else."""
    if isinstance(error, (lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.InvalidError)):
        return Damaged(f"a page of the data file cannot be read ({error})")
    return EngineFault(f"LMDB cannot go on: {error}; open the store again")


def _forward(cursor: "lmdb.Cursor[bytes]", start: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    if not cursor.set_range(start):
        return found
    first = cursor.item()
    if first[0] >= end:
        return found
    found.append(first)
    if limit == 1:
        return found
    entries = islice(cursor, 1, None)
    gulp = FIRST_GULP
    while len(found) < limit:
        # In gulps, each cut at the end of the range: looking at every key on its own takes twice as long.
        come = list(islice(entries, min(gulp, limit - len(found))))
        found += come
        if not come or come[-1][0] >= end:
            while found[-1][0] >= end:
                found.pop()
            break
        gulp = min(gulp * 4, GULP)
    return found


def _backward(cursor: "lmdb.Cursor[bytes]", start: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    there = cursor.prev() if cursor.set_range(end) else cursor.last()
    while there and len(found) < limit:
        key, sealed = cursor.item()
        if key < start:
            break
        found.append((key, sealed))
        there = cursor.prev()
    return found
