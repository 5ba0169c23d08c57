"""Standing: what there is in a project now, for whoever watches the server: tasks by state, and since when the ready ones wait."""

import heapq
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import trio
from attrs import Factory, define, frozen

from ..board import layout
from ..board.settings import BoardSettings
from ..board.view import View
from ..domain.caller import SERVER, Caller, Kind
from ..domain.errors import Refusal
from ..domain.matching import is_ready, ready_since
from ..domain.task import Instant, Task
from ..runtime import ActorCrashed, ActorGone, Address, AskTimedOut, MailboxFull
from ..storage.engine import Snapshot
from ..storage.keys import split
from .clock import MS, Clock
from .feed import Feed
from .orders import Read

WITHIN_S = 2.0
"""Whoever watches waits for its figures, and a store that hangs must not keep it from all others."""

TASKS_AT_ONCE = 50
"""Ready tasks looked up in one read: about a millisecond of the loop."""

SESSIONS_COUNTED = 1_000
"""More work sessions than a hundred agents have open at once; beyond it the figure says no more than that."""

STALE_KEPT = 1_000
"""How many more moments than ready tasks are kept before those that mean nothing any more are thrown away."""


@frozen(kw_only=True)
class Figures:
    """What there is in one moment. `oldest_ready_s` is how long the task waits that waits longest, 0 without any."""

    tasks: Mapping[str, int]
    sessions: int
    ready: int
    oldest_ready_s: float


@define(eq=False)
class Standing:
    """What stands in one project. It belongs to the project, so it survives the crash of any desk.

    Since when a task is ready is read from the store once, a little at a time when somebody asks, and then told by commits:
    a project that nobody watches pays nothing, and however much is in one, to ask again costs the same.
    """

    store: Address
    feed: Feed
    clock: Clock
    settings: BoardSettings
    _ready_since: dict[int, Instant] = Factory(dict)
    _oldest_first: list[tuple[Instant, int]] = Factory(list)
    """A heap; what is not in `_ready_since` with that moment means nothing any more."""
    _read_upto: bytes = layout.READY[0]
    _all_read: bool = False
    _watched: bool = False
    _turn: trio.Lock = Factory(trio.Lock)

    def __attrs_post_init__(self) -> None:
        self.feed.listen(self._heard)

    async def look(self) -> Figures | None:
        """What there is now; None when that cannot be said just now: the store is busy, or not all that is ready was read yet."""
        self._watched = True
        try:
            with trio.move_on_after(WITHIN_S):
                async with self._turn:
                    while not self._all_read:
                        self._take_up(await self.store.ask(Read(partial(self._ready_after, self._read_upto)), WITHIN_S))
                tasks, sessions = await self.store.ask(Read(self._counted), WITHIN_S)
                return Figures(tasks=tasks, sessions=sessions, ready=len(self._ready_since), oldest_ready_s=self._oldest_ready_s())
        except (MailboxFull, AskTimedOut, ActorCrashed, ActorGone, Refusal):
            pass  # whoever watches asks again soon, and sees by other figures what is wrong
        return None

    def _oldest_ready_s(self) -> float:
        heap = self._oldest_first
        while heap and self._ready_since.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return max(0, self.clock.now() - heap[0][0]) / MS if heap else 0.0

    # reading

    def _view(self, snapshot: Snapshot) -> View:
        return View(snapshot, self.clock.now(), Caller(name=SERVER, kind=Kind.SERVER), self.settings)

    def _counted(self, snapshot: Snapshot) -> tuple[Mapping[str, int], int]:
        return self._view(snapshot).state_counts(), len(snapshot.range(*layout.OPEN_SESSIONS, limit=SESSIONS_COUNTED))

    def _ready_after(self, entry: bytes, snapshot: Snapshot) -> tuple[list[Task], bytes | None]:
        """Some ready tasks, and after which entry there are more."""
        view = self._view(snapshot)
        found = snapshot.range(entry + b"\0", layout.READY[1], limit=TASKS_AT_ONCE)
        tasks = [view.task(int(split(each)[-1])) for each, _ in found]
        return tasks, found[-1][0] if len(found) == TASKS_AT_ONCE else None

    def _take_up(self, found: tuple[list[Task], bytes | None]) -> None:
        tasks, upto = found
        for task in tasks:
            self._note(task)
        if upto is None:
            self._all_read = True
        else:
            self._read_upto = upto

    # hearing

    def _heard(self, told: Sequence[Any]) -> None:
        # A task that was read and then told of, or told of and then read, is noted as it is in the end: commits are told in their order.
        if self._watched:
            for each in told:
                if isinstance(each, Task):
                    self._note(each)

    def _note(self, task: Task) -> None:
        if not is_ready(task):
            self._ready_since.pop(task.id, None)
            return
        since = ready_since(task)
        if self._ready_since.get(task.id) != since:
            self._ready_since[task.id] = since
            heapq.heappush(self._oldest_first, (since, task.id))
        if len(self._oldest_first) > 2 * len(self._ready_since) + STALE_KEPT:
            self._oldest_first = [(since, task_id) for task_id, since in self._ready_since.items()]
            heapq.heapify(self._oldest_first)
