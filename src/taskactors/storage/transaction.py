"""The buffer that units of work write into: laid over an engine's own transaction, the same for every engine."""

from bisect import bisect_left, insort
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from .engine import Done, Failed, Unit
from .keys import key as make_key
from .records import seal, unseal

BATCH = make_key("batch")
"""Holds the id of the last batch that was committed."""

FORMAT_KEY = make_key("format")
FORMAT = b"taskactors 1"
"""Written when a store is born, and looked at whenever it is opened."""

_UNTOUCHED = object()


class Raw(Protocol):
    """What an engine shows of its own transaction: sealed values."""

    def get(self, key: bytes) -> bytes | None: ...

    def range(self, start: bytes, end: bytes, limit: int, reverse: bool) -> list[tuple[bytes, bytes]]: ...


class Opened:
    """A read-only view of sealed values, each checked as it is read."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    def get(self, key: bytes) -> bytes | None:
        sealed = self._raw.get(key)
        return None if sealed is None else unseal(key, sealed)

    def range(self, start: bytes, end: bytes, limit: int, reverse: bool = False) -> list[tuple[bytes, bytes]]:
        return [(key, unseal(key, sealed)) for key, sealed in self._raw.range(start, end, limit, reverse)]


class Buffer:
    """A transaction whose writes wait in memory. Reads see them; a unit that fails takes only its own back."""

    def __init__(self, raw: Raw, now_ms: int) -> None:
        self.now_ms = now_ms
        self._below = Opened(raw)
        self._writes: dict[bytes, bytes | None] = {}
        self._order: list[bytes] = []
        self._undo: list[tuple[bytes, Any]] = []

    def get(self, key: bytes) -> bytes | None:
        written = self._writes.get(key, _UNTOUCHED)
        return self._below.get(key) if written is _UNTOUCHED else written  # type: ignore[return-value]

    def range(self, start: bytes, end: bytes, limit: int, reverse: bool = False) -> list[tuple[bytes, bytes]]:
        touched = self._order[bisect_left(self._order, start) : bisect_left(self._order, end)]
        # Each touched key can hide one entry below, so with this many more there are always enough.
        below = self._below.range(start, end, limit + len(touched), reverse)
        if not touched:
            return below
        entries = dict(below)
        for each in touched:
            written = self._writes[each]
            if written is None:
                entries.pop(each, None)
            else:
                entries[each] = written
        return [(each, entries[each]) for each in sorted(entries, reverse=reverse)[:limit]]

    def put(self, key: bytes, value: bytes) -> None:
        self._write(key, value)

    def delete(self, key: bytes) -> None:
        self._write(key, None)

    def _write(self, key: bytes, value: bytes | None) -> None:
        before = self._writes.get(key, _UNTOUCHED)
        self._undo.append((key, before))
        if before is _UNTOUCHED:
            insort(self._order, key)
        self._writes[key] = value

    def run(self, units: Sequence[Unit]) -> list[Done[Any] | Failed]:
        """Every unit in turn, each with what became of it."""
        return [self._run_one(unit) for unit in units]

    def _run_one(self, unit: Unit) -> Done[Any] | Failed:
        self._undo = []
        try:
            return Done(unit(self))
        except Exception as error:  # the unit boundary: whatever a unit raises is its own caller's to hear
            self._take_back()
            return Failed(error)

    def _take_back(self) -> None:
        for each, before in reversed(self._undo):
            if before is _UNTOUCHED:
                del self._writes[each]
                del self._order[bisect_left(self._order, each)]
            else:
                self._writes[each] = before

    @property
    def changed(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self._writes)

    def sealed(self, batch_id: bytes) -> Iterator[tuple[bytes, bytes | None]]:
        """What has to reach the disk, each key once and in order, None for what is to go; the batch's id with it."""
        self.put(BATCH, batch_id)
        for each in self._order:
            value = self._writes[each]
            yield each, None if value is None else seal(each, value)
