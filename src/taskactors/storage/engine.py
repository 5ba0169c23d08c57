"""The contract: an engine is one ordered keyspace with snapshots and durable batches, and no more.

It is this small so that an engine on a shared database can follow behind it and hold the very same bytes.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from attrs import frozen

T = TypeVar("T")


class Snapshot(Protocol):
    """One moment of the keyspace."""

    def get(self, key: bytes) -> bytes | None: ...

    def range(self, start: bytes, end: bytes, limit: int, reverse: bool = False) -> list[tuple[bytes, bytes]]:
        """Up to `limit` entries with start <= key < end, in order of their keys, or in reverse. Raises Damaged."""
        ...


class Transaction(Snapshot, Protocol):
    """A snapshot that a unit of work may change. `now_ms` is the moment of the whole batch."""

    now_ms: int

    @property
    def told(self) -> tuple[object, ...]:
        """What this unit has told so far."""
        ...

    def put(self, key: bytes, value: bytes) -> None: ...

    def delete(self, key: bytes) -> None:
        """Remove a key; nothing happens when there is none."""
        ...

    def tell(self, what: object) -> None:
        """Say something to whoever watches: it reaches them once this unit is durable, and not at all if it raises."""
        ...


Unit = Callable[[Transaction], Any]


@frozen
class Done(Generic[T]):
    """A unit ran to its end; what it wrote is as durable as its batch. `told` is what it says to watchers."""

    value: T
    told: tuple[object, ...] = ()


@frozen
class Failed:
    """A unit raised; nothing that it wrote was kept."""

    error: Exception


Writes = Sequence[tuple[bytes, bytes | None]]
"""Sealed values by their keys, each key once, None for what is to go."""


class Draft(Protocol):
    """Units of work over one snapshot, each seeing what those before it wrote. Nothing of it is kept until it is committed."""

    def run(self, unit: Unit) -> Done[Any] | Failed:
        """Run one more unit; one that raises loses only its own writes. Raises EngineFault when what is below it fails."""
        ...

    def writes(self, batch_id: bytes) -> Writes:
        """What has to reach the disk, with `batch_id`; nothing when nothing was changed. Raises Damaged."""
        ...


class Engine(Protocol):
    """One project's bytes. A batch is first drafted, then committed: one at a time, by one caller."""

    def read(self, fn: Callable[[Snapshot], T]) -> T:
        """Run a short read on a snapshot that shows every committed batch. On the event loop's thread only."""
        ...

    def draft(self, now_ms: int) -> AbstractContextManager[Draft]:
        """A batch of units that happen at that moment. On the event loop's thread only, and not while another is drafted.

        The block raises EngineFault.
        """
        ...

    def commit(self, writes: Writes, batch_id: bytes) -> None:
        """Write what was drafted, in one durable transaction: when this returns, everything is on the disk.

        Raises NeedsRoom, StoreFull or EngineFault. On any one thread at a time, which need not be the loop's.
        """
        ...

    def make_room(self) -> None:
        """After NeedsRoom, on the loop, between reads and writes."""
        ...

    def committed(self, batch_id: bytes) -> bool:
        """Whether that was the last batch to be committed: it went through whole, or not at all."""
        ...

    def copy(self, folder: Path, wanted: Callable[[], bool]) -> None:
        """Write one moment of everything into a folder that is not there yet, as data of its own, durably. On a thread of its
        own, beside reads and writes; the folder is gone again when it raises.

        Raises EngineFault, StoreFull, NoCopies when this engine's data is not kept in files, and Abandoned when `wanted`
        says no meanwhile.
        """
        ...

    def examine(self, check: str, wanted: Callable[[], bool]) -> list[str]:
        """What a check, named as `module:function` of a Snapshot, finds in one moment of everything. As `copy`, beside all else.

        Raises EngineFault, and Abandoned when `wanted` says no meanwhile.
        """
        ...

    def close(self) -> None: ...
