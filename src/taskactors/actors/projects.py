"""The projects: opens each on first use, keeps them apart, and stops those that nobody uses until they are wanted."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import trio
from attrs import Factory, define

from ..domain.errors import Refusal
from ..runtime import ActorCrashed, ActorGone, AskTimedOut, MailboxFull, Place
from .calls import Call, Connection, Hear, Json, Leave
from .clock import Clock
from .delivery import Way
from .faults import internal
from .listeners import Listener, Listeners, Unlisten
from .metrics import ANSWERED, NO_PROJECT, UNKNOWN, Metrics
from .pace import Pace
from .patience import waited_for_s
from .posts import Post, Posts
from .project import Project, ProjectSetting
from .refusals import NoSuchProject, Overloaded, ProjectUnavailable, Stopping, TimedOut
from .seat import Seat
from .tools import TOOLS
from .wellbeing import Condition

CALL_WITHIN_S = 30.0
"""How long a caller waits for an answer: less than the shortest time after which common clients give up a call."""

PROJECTS_LIMIT = 64
"""Projects that may be made by merely naming them."""

GONE = "no_answer"
"""How a call ended whose caller left before there was an answer, or that named no tool."""

FIRST = "default"
"""The project that is there from the first moment, and never rests."""

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,38}")


@define(eq=False)
class Projects:
    """All projects of one server, as one actor that takes no letters. Doors call it directly; it is the server's front."""

    setting_of: Callable[[str], ProjectSetting]
    known: Callable[[], frozenset[str]]
    _seats: dict[str, Seat] = Factory(dict)
    _connections: dict[str, Connection] = Factory(dict)
    _listeners: dict[str, Listeners] = Factory(dict)
    metrics: Metrics = Factory(Metrics)
    _pace: Pace = Factory(Pace)
    _posts: Posts = Factory(Posts)
    _nursery: trio.Nursery | None = None
    _clock: Clock | None = None
    _stopping: bool = False

    async def run(self, place: Place) -> None:
        """Open the first project, or fail to start with its cause; then serve until stopped, and stop every project."""
        self._clock = Clock()
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            await self._open_first()
            place.ready()
            async with trio.open_nursery() as looking:
                looking.start_soon(self._look_after_the_others)
                looking.start_soon(self._posts.end_in_time)
                await place.until_stopped()
                looking.cancel_scope.cancel()
            self._stopping = True
            for seat in self._seats.values():
                nursery.start_soon(seat.stop)

    async def _open_first(self) -> None:
        seat = self._seat(FIRST)
        seat.want()
        await seat.looked.wait()
        if seat.project is None:
            raise RuntimeError(f"project {FIRST} could not be opened: {seat.failure}")

    async def _look_after_the_others(self) -> None:
        """Let each project that was there before begin its rest, or open it to see what is due; one after the other."""
        for name in sorted(self.known()):
            await self._seat(name).looked.wait()

    async def call(self, connection: Connection, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer one call. Raises Refusal or UnknownTool, never anything of the runtime's."""
        seat, project = await self._let_in(connection, tool)
        within_s = CALL_WITHIN_S + waited_for_s(arguments)
        seat.call_began()
        began, outcome = trio.current_time(), GONE
        try:
            answer = await project.call(Call(connection=connection, tool=tool, arguments=arguments), within_s)
            outcome = ANSWERED
            return answer
        except Refusal as no:
            outcome = no.code
            raise
        except (MailboxFull, AskTimedOut, ActorCrashed, ActorGone) as fault:
            told: Refusal = self._told(fault, seat, tool)
            outcome = told.code
            raise told from fault
        finally:
            self._ended(seat, tool, outcome, trio.current_time() - began, within_s)

    def post(self, connection: Connection, tool: str, arguments: Mapping[str, Any], hear: Hear) -> Leave | None:
        """Like `call`, but heard of later, or before it returns. Raises Refusal; None when the project has to be opened first."""
        seat = self._seats.get(connection.project)
        if seat is None or (project := seat.project) is None or self._stopping:
            return None
        try:
            self._keep_pace(connection)
        except Refusal as no:
            self._refused(connection, tool, no)
            raise
        seat.want()
        seat.call_began()
        within_s = CALL_WITHIN_S + waited_for_s(arguments)
        call = Call(connection=connection, tool=tool, arguments=arguments)
        post = self._posts.begin(call, within_s, partial(self._posted, seat, hear))
        try:
            project.post(post.letter)
        except (MailboxFull, ActorGone) as fault:
            post.end(None, fault)
        return post.leave

    def _posted(self, seat: Seat, hear: Hear, post: Post, value: Json | None, error: BaseException | None) -> None:
        tool = post.call.tool
        told = self._told(error, seat, tool) if error is not None else None
        outcome = told.code if isinstance(told, Refusal) else GONE if value is None else ANSWERED
        self._ended(seat, tool, outcome, trio.current_time() - post.began, post.within_s)
        if value is not None or error is not None:
            hear(value, told)

    async def _let_in(self, connection: Connection, tool: str) -> tuple[Seat, Project]:
        try:
            self._keep_pace(connection)
            seat = self._wanted(connection.project)
            return seat, seat.project or await seat.opened()
        except Refusal as no:
            self._refused(connection, tool, no)
            raise

    def _keep_pace(self, connection: Connection) -> None:
        if not connection.operator:
            self._pace.take(connection.name)

    def _refused(self, connection: Connection, tool: str, no: Refusal) -> None:
        project = connection.project if self._has(connection.project) else NO_PROJECT
        self.metrics.refused(project, _counted_as(tool), no.code)

    def _ended(self, seat: Seat, tool: str, outcome: str, took_s: float, within_s: float) -> None:
        seat.call_ended()
        self.metrics.called(seat.name, _counted_as(tool), outcome, took_s, within_s > CALL_WITHIN_S)

    def wind_down(self) -> None:
        """The end is near: whoever waits for something to come is answered now."""
        for project in self.running().values():
            project.waiting.wind_down()

    def notices(self, connection: Connection) -> Mapping[str, Any]:
        """What is pending for the caller."""
        project = self._running(connection.project)
        return project.notices.of(connection.name) if project is not None else {}

    def listen(self, project: str, listener: Listener) -> Unlisten:
        """Let somebody hear what changes in a project, over all its lives."""
        return self._listeners.setdefault(project, Listeners()).add(listener)

    def pushed(self, project: str, lag_s: float) -> None:
        """Somebody who listens has been told of a change, so long after its commit."""
        if (running := self._running(project)) is not None:
            running.delivery.took(Way.PUSH, lag_s)

    def opened(self, connection: Connection) -> None:
        """A connection was made; its agent is alive, and stays so to every life of the project while it is open."""
        self._connections[connection.id] = connection
        if (seat := self._seats.get(connection.project)) is not None:
            # Whoever connects is about to call, and a project is not stopped under those who are connected.
            seat.want()
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

    def connected(self, name: str) -> int:
        """How many connections a project has."""
        return sum(1 for _ in self._connected_to(name))

    def wanted_up(self) -> Mapping[str, bool]:
        """Whether each project that is not merely resting is open."""
        return {name: seat.project is not None for name, seat in self._seats.items() if seat.project is not None or seat.last_failure}

    def conditions(self) -> Mapping[str, Condition]:
        """How each project is. To ask is no use of them: one that rests goes on resting."""
        return {name: seat.condition() for name, seat in self._seats.items()}

    def _wanted(self, name: str) -> Seat:
        if self._stopping:
            raise Stopping()
        if SLUG.fullmatch(name) is None:
            raise NoSuchProject(project=name, why="that is no name for a project")
        if not self._has(name) and len(self._seats.keys() | self.known()) >= PROJECTS_LIMIT:
            raise NoSuchProject(project=name, why=f"there are {PROJECTS_LIMIT} projects already")
        seat = self._seat(name)
        seat.want()
        return seat

    def _has(self, name: str) -> bool:
        return name in self._seats or name in self.known()

    def _seat(self, name: str) -> Seat:
        seat = self._seats.get(name)
        if seat is None:
            assert self._nursery is not None
            assert self._clock is not None
            seat = self._seats[name] = Seat(
                name=name,
                setting_of=self.setting_of,
                listeners=self._listeners.setdefault(name, Listeners()),
                connections=partial(self._connected_to, name),
                clock=self._clock.twin(),
                rests=name != FIRST,
            )
            self._nursery.start_soon(seat.keep)
        return seat

    def _connected_to(self, name: str) -> Iterator[Connection]:
        return (connection for connection in self._connections.values() if connection.project == name)

    def _told(self, error: Any, seat: Seat, tool: str) -> Any:
        """What a caller is told instead of the runtime's own errors."""
        match error:
            case MailboxFull():
                return Overloaded(desk=error.actor, retry_after_ms=error.retry_after_ms)
            case AskTimedOut():
                return TimedOut(tool=tool, within_s=error.within_s)
            case ActorCrashed():
                return internal(error, "a desk crashed while it served a call", tool=tool)
            case ActorGone() if self._stopping:
                return Stopping()
            case ActorGone():
                return ProjectUnavailable(project=seat.name, why=seat.failure or "it is being restarted", retry_after_ms=1000)
            case _:
                return error


def _counted_as(tool: str) -> str:
    return tool if tool in TOOLS else UNKNOWN
