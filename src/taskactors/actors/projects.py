"""The projects: opens each on first use, keeps them apart, and closes one that fails without disturbing the others."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import structlog
import trio
from attrs import Factory, define

from ..domain.caller import LOCAL_PERSON
from ..runtime import ActorCrashed, ActorGone, AskTimedOut, MailboxFull, Place, StartFailed, TooManyRestarts
from .calls import Call, Connection
from .faults import internal
from .listeners import Listener, Listeners, Unlisten
from .patience import waited_for_s
from .project import Project, ProjectSetting
from .refusals import NoSuchProject, Overloaded, ProjectUnavailable, Stopping, TimedOut

CALL_WITHIN_S = 30.0
"""How long a caller waits for an answer: less than the shortest time after which common clients give up a call."""

PROJECTS_LIMIT = 64
"""Projects that may be made by merely naming them."""

BACK_OFF_S = (1.0, 60.0)
"""A project that failed is tried again after a second, then after twice as long each time, up to a minute."""

SETTLED_AFTER_S = 60.0
"""A project that has run this long before it failed starts its back-off anew."""

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")

log = structlog.get_logger(__name__)


@define(eq=False)
class _Seat:
    """Where one project is: opening, open, or failed and waiting for its next try."""

    name: str
    project: Project | None = None
    opened: trio.Event = Factory(trio.Event)
    failure: str | None = None
    failures: int = 0
    retry_at: float = 0.0


@define(eq=False)
class Projects:
    """All projects of one server, as one actor that takes no letters. Doors call it directly; it is the server's front."""

    setting_of: Callable[[str], ProjectSetting]
    known: Callable[[], frozenset[str]]
    _seats: dict[str, _Seat] = Factory(dict)
    _connections: dict[str, Connection] = Factory(dict)
    _listeners: dict[str, Listeners] = Factory(dict)
    _nursery: trio.Nursery | None = None
    _stopping: bool = False

    async def run(self, place: Place) -> None:
        """Open the default project, or fail to start with its cause; then serve until stopped, and stop every project."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            await self._open_default()
            place.ready()
            await place.until_stopped()
            self._stopping = True
            async with trio.open_nursery() as stopping:
                for project in self.running().values():
                    stopping.start_soon(project.supervisor.stop)
            nursery.cancel_scope.cancel()

    async def _open_default(self) -> None:
        seat = self._seat("default")
        await seat.opened.wait()
        if seat.project is None:
            raise RuntimeError(f"project default could not be opened: {seat.failure}")

    async def call(self, connection: Connection, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer one call. Raises Refusal or UnknownTool, never anything of the runtime's."""
        project = await self._project(connection.project)
        within_s = CALL_WITHIN_S + waited_for_s(arguments)
        try:
            return await project.call(Call(connection=connection, tool=tool, arguments=arguments), within_s)
        except MailboxFull as full:
            raise Overloaded(desk=full.actor, retry_after_ms=full.retry_after_ms) from full
        except AskTimedOut as late:
            raise TimedOut(tool=tool, within_s=within_s) from late
        except ActorCrashed as crash:
            raise internal(crash, "a desk crashed while it served a call", tool=tool) from crash
        except ActorGone as gone:
            raise self._gone(connection.project) from gone

    def wind_down(self) -> None:
        """The end is near: whoever waits for something to come is answered now."""
        for project in self.running().values():
            project.waiting.wind_down()

    def notices(self, connection: Connection) -> Mapping[str, Any]:
        """What is pending for the caller; whoever declared no agent is the local person."""
        project = self._running(connection.project)
        return project.notices.of(connection.agent or LOCAL_PERSON) if project is not None else {}

    def listen(self, project: str, listener: Listener) -> Unlisten:
        """Let somebody hear what changes in a project, over all its lives."""
        return self._listeners.setdefault(project, Listeners()).add(listener)

    def opened(self, connection: Connection) -> None:
        """A connection was made; its agent is alive, and stays so to every life of the project while it is open."""
        self._connections[connection.id] = connection
        if connection.agent is not None and (project := self._running(connection.project)) is not None:
            project.presence.opened(connection.agent, project.clock.now())

    def closed(self, connection: Connection) -> None:
        """The connection has ended."""
        known = self._connections.pop(connection.id, None)
        if known is not None and known.agent is not None and (project := self._running(known.project)) is not None:
            project.presence.closed(known.agent)

    def _running(self, name: str) -> Project | None:
        seat = self._seats.get(name)
        return seat.project if seat else None

    def running(self) -> Mapping[str, Project]:
        """The projects that are open now."""
        return {name: seat.project for name, seat in self._seats.items() if seat.project is not None}

    async def _project(self, name: str) -> Project:
        if self._stopping:
            raise Stopping()
        self._require_allowed(name)
        seat = self._seat(name)
        await seat.opened.wait()
        if seat.project is not None:
            return seat.project
        left_s = max(0.0, seat.retry_at - trio.current_time())
        raise ProjectUnavailable(project=name, why=seat.failure or "it is closed", retry_after_ms=int(left_s * 1000) + 1)

    def _require_allowed(self, name: str) -> None:
        if SLUG.fullmatch(name) is None:
            raise NoSuchProject(project=name, why="that is no name for a project")
        if name not in self._seats and name not in self.known() and len(self._seats.keys() | self.known()) >= PROJECTS_LIMIT:
            raise NoSuchProject(project=name, why=f"there are {PROJECTS_LIMIT} projects already")

    def _seat(self, name: str) -> _Seat:
        seat = self._seats.get(name)
        if seat is None:
            assert self._nursery is not None
            seat = self._seats[name] = _Seat(name)
            self._nursery.start_soon(self._keep, seat)
        return seat

    async def _keep(self, seat: _Seat) -> None:
        """Life after life of one project, with a pause after each that failed. Whatever ends one stays here."""
        while not self._stopping:
            began = trio.current_time()
            await self._live(seat)
            if seat.failure is None:
                return
            seat.failures = 1 if trio.current_time() - began > SETTLED_AFTER_S else seat.failures + 1
            pause_s = min(BACK_OFF_S[0] * 2 ** (seat.failures - 1), BACK_OFF_S[1])
            seat.retry_at = trio.current_time() + pause_s
            seat.opened.set()
            await trio.sleep(pause_s)

    async def _live(self, seat: _Seat) -> None:
        project: Project | None = None
        seat.failure = None
        try:
            project = Project(self.setting_of(seat.name))
            project.updates.listeners = self._listeners.setdefault(seat.name, Listeners())
            async with trio.open_nursery() as nursery:
                await nursery.start(project.supervisor.run)
                for connection in self._connections.values():
                    if connection.project == seat.name and connection.agent is not None:
                        project.presence.opened(connection.agent, project.clock.now())
                seat.project = project
                seat.opened.set()
        except* Exception as failed:  # a project's end, whatever it is, must not reach its neighbours
            seat.failure = self._cause(seat.name, failed)
        finally:
            seat.project = None
            if project is not None:
                project.abandon()

    def _cause(self, name: str, failed: BaseExceptionGroup[Exception]) -> str:
        cause: BaseException = failed
        while isinstance(cause, BaseExceptionGroup) or (isinstance(cause, StartFailed | TooManyRestarts) and cause.__cause__):
            cause = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else cause.__cause__ or cause
        log.error("a project had to be closed", project=name, cause=str(cause), exc_info=cause)
        return str(cause) or type(cause).__name__

    def _gone(self, name: str) -> Exception:
        if self._stopping:
            return Stopping()
        seat = self._seats.get(name)
        return ProjectUnavailable(project=name, why=(seat and seat.failure) or "it is being restarted", retry_after_ms=1000)
