"""The engine in memory: a real engine, and the model that the others are compared with. It lives as long as its object."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import TypeVar

from .engine import Snapshot, Writes
from .errors import NoCopies
from .examining import named
from .kept_back import born, last_batch
from .transaction import Buffer, Opened

T = TypeVar("T")


class InMemoryEngine:
    """Sealed values in a dictionary, with their keys in order: the same bytes that any other engine holds.

    Closing it changes nothing, so that what was in it is still there for whoever opens it again.
    """

    def __init__(self) -> None:
        self._raw = _Sorted()
        for key, sealed in born():
            self._raw.set(key, sealed)
        # A read on the loop must not see half of what the writer's thread is putting in.
        self._whole = RLock()

    def read(self, fn: Callable[[Snapshot], T]) -> T:
        with self._whole:
            return fn(Opened(self._raw))

    @contextmanager
    def draft(self, now_ms: int) -> Iterator[Buffer]:
        yield Buffer(self._raw, now_ms)

    def commit(self, writes: Writes, batch_id: bytes) -> None:
        with self._whole:
            for key, sealed in writes:
                self._raw.set(key, sealed)

    def make_room(self) -> None:
        """There is always room."""

    def committed(self, batch_id: bytes) -> bool:
        with self._whole:
            return last_batch(self._raw).id == batch_id

    def copy(self, folder: Path, wanted: Callable[[], bool]) -> None:
        """Raises NoCopies."""
        raise NoCopies

    def examine(self, check: str, wanted: Callable[[], bool]) -> list[str]:
        return self.read(named(check))

    def close(self) -> None:
        """Nothing to let go of."""


class _Sorted:
    def __init__(self) -> None:
        self._values: dict[bytes, bytes] = {}
        self._keys: list[bytes] = []

    def get(self, key: bytes) -> bytes | None:
        return self._values.get(key)

    def those(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        return {key: self._values[key] for key in keys if key in self._values}

    def range(self, start: bytes, end: bytes, limit: int, reverse: bool) -> list[tuple[bytes, bytes]]:
        first, after = bisect_left(self._keys, start), bisect_left(self._keys, end)
        count = max(0, min(limit, after - first))
        keys = self._keys[after - count : after][::-1] if reverse else self._keys[first : first + count]
        return [(key, self._values[key]) for key in keys]

    def set(self, key: bytes, sealed: bytes | None) -> None:
        known = key in self._values
        if sealed is not None:
            self._values[key] = sealed
            if not known:
                insort(self._keys, key)
        elif known:
            del self._values[key]
            del self._keys[bisect_left(self._keys, key)]
