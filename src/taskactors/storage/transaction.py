"""The buffer that units of work write into: laid over an engine's own transaction, the same for every engine."""

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Any, Protocol

from .engine import Done, Failed, Unit, Writes
from .errors import EngineFault, KeyTooLong, ValueTooLong
from .kept_back import BATCH_KEY, FIRST_OWN, LastBatch, last_batch
from .keys import KEY_LIMIT
from .sealing import sealed_changes, unseal

VALUE_LIMIT = 16 << 20
"""Sixteen of the largest messages: whatever is longer is a mistake, and would grow the map for good."""

_UNTOUCHED = object()


class Raw(Protocol):
    """What an engine shows of its own transaction: sealed values, of one moment."""

    def get(self, key: bytes) -> bytes | None: ...

    def those(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Which of these keys are there, and with what."""
        ...

    def range(self, start: bytes, end: bytes, limit: int, reverse: bool) -> list[tuple[bytes, bytes]]: ...


class Opened:
    """A read-only view of sealed values, each checked as it is read."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw

    def get(self, key: bytes) -> bytes | None:
        if not 0 < len(key) <= KEY_LIMIT:
            return None
        sealed = self._raw.get(key)
        return None if sealed is None else unseal(key, sealed)

    def range(self, start: bytes, end: bytes, limit: int, reverse: bool = False) -> list[tuple[bytes, bytes]]:
        return [(key, unseal(key, sealed)) for key, sealed in self._raw.range(start, end, limit, reverse)]


class Buffer:
    """A transaction whose writes wait in memory. Reads see them; a unit that fails takes only its own back."""

    def __init__(self, raw: Raw, now_ms: int) -> None:
        self.now_ms = now_ms
        self._raw = raw
        self._seen: dict[bytes, bytes | None] = {}
        self._sealed: dict[bytes, bytes | None] = {}
        self._writes: dict[bytes, bytes | None] = {}
        self._order: list[bytes] = []
        self._undo: list[tuple[bytes, Any]] = []
        self._told: list[object] = []

    def get(self, key: bytes) -> bytes | None:
        value = self._writes.get(key, _UNTOUCHED)
        if value is _UNTOUCHED:
            value = self._seen.get(key, _UNTOUCHED)
            if value is _UNTOUCHED:
                value = self._seen[key] = self._read(key)
        return value  # type: ignore[return-value]

    def _read(self, key: bytes) -> bytes | None:
        if not 0 < len(key) <= KEY_LIMIT:
            return None
        sealed = self._sealed[key] = self._raw.get(key)
        return None if sealed is None else unseal(key, sealed)

    def range(self, start: bytes, end: bytes, limit: int, reverse: bool = False) -> list[tuple[bytes, bytes]]:
        order = self._order
        first = bisect_left(order, start)
        if first == len(order) or order[first] >= end or limit <= 0:
            below = self._raw.range(start, end, limit, reverse)
            return [(key, unseal(key, sealed)) for key, sealed in below] if below else below
        if limit == 1:
            return self._first(start, end, reverse)
        touched, writes = order[first : bisect_left(order, end, first)], self._writes
        come = [(key, value) for key in touched if (value := writes[key]) is not None]
        # Each deleted key can hide one entry below, so with that many more there are always enough.
        below = self._raw.range(start, end, limit + len(touched) - len(come), reverse)
        entries = [entry for entry in below if entry[0] not in writes][:limit] + come
        if come:
            entries.sort(reverse=reverse)
        return [(key, value if key in writes else unseal(key, value)) for key, value in entries[:limit]]

    def _first(self, start: bytes, end: bytes, reverse: bool) -> list[tuple[bytes, bytes]]:
        """The nearest entry: whether there is one is asked more often than anything else, and must not cost more in a long batch."""
        order, writes = self._order, self._writes
        if (below := self._first_below(start, end, reverse)) is not None:
            start, end = (below[0], end) if reverse else (start, below[0])
        nearer = range(bisect_left(order, start), bisect_left(order, end))
        come = next((key for at in (reversed(nearer) if reverse else nearer) if writes[key := order[at]] is not None), None)
        if come is not None:
            return [(come, writes[come])]  # type: ignore[list-item]
        return [] if below is None else [(below[0], unseal(*below))]

    def _first_below(self, start: bytes, end: bytes, reverse: bool) -> tuple[bytes, bytes] | None:
        """The nearest entry below that was not deleted or written here; those are passed by in ever longer strides."""
        stride = 1
        while below := self._raw.range(start, end, stride, reverse):
            for entry in below:
                if entry[0] not in self._writes:
                    return entry
            if len(below) < stride:
                break
            start, end = (start, below[-1][0]) if reverse else (below[-1][0] + b"\0", end)
            stride *= 2
        return None

    def put(self, key: bytes, value: bytes | None) -> None:
        """What the key holds from now on; None when it goes."""
        if type(value) is not bytes and value is not None:
            # A copy of what is not bytes: it might change before the commit does.
            value = bytes(value)
        if value is not None and len(value) > VALUE_LIMIT:
            raise ValueTooLong(key, len(value), VALUE_LIMIT)
        before = self._writes.get(key, _UNTOUCHED)
        if before is _UNTOUCHED:
            if key < FIRST_OWN or len(key) > KEY_LIMIT:
                raise _refusal(key)
            insort(self._order, key)
        self._undo.append((key, before))
        self._writes[key] = value

    def delete(self, key: bytes) -> None:
        self.put(key, None)

    @property
    def told(self) -> tuple[object, ...]:
        return tuple(self._told)

    def tell(self, what: object) -> None:
        self._told.append(what)

    def run(self, unit: Unit) -> Done[Any] | Failed:
        """One more unit, with what became of it. Raises EngineFault when what is below it fails."""
        self._undo, self._told = [], []
        try:
            value = unit(self)
            return Done(value, self.told)
        except EngineFault:
            raise
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

    def writes(self, batch_id: bytes) -> Writes:
        """What has to reach the disk, each key once; last the record of this batch. Nothing when nothing changed. Raises Damaged."""
        if not self._writes:
            return []
        last = last_batch(self._raw)
        unread = [key for key in self._order if key not in self._sealed]
        there = self._sealed | self._raw.those(unread)
        tally, changed = sealed_changes(last.tally, [(key, self._writes[key]) for key in self._order], there)
        changed.append((BATCH_KEY, LastBatch(last.number + 1, tally, batch_id).sealed()))
        return changed


def _refusal(key: bytes) -> KeyTooLong | ValueError:
    return KeyTooLong(len(key), KEY_LIMIT) if len(key) > KEY_LIMIT else ValueError(f"{key!r} is no key that a unit may write")
