"""A project of actors in one process: the real tree over an engine that a test may break, on the jumping clock."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import trio
from attrs import Factory, define, field
from trio.testing import wait_all_tasks_blocked

from taskactors.actors.admin import ADMIN
from taskactors.actors.backups import BackupSettings
from taskactors.actors.calls import Connection
from taskactors.actors.due_note import DueNote
from taskactors.actors.project import ProjectSetting
from taskactors.actors.projects import Projects
from taskactors.actors.threads import OffLoop
from taskactors.actors.tools import TOOLS
from taskactors.actors.workspace.facts import Surroundings
from taskactors.board.requests.admin import DropHistory
from taskactors.board.settings import BoardSettings
from taskactors.runtime import ActorRestarted, Child, Observed, RestartBudget, Supervisor
from taskactors.storage.engine import Draft, Snapshot, Writes
from taskactors.storage.in_memory import InMemoryEngine

T = TypeVar("T")

Trouble = Callable[[Callable[[], None]], object]
"""What happens instead of a commit: it may commit and then fail, fail before, or do as it should."""


@define(eq=False)
class FragileEngine:
    """An engine in memory that lives through being closed, and meets each planned trouble once, in order."""

    inner: InMemoryEngine = Factory(InMemoryEngine)
    troubles: list[Trouble] = Factory(list)
    opened: int = 0
    closed: int = 0

    def open(self) -> "FragileEngine":
        self.opened += 1
        return self

    def read(self, fn: Callable[[Snapshot], T]) -> T:
        return self.inner.read(fn)

    def draft(self, now_ms: int) -> AbstractContextManager[Draft]:
        return self.inner.draft(now_ms)

    def commit(self, writes: Writes, batch_id: bytes) -> None:
        def commit() -> None:
            self.inner.commit(writes, batch_id)

        self.troubles.pop(0)(commit) if self.troubles else commit()

    def make_room(self) -> None:
        self.inner.make_room()

    def committed(self, batch_id: bytes) -> bool:
        return self.inner.committed(batch_id)

    def copy(self, folder: Path, wanted: Callable[[], bool]) -> None:
        self.inner.copy(folder, wanted)

    def examine(self, check: str, wanted: Callable[[], bool]) -> list[str]:
        return self.inner.examine(check, wanted)

    def close(self) -> None:
        """What it holds stays, as on a disk."""
        self.closed += 1


@define(eq=False)
class Team:
    """The projects of one server, and what the supervisors saw."""

    projects: Projects
    engines: Mapping[str, FragileEngine]
    seen: list[Observed] = field(factory=list)

    async def call(self, agent: str | None, tool: str, /, project: str = "default", **arguments: Any) -> Mapping[str, Any]:
        """One call as an agent, or as the local person who runs the server."""
        connection = Connection(id=f"of-{agent}", project=project, agent=agent, operator=agent is None)
        return await self.projects.call(connection, tool, arguments)

    async def crash(self, actor: str, project: str = "default") -> None:
        """Have an actor meet what it cannot handle, and wait until it is back."""
        already = self._restarts(actor)
        children = self.projects.running()[project].supervisor.children
        place = next(inner for child in children for inner in (child, *child.inner) if inner.name == actor)
        place.address.tell("poison")
        await wait_all_tasks_blocked()
        assert self._restarts(actor) == already + 1

    def _restarts(self, actor: str) -> int:
        return sum(isinstance(event, ActorRestarted) and event.actor == actor for event in self.seen)

    @property
    def engine(self) -> FragileEngine:
        return self.engines["default"]


async def in_place(work: Callable[..., T], *arguments: Any) -> T:
    """A jumping clock does not see threads and would jump over them, so blocking work is done here and now."""
    await trio.lowlevel.checkpoint()
    return work(*arguments)


@asynccontextmanager
async def team(
    nursery: Any,
    lease_s: int = 60,
    surroundings: Surroundings | None = None,
    engines: dict[str, FragileEngine] | None = None,
    backups: BackupSettings | None = None,
    keep_history: DropHistory | None = None,
    notes: Path | None = None,
    threads: Callable[[], OffLoop] = lambda: in_place,
) -> AsyncIterator[Team]:
    """A running team in that nursery, stopped at the end; on engines that were there before it goes on where they ended."""
    engines = {} if engines is None else engines
    seen: list[Observed] = []

    def setting(name: str) -> ProjectSetting:
        engine = engines.setdefault(name, FragileEngine())
        return ProjectSetting(
            name=name,
            open_engine=engine.open,
            settings=BoardSettings(project=name, lease_s=lease_s),
            tools={**TOOLS, **ADMIN},
            surroundings=lambda: surroundings or Surroundings(project=name, ws_url=None, version="0", root=None, tools={}),
            observe=seen.append,
            off_loop=threads(),
            due_note=DueNote(notes / f"{name}.json") if notes else None,
            backups=backups,
            keep_history=keep_history,
        )

    projects = Projects(setting, lambda: frozenset(engines))
    child = Child("projects", projects.run, capacity=1, stop_within_s=10, start_within_s=10)
    root = Supervisor("root", [child], RestartBudget(3, 60), seen.append)
    await nursery.start(root.run)
    try:
        yield Team(projects, engines, seen)
    finally:
        await root.stop()
