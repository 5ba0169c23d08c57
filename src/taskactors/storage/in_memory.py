"""The engine in memory: a real engine, and the model that the others are compared with. It forgets when it is closed."""

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .engine import Done, Failed, Snapshot, Unit
from .records import seal
from .transaction import BATCH, FORMAT, FORMAT_KEY, Buffer, Opened

T = TypeVar("T")


class InMemoryEngine:
    """Sealed values in a dictionary, with their keys in order."""

    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {FORMAT_KEY: seal(FORMAT_KEY, FORMAT)}
        self._keys: list[bytes] = [FORMAT_KEY]

    def get(self, key: bytes) -> bytes | None:
        return self._values.get(key)

    def range(self, start: bytes, end: bytes, limit: int, reverse: bool) -> list[tuple[bytes, bytes]]:
        first, after = bisect_left(self._keys, start), bisect_left(self._keys, end)
        keys = self._keys[max(first, after - limit) : after][::-1] if reverse else self._keys[first : min(after, first + limit)]
        return [(key, self._values[key]) for key in keys]

    def read(self, fn: Callable[[Snapshot], T]) -> T:
        return fn(Opened(self))

    def write(self, units: Sequence[Unit], now_ms: int, batch_id: bytes) -> list[Done[Any] | Failed]:
        buffer = Buffer(self, now_ms)
        outcomes = buffer.run(units)
        if buffer.changed:
            for key, sealed in buffer.sealed(batch_id):
                self._set(key, sealed)
        return outcomes

    def _set(self, key: bytes, sealed: bytes | None) -> None:
        known = key in self._values
        if sealed is not None:
            self._values[key] = sealed
            if not known:
                insort(self._keys, key)
        elif known:
            del self._values[key]
            del self._keys[bisect_left(self._keys, key)]

    def make_room(self) -> None:
        """There is always room."""

    def committed(self, batch_id: bytes) -> bool:
        return self.read(lambda snapshot: snapshot.get(BATCH)) == batch_id

    def close(self) -> None:
        """Nothing to let go of."""
