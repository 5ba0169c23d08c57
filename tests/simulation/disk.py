"""The disk: the stored bytes of a project over all its lives, how they were after every commit, and what goes wrong with writing them."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import trio
from attrs import Factory, define, field, frozen

from taskactors.board.chain import read_head
from taskactors.domain.events import Event
from taskactors.storage.engine import Done, Draft, Engine, Failed, Snapshot, Unit, Writes
from taskactors.storage.errors import EngineFault, NeedsRoom, StoreFull
from taskactors.storage.in_memory import InMemoryEngine

T = TypeVar("T")


class Trouble(StrEnum):
    """What the next write meets instead of going well."""

    FAILS_AT_ONCE = "the engine fails before anything is done"
    FAILS_AT_COMMIT = "the engine fails at the commit, and nothing is kept"
    FAILS_AFTER_COMMIT = "the commit goes through and is not confirmed"
    IS_FULL = "there is no space left"
    NEEDS_ROOM = "the map has to grow"


@frozen
class Planned:
    """Trouble to come: with the next write, or with the next in which something happens."""

    trouble: Trouble
    waits_for_events: bool = False


class Broken(EngineFault):
    """A fault that the simulation made."""


@frozen
class Moment:
    """The whole keyspace after one commit, when that was, and the number of the last event."""

    at: float
    engine: InMemoryEngine
    seq: int


@define(eq=False)
class Disk:
    """What survives every end. One opening at a time may write to it."""

    troubles: deque[Planned] = Factory(deque)
    failing_openings: int = 0
    troubled_at: list[float] = Factory(list)
    moments: list[Moment] = Factory(list)
    opening: "Opening | None" = None
    on_commit: Callable[[Moment, int], None] = lambda moment, units: None
    _kept: InMemoryEngine = Factory(InMemoryEngine)

    def open(self) -> Engine:
        """What is stored. Raises Broken while openings are to fail."""
        if self.failing_openings:
            self.failing_openings -= 1
            self.troubled_at.append(trio.current_time())
            raise Broken("the file could not be opened")
        if self.opening is not None and self.opening.is_alive:
            raise AssertionError("the data was opened while it was open already")
        if not self.moments:
            self._remember(0)
        self.opening = Opening(self, self._kept)
        return self.opening

    def cut(self) -> None:
        """The process that has it open is killed: what it has committed stays, and nothing that it still does counts."""
        if self.opening is not None:
            self.opening.is_alive = False

    def calm(self) -> None:
        """From now on every write goes well."""
        self.troubles.clear()
        self.failing_openings = 0

    @property
    def now(self) -> InMemoryEngine:
        """What would be there if the process were killed in this moment."""
        return self._kept

    @property
    def seq(self) -> int:
        """How long the durable log is."""
        return self.moments[-1].seq if self.moments else 0

    def committed_at(self, seq: int) -> float:
        """When that event became durable."""
        return next(moment.at for moment in self.moments if moment.seq >= seq)

    def commit(self, writes: Writes, batch_id: bytes, units: int) -> None:
        self._kept.commit(writes, batch_id)
        self._remember(units)

    def _remember(self, units: int) -> None:
        moment = Moment(trio.current_time(), copied(self._kept), self._kept.read(read_head).seq)
        self.moments.append(moment)
        self.on_commit(moment, units)


@define(eq=False)
class Watched:
    """A draft, of which it is known how many units it has and whether anything happened in them."""

    draft: Draft
    units: int = 0
    has_events: bool = False

    def run(self, unit: Unit) -> Done[Any] | Failed:
        outcome = self.draft.run(unit)
        self.units += 1
        self.has_events |= isinstance(outcome, Done) and any(isinstance(each, Event) for each in outcome.told)
        return outcome

    def writes(self, batch_id: bytes) -> Writes:
        return self.draft.writes(batch_id)


@define(eq=False)
class Opening:
    """One life's engine."""

    disk: Disk
    stored: InMemoryEngine
    is_alive: bool = True
    is_broken: bool = False
    _drafted: Watched = field(init=False)

    def read(self, fn: Callable[[Snapshot], T]) -> T:
        return self.stored.read(fn)

    @contextmanager
    def draft(self, now_ms: int) -> Iterator[Draft]:
        self._require_usable()
        if self.disk.troubles and self.disk.troubles[0].trouble is Trouble.FAILS_AT_ONCE:
            self._break(self._next_trouble())
        with self.stored.draft(now_ms) as draft:
            self._drafted = Watched(draft)
            yield self._drafted

    def commit(self, writes: Writes, batch_id: bytes) -> None:
        self._require_usable()
        trouble = self._trouble()
        match trouble:
            case None:
                self.disk.commit(writes, batch_id, self._drafted.units)
                return
            case Trouble.NEEDS_ROOM:
                raise NeedsRoom("the simulated map is full")
            case Trouble.IS_FULL:
                raise StoreFull("the simulated disk is full")
            case Trouble.FAILS_AFTER_COMMIT:
                self.disk.commit(writes, batch_id, self._drafted.units)
        self._break(trouble)

    def _break(self, trouble: Trouble) -> NoReturn:
        self.is_broken = True
        raise Broken(trouble)

    def _trouble(self) -> Trouble | None:
        if not self.disk.troubles or (self.disk.troubles[0].waits_for_events and not self._drafted.has_events):
            return None
        return self._next_trouble()

    def _next_trouble(self) -> Trouble:
        self.disk.troubled_at.append(trio.current_time())
        return self.disk.troubles.popleft().trouble

    def make_room(self) -> None:
        self._require_usable()

    def committed(self, batch_id: bytes) -> bool:
        self._require_usable()
        return self.stored.committed(batch_id)

    def copy(self, folder: Path, wanted: Callable[[], bool]) -> None:
        self.stored.copy(folder, wanted)

    def examine(self, check: str, wanted: Callable[[], bool]) -> list[str]:
        return self.stored.examine(check, wanted)

    def close(self) -> None:
        self.is_alive = False

    def _require_usable(self) -> None:
        if not self.is_alive:
            raise Broken("written to after its end")
        if self.is_broken:
            raise Broken("written to after a fault, without being opened again")


def tried(stored: InMemoryEngine, unit: Unit, now_ms: int) -> Done[Any] | Failed:
    """What a unit would do to that, which stays as it is."""
    with stored.draft(now_ms) as draft:
        return draft.run(unit)


def copied(engine: InMemoryEngine) -> InMemoryEngine:
    """The same bytes, on their own."""
    twin = InMemoryEngine()
    twin._raw._values = dict(engine._raw._values)
    twin._raw._keys = list(engine._raw._keys)
    return twin
