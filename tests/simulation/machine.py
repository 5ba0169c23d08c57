"""The machine: the process that serves, as often as it is started, killed or stopped, always on the same disk."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import trio
from attrs import Factory, define, field
from trio.testing import MockClock

from taskactors.actors.admin import ADMIN
from taskactors.actors.project import ProjectSetting
from taskactors.actors.projects import Projects
from taskactors.actors.tools import TOOLS
from taskactors.actors.workspace.facts import Surroundings
from taskactors.board.settings import BoardSettings
from taskactors.runtime import ActorCrashedEvent, ActorStarted, Child, Observed, RestartBudget, StartFailed, Supervisor, TooManyRestarts
from taskactors.storage.in_memory import InMemoryEngine
from tests.simulation.chance import Chance
from tests.simulation.disk import Disk, Moment
from tests.simulation.faults import Faults, is_planned
from tests.simulation.history import History

T = TypeVar("T")

FIRST_DAY_S = 1_750_000_000.0
LEASE_S = 30
STALL_AFTER_S = 60

DISK_S = 0.003
SLOW_DISK_S = 0.7
SLOW_SHARE = 0.06
"""Mostly a commit takes milliseconds; now and then the disk has other things to do."""

STOPS_WITHIN_S = 30.0
"""A stop drains every place in turn, each with seconds of its own; beyond this it hangs."""

STARTS_WITHIN_S = 150.0
"""A server that is not up by then ends, for whoever runs it to look."""

DOWN_S = {2.0: 6, 20.0: 3, 120.0: 1}
"""How long it takes at most until it is started again, by how often that is so."""

SHIFTS_S = {0.0: 6, -600.0: 1, 30.0: 1, 3600.0: 1}
"""What may have happened to the wall clock meanwhile."""

GRACE = "grace"

KILLED, STOPPED = "killed", "stopped"


@define(eq=False)
class Machine:
    """Starts itself again whenever its life ends. `jumped` is how much time has passed in jumps, for nobody to wait in."""

    disk: Disk
    faults: Faults
    chance: Chance
    history: History
    project: str
    life: int = 0
    jumped: float = 0.0
    ended_at: list[float] = Factory(list)
    jumped_at: list[float] = Factory(list)
    awake_since: float = 0.0
    """When the last jump ended."""

    graces: list[tuple[float, int]] = Factory(list)
    """When the project had given every lease its grace, and how long the log was."""

    projects: Projects | None = None
    up: trio.Event = field(factory=trio.Event)
    lines: dict[trio.CancelScope, None] = field(factory=dict)
    other: InMemoryEngine = Factory(InMemoryEngine)
    _shift_s: float = 0.0
    _end: str | None = None
    _ends: trio.Event = field(factory=trio.Event)

    async def run(self) -> None:
        """Life after life, until cancelled."""
        self.disk.on_commit = self._committed
        while True:
            self.life += 1
            self._end, self._ends = None, trio.Event()
            self.history.say(f"life {self.life} begins")
            await self._live()
            self._hang_up()
            self.ended_at.append(trio.current_time())
            self.history.say(f"life {self.life} is over: {self.how_it_ended}")
            await self.chance.pause(0.0, self.chance.weighted(DOWN_S))
            self._shift_s += self.chance.weighted(SHIFTS_S)

    def end(self, how: str) -> None:
        """Kill it, or stop it in good order; nothing when it is down or ending already."""
        if self._end is None and not self._ends.is_set():
            self._end = how
            self.ended_at.append(trio.current_time())
            self.history.say(f"the server is {how}")
            if how == KILLED:
                self.disk.cut()
                self._hang_up()
            self._ends.set()

    def jump(self, seconds: float) -> None:
        """Everything sleeps for so long, and finds the time gone."""
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, MockClock)
        self.jumped += seconds
        self.jumped_at.append(trio.current_time())
        clock.jump(seconds)
        self.awake_since = trio.current_time()

    @property
    def how_it_ended(self) -> str:
        """Whether this life is being killed or stopped, or failed."""
        return self._end or "it failed"

    @property
    def upset_at(self) -> list[float]:
        """Every moment at which something went wrong, or time was lost."""
        return [*self.disk.troubled_at, *self.faults.struck_at, *self.ended_at, *self.jumped_at]

    def wall(self) -> float:
        """The time of day."""
        return FIRST_DAY_S + trio.current_time() + self._shift_s

    async def _live(self) -> None:
        projects = Projects(self._setting, lambda: frozenset({self.project}))
        child = Child("projects", projects.run, capacity=1, stop_within_s=STOPS_WITHIN_S, start_within_s=STARTS_WITHIN_S)
        root = Supervisor("root", [child], RestartBudget(3, 60), self._saw)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._serve, root, projects)
            await self._ends.wait()
            if self._end == STOPPED:
                await self._stop(root, projects)
            nursery.cancel_scope.cancel()

    async def _serve(self, root: Supervisor, projects: Projects) -> None:
        try:
            await root.run(_Started(partial(self._open, projects)))
        except (StartFailed, TooManyRestarts) as failed:
            # Whoever keeps the process running starts it again.
            if not is_planned(failed):
                self.history.found(f"the server ended by itself: {failed!r}")
        finally:
            self._ends.set()

    def _open(self, projects: Projects) -> None:
        if self._end is None:
            self.projects = projects
            self.up.set()

    async def _stop(self, root: Supervisor, projects: Projects) -> None:
        """As the doors do it: nobody comes in any more, whoever waits is answered, then everything ends in its turn."""
        began, jumped = trio.current_time(), self.jumped
        self.projects, self.up = None, trio.Event()
        projects.wind_down()
        await self.chance.pause(0.0, 0.5)
        await root.stop()
        took = trio.current_time() - began - (self.jumped - jumped)
        if took > STOPS_WITHIN_S:
            self.history.found(f"a stop took {took:.0f} s")

    def _hang_up(self) -> None:
        """Whoever was connected is not any more."""
        self.projects = None
        if self.up.is_set():
            self.up = trio.Event()
        for line in self.lines:
            line.cancel()

    def _setting(self, name: str) -> ProjectSetting:
        mine = name == self.project
        return ProjectSetting(
            name=name,
            open_engine=self.disk.open if mine else lambda: self.other,
            settings=BoardSettings(project=name, lease_s=LEASE_S, stall_after_s=STALL_AFTER_S),
            tools=self.faults.within({**TOOLS, **ADMIN}),
            surroundings=lambda: Surroundings(project=name, ws_url=None, version="0", root=None, tools={}),
            observe=self._saw,
            off_loop=self._off_loop,
        )

    async def _off_loop(self, work: Callable[..., T], *arguments: Any) -> T:
        """As a thread: others go on meanwhile, and once begun it comes to its end."""
        await trio.lowlevel.checkpoint_if_cancelled()
        slowly = SLOW_DISK_S if self.chance.happens(SLOW_SHARE) else DISK_S
        first = self.chance.happens(0.5)
        with trio.CancelScope(shield=True):
            if first:
                await self.chance.pause(0.0, slowly)
            try:
                done = work(*arguments)
            finally:
                if not first:
                    await self.chance.pause(0.0, slowly)
        return done

    def _committed(self, moment: Moment, units: int) -> None:
        self.history.say(f"      · {units} committed, {moment.seq} events")

    def _saw(self, seen: Observed) -> None:
        if isinstance(seen, ActorStarted) and seen.actor == GRACE:
            self.graces.append((trio.current_time(), self.disk.seq))
        if isinstance(seen, ActorCrashedEvent):
            self.history.say(f"      ! {seen.actor} crashed: {seen.error!r}")
            if not is_planned(seen.error):
                self.history.found(f"{seen.actor} crashed by itself: {seen.error!r}")


@define(eq=False)
class _Started:
    """Hears that the tree is up."""

    then: Callable[[], None]

    def started(self, value: None = None) -> None:
        self.then()
