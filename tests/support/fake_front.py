"""A front that does what a test tells it, and the MCP server on a real WebSocket before it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import outcome
import pytest
import trio
from attrs import Factory, define
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

from taskactors.actors.calls import Connection, Hear, Leave
from taskactors.actors.listeners import Listener, Listeners, Unlisten
from taskactors.actors.profiles import PROFILES
from taskactors.actors.wellbeing import Condition
from taskactors.mcp_server.server import McpSurface
from taskactors.transports.admission import Admission
from taskactors.transports.websocket import WebSocketDoor

ADMISSION = Admission()
ENVELOPE = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}
ANSWER_WITHIN_S = 10.0

Answering = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


@define(eq=False)
class FakeFront:
    """Answers every call with its own arguments, unless `answers` has something else for the tool."""

    answers: dict[str, Answering] = Factory(dict)
    pending: dict[str, Any] = Factory(dict)
    listeners: Listeners = Factory(Listeners)
    called: list[tuple[Connection, str, Mapping[str, Any]]] = Factory(list)
    opening: list[Connection] = Factory(list)
    closing: list[Connection] = Factory(list)
    lags: list[float] = Factory(list)
    conditions: dict[str, Condition] = Factory(dict)
    changed: trio.Event = Factory(trio.Event)

    async def call(self, connection: Connection, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self.called.append((connection, tool, arguments))
        self._tell()
        answering = self.answers.get(tool)
        return dict(arguments) if answering is None else await answering(arguments)

    def post(self, connection: Connection, tool: str, arguments: Mapping[str, Any], hear: Hear) -> Leave:
        """The same in a task of its own, as whoever posts has none."""
        scope = trio.CancelScope()

        async def answer() -> None:
            with scope:
                found = await outcome.acapture(self.call, connection, tool, arguments)
                if isinstance(found, outcome.Value):
                    hear(found.value, None)
                elif isinstance(found.error, trio.Cancelled):
                    found.unwrap()
                else:
                    hear(None, found.error)

        trio.lowlevel.spawn_system_task(answer)
        return scope.cancel

    def notices(self, connection: Connection) -> Mapping[str, Any]:
        return self.pending

    def listen(self, project: str, listener: Listener) -> Unlisten:
        return self.listeners.add(listener)

    def pushed(self, project: str, lag_s: float) -> None:
        self.lags.append(lag_s)

    def opened(self, connection: Connection) -> None:
        self.opening.append(connection)
        self._tell()

    def closed(self, connection: Connection) -> None:
        self.closing.append(connection)
        self._tell()

    async def until(self, holds: Callable[["FakeFront"], object]) -> None:
        """Wait until something holds of what was noted here."""
        with trio.fail_after(ANSWER_WITHIN_S):
            while not holds(self):
                await self.changed.wait()

    def _tell(self) -> None:
        self.changed.set()
        self.changed = trio.Event()


@define(eq=False)
class Held:
    """A call that stays under way until the test lets it go on; `cancelled` says that it was cancelled instead."""

    begun: trio.Event = Factory(trio.Event)
    released: trio.Event = Factory(trio.Event)
    cancelled: trio.Event = Factory(trio.Event)

    async def __call__(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self.begun.set()
        try:
            await self.released.wait()
        except trio.Cancelled:
            self.cancelled.set()
            raise
        return {"released": True}


@asynccontextmanager
async def serving(front: FakeFront, admission: Admission = ADMISSION) -> AsyncIterator[tuple[str, WebSocketDoor]]:
    """The MCP server before a front: its URL and its door."""
    door = WebSocketDoor(McpSurface(front, PROFILES).serve, admission)
    async with trio.open_nursery() as nursery:
        port = await nursery.start(door.listen, "127.0.0.1", 0)
        yield f"ws://127.0.0.1:{port}/mcp", door
        nursery.cancel_scope.cancel()


@define(eq=False)
class Peer:
    """A client that sends whatever a test wants to send."""

    socket: WebSocketConnection

    async def send(self, message: object) -> None:
        """Send one frame: text and bytes as they are, anything else as JSON."""
        await self.socket.send_message(message if isinstance(message, str | bytes) else json.dumps(message))

    async def next(self) -> Any:
        """The next message that comes."""
        with trio.fail_after(ANSWER_WITHIN_S):
            return json.loads(await self.socket.get_message())

    async def ask(self, message: object) -> Any:
        await self.send(message)
        return await self.next()

    async def request(self, method: str, params: Mapping[str, Any] | None = None, number: int | str = 1) -> Any:
        """Ask in the 2026 era."""
        return await self.ask(modern(method, params, number))

    async def closed(self) -> int:
        """The code with which the server closes, after whatever else it still sends."""
        with trio.fail_after(ANSWER_WITHIN_S), pytest.raises(ConnectionClosed) as closed:
            while True:
                await self.socket.get_message()
        assert closed.value.reason is not None
        return int(closed.value.reason.code)


def modern(method: str, params: Mapping[str, Any] | None = None, number: int | str = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": {**(params or {}), "_meta": ENVELOPE}}


def calling(tool: str, arguments: object = None, number: int | str = 1) -> dict[str, Any]:
    return modern("tools/call", {"name": tool, "arguments": arguments if arguments is not None else {}}, number)


def legacy(method: str, params: Mapping[str, Any] | None = None, number: int | str = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, **({"params": params} if params is not None else {})}


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Peer]:
    """A client of the 2026 era, which needs no handshake of its own."""
    # The library's client stops for good when it is closed while messages wait that nobody takes; so there is room for all.
    async with open_websocket_url(url, subprotocols=["mcp"], message_queue_size=1000, max_message_size=1 << 24) as socket:
        try:
            yield Peer(socket)
        finally:
            await socket.aclose()
            # It does not close its stream when the server closed first.
            await trio.aclose_forcefully(socket._stream)


@asynccontextmanager
async def introduced(url: str) -> AsyncIterator[Peer]:
    """A client of the 2025 era, after its handshake."""
    async with connected(url) as peer:
        await peer.ask(legacy("initialize", INITIALIZE, "hello"))
        await peer.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        yield peer
