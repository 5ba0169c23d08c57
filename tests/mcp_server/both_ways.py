"""Both ways: one conversation held twice, the SDK's way and ours, each before a board of its own that begins alike."""

import json
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any
from unittest.mock import patch

import structlog.testing
import trio
from attrs import define, evolve, field, frozen
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.actors import router
from taskactors.actors.calls import Connection, TellingFront
from taskactors.actors.profiles import PROFILES
from taskactors.actors.wires import Taken, WireClosed
from taskactors.board import layout
from taskactors.board.chain import body_of
from taskactors.board.stored import EVENT
from taskactors.mcp_server.asking import Context
from taskactors.mcp_server.offered import Offer
from taskactors.mcp_server.server import McpSurface
from taskactors.storage.engine import Snapshot
from tests.actors.team import team
from tests.conformance import asking_back, plain_tools, shown
from tests.conformance.fixtures import Answered, Fixtures, Params
from tests.simulation.chance import drawn_from
from tests.simulation.overlooked import arguments_of

BROKEN = "error: a request failed"
"""What we log where the SDK writes lines of its own."""

FIRST_DAY_S = 1_750_000_000.0
STEP_S = 1.0


@frozen
class Passing:
    """So much time passes."""

    seconds: float


@frozen
class Changed:
    """Something of these names has changed, as far as watchers are told."""

    names: tuple[str, ...]


@frozen
class Draining:
    """The server takes no more of this client and finishes what it has taken."""


@frozen
class Leaving:
    """The client is gone."""


Frames = Sequence[object]
"""What is sent at once, without waiting for answers: texts and bytes as they are, anything else as JSON."""

Step = Frames | Passing | Changed | Draining | Leaving
Way = Callable[[McpSurface, Any, Connection], Awaitable[None]]


@define(eq=False)
class ScriptedWire:
    """A wire without sockets: takes all that is sent, and notes it."""

    said: list[str] = field(factory=list)
    _gone: bool = False
    _incoming: tuple[Any, Any] = field(factory=lambda: trio.open_memory_channel[Any](1000))

    def bring(self, frame: object) -> None:
        self._incoming[0].send_nowait(frame)

    def bring_json(self, frame: object) -> None:
        """Bring a frame: texts and bytes as they are, anything else as JSON."""
        self.bring(frame if isinstance(frame, str | bytes) else json.dumps(frame))

    def take(self) -> list[Any]:
        """What was said since the last time."""
        said, self.said[:] = [json.loads(frame) for frame in self.said], []
        return said

    async def receive(self, taken: Taken | None = None) -> str | bytes | None:
        while True:
            frame: str | bytes | Leaving | Draining = await self._incoming[1].receive()
            if isinstance(frame, Leaving):
                self._gone = True
                raise WireClosed
            if isinstance(frame, Draining):
                return None
            if taken is None or not taken(frame):
                return frame

    async def send(self, frame: str | bytes) -> None:
        if self._gone:
            raise WireClosed
        self.say(frame)

    def post(self, frame: bytes) -> None:
        if not self._gone:
            self.say(frame)

    def say(self, frame: str | bytes) -> None:
        self.said.append(frame if isinstance(frame, str) else frame.decode())


@define
class Told:
    """What one way came to: what was said after each step, what the server logged, what the board held in the end, whether it ended."""

    said: list[list[Any]]
    logged: list[str]
    kept: dict[bytes, Any]
    ended: bool


def ours(surface: McpSurface, wire: Any, connection: Connection) -> Awaitable[None]:
    return surface.serve(wire, connection)


def told(way: Way, script: Sequence[Step], agent: str | None = "ada", profile: str = "full") -> Told:
    """Hold the conversation one way."""
    # The checks of arguments are the same for every board, and making them takes longer than a conversation.
    kept = patch.object(router, "Arguments", arguments_of)
    with structlog.testing.capture_logs() as logged, drawn_from(1, lambda: FIRST_DAY_S), kept:
        connection = Connection(id="c", project="default", agent=agent, profile=profile)
        said, held, ended = trio.run(_held, way, script, connection, clock=MockClock())
    lines = [f"{each['log_level']}: {each['event']}" for each in logged]
    return Told(said, [line for line in lines if line != BROKEN], held, ended)


async def _held(way: Way, script: Sequence[Step], connection: Connection) -> tuple[list[list[Any]], dict[bytes, Any], bool]:
    surface, wire = _surface(), ScriptedWire()
    said, over = [], trio.Event()

    async def serve() -> None:
        await way(surface, wire, connection)
        over.set()

    async with trio.open_nursery() as nursery, team(nursery) as board:
        _relay().to = board.projects
        await wait_all_tasks_blocked()
        async with trio.open_nursery() as serving:
            serving.start_soon(serve)
            for step in script:
                await _take(step, wire, board.projects._listeners.get(connection.project))
                said.append(_in_order([_foreseen(each) for each in wire.take()]))
            ended = over.is_set()
            serving.cancel_scope.cancel()
        await wait_all_tasks_blocked()
        held = board.engine.inner.read(_held_by)
    return said, held, ended


def _held_by(snapshot: Snapshot) -> dict[bytes, Any]:
    """What a board holds, but for what it calls its commands: one that is given up as it is asked has been given a name, or not."""
    held: dict[bytes, Any] = dict(snapshot.range(*layout.EVERYTHING, limit=1_000_000))
    held.pop(layout.HEAD, None)
    for entry, stored in snapshot.range(*layout.ALL_EVENTS, limit=1_000_000):
        held[entry] = evolve(EVENT.decode(body_of(stored)), command="")
    return held


async def _take(step: Step, wire: ScriptedWire, listeners: Any) -> None:
    match step:
        case Passing(seconds):
            clock: Any = trio.lowlevel.current_clock()
            while seconds > 0:
                clock.jump(min(STEP_S, seconds))
                seconds -= STEP_S
                await wait_all_tasks_blocked()
        case Changed(names):
            if listeners is not None:
                listeners.hear(frozenset(names))
        case Draining() | Leaving():
            wire.bring(step)
        case frames:
            for frame in frames:
                wire.bring_json(frame)
    await wait_all_tasks_blocked()


def _foreseen(said: Any) -> Any:
    """The same, but for what handlers of others did not foresee: the one thing of which both ways speak in words of their own."""
    error = said.get("error", {})
    ours = error.get("code") == -32603 and error["message"].startswith("internal error, reference ")
    theirs = error.get("code") == 0 or error.get("message") == "Internal server error"
    return {**said, "error": "not foreseen"} if ours or theirs else said


def _in_order(said: list[Any]) -> list[Any]:
    """What came, with the answers to several requests by their ids: those may come in any order."""
    answers = {json.dumps(each["id"]) for each in said if "id" in each}
    return said if len(answers) <= 1 else sorted(said, key=lambda each: json.dumps(each.get("id")))


class Relay:
    """The front of whichever board is being used: a surface is made once, as making one takes longer than a conversation."""

    to: TellingFront

    def __getattr__(self, name: str) -> Any:
        return getattr(self.to, name)


@cache
def _relay() -> Relay:
    return Relay()


@cache
def _surface() -> McpSurface:
    front: Any = _relay()
    return McpSurface(front, PROFILES, _offer())


def _offer() -> Offer:
    """Tools of others: that tell, ask back, answer oddly, and break."""
    fixtures = Fixtures()
    plain_tools.add(fixtures, lambda name: None)
    asking_back.add(fixtures)
    shown.add(fixtures)

    @fixtures.tool("breaks")
    async def breaks(context: Context, params: Params) -> Answered:
        raise RuntimeError("the password is swordfish")

    return fixtures.offer()
