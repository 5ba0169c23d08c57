"""The WebSocket wire: who may connect, and one connection's frames in and out within bounds."""

import contextlib
import re
import uuid
from collections.abc import Awaitable, Callable
from urllib.parse import SplitResult, parse_qs, urlsplit

import structlog
import trio
from attrs import Factory, define, frozen
from trio_websocket import ConnectionClosed, HandshakeError, WebSocketConnection, WebSocketRequest, wrap_server_stream

from ..actors.calls import Connection
from ..actors.wires import Wire, WireClosed
from ..domain.codes import agent_name_problem

SUBPROTOCOL = "mcp"
MESSAGE_BYTES = 1 << 20
"""The largest message: far above any honest call, and small enough that a hundred of them are no danger."""

CONNECTIONS_LIMIT = 2_000
HANDSHAKE_WITHIN_S = 5.0
HANDSHAKE_BYTES = 16 << 10
WRITE_WITHIN_S = 5.0
"""A client that does not read an answer for this long is dead, or may as well be."""

PING_EVERY_S = 25.0
OUTGOING_LIMIT = 64
"""Frames queued for one client: twice what it may have under way."""

INCOMING_QUEUE = 32
RECEIVE_BYTES = 64 << 10
CLOSE_WITHIN_S = 1.0
GOING_AWAY = 1001

PATH = re.compile(r"/mcp(?:/(?P<project>[a-z0-9][a-z0-9-]{0,38}))?")
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

Handler = Callable[[Wire, Connection], Awaitable[None]]
"""Serves one connection until its wire ends."""

log = structlog.get_logger(__name__)


@frozen
class Refused:
    """A handshake that is turned down: an HTTP status and a sentence that says what to do."""

    status: int
    why: str


@frozen(kw_only=True)
class Admission:
    """Who may connect. `names` are the host names that a client may have used; no page of any origin is allowed."""

    names: tuple[str, ...] = LOOPBACK_NAMES

    def admit(self, request: WebSocketRequest) -> Connection | Refused:
        """The connection that a handshake asks for, or why it is refused. Checked before anything is accepted."""
        # wsproto takes the Host header out of the list of headers; it is kept in the event alone.
        host = str(request._event.host)
        if not self._is_ours(host):
            return Refused(421, "this server does not answer to that Host")
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers}
        if "origin" in headers:
            return Refused(403, "web pages may not use this server (an Origin header was sent)")
        if request.proposed_subprotocols and SUBPROTOCOL not in request.proposed_subprotocols:
            return Refused(400, "offer the WebSocket subprotocol mcp, or none")
        return self._connection(urlsplit(request.path))

    def _is_ours(self, host: str) -> bool:
        return re.sub(r":\d+$", "", host).lower() in self.names

    def _connection(self, url: SplitResult) -> Connection | Refused:
        path = PATH.fullmatch(url.path)
        if path is None:
            return Refused(404, "connect to /mcp or /mcp/PROJECT (lower-case letters, digits and hyphens, up to 39)")
        query = parse_qs(url.query, keep_blank_values=True)
        if unknown := sorted(query.keys() - {"agent"}):
            return Refused(400, f"unknown parameter {unknown[0][:50]!r}; only agent may be given")
        agents = query.get("agent", [])
        if len(agents) > 1:
            return Refused(400, "give one agent only")
        if agents and (problem := agent_name_problem(agents[0])):
            return Refused(400, problem)
        return Connection(id=uuid.uuid4().hex, project=path["project"] or "default", agent=agents[0] if agents else None)


class _Bounded(trio.abc.Stream):
    """A TCP stream that gives a client only so many bytes for its handshake."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._left: int | None = HANDSHAKE_BYTES

    def accepted(self) -> None:
        self._left = None

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        received = bytes(await self._stream.receive_some(max_bytes))
        if self._left is not None:
            self._left -= len(received)
            if self._left < 0:
                raise trio.BrokenResourceError("the handshake is too long")
        return received

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()

    def abort(self) -> None:
        """Cut the connection without a word."""
        self._stream.socket.close()


class WebSocketWire:
    """One accepted connection. One task writes, so that no frame is ever half sent by somebody who was cancelled."""

    def __init__(self, socket: WebSocketConnection, abort: Callable[[], None]) -> None:
        self._socket = socket
        self._abort = abort
        self._outgoing, self._to_send = trio.open_memory_channel[str](OUTGOING_LIMIT)
        self._receiving = trio.CancelScope()
        self._draining = False

    async def receive(self) -> str | bytes | None:
        if not self._draining:
            with trio.CancelScope() as self._receiving:
                try:
                    frame: str | bytes = await self._socket.get_message()
                    return frame
                except ConnectionClosed:
                    raise WireClosed from None
        return None

    async def send(self, frame: str) -> None:
        try:
            await self._outgoing.send(frame)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise WireClosed from None

    def drain(self) -> None:
        """Take no more frames; answers still go out."""
        self._draining = True
        self._receiving.cancel()

    @property
    def draining(self) -> bool:
        return self._draining

    async def write(self) -> None:
        """Send what is queued until `finish`. A client that does not read in time is cut off."""
        async with self._to_send:
            async for frame in self._to_send:
                try:
                    with trio.fail_after(WRITE_WITHIN_S):
                        await self._socket.send_message(frame)
                except (ConnectionClosed, trio.TooSlowError):
                    self._abort()
                    return

    def finish(self) -> None:
        """Nothing more will be sent; `write` ends when the queue is empty."""
        self._outgoing.close()

    async def keep_alive(self) -> None:
        """Ask a silent client now and then whether it is there; cut it off when it is not."""
        while True:
            await trio.sleep(PING_EVERY_S)
            try:
                with trio.fail_after(PING_EVERY_S):
                    await self._socket.ping()
            except ConnectionClosed:
                return
            except trio.TooSlowError:
                self._abort()
                return


@define(eq=False)
class WebSocketDoor:
    """Listens, admits, and serves every connection in a task of its own. What breaks in one stays in it."""

    handler: Handler
    admission: Admission = Factory(Admission)
    _wires: set[WebSocketWire] = Factory(set)
    _gone: trio.Event = Factory(trio.Event)
    _connections: int = 0

    async def listen(self, host: str, port: int, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled; reports the port once clients can connect. Raises OSError when it cannot be had."""
        listeners = await trio.open_tcp_listeners(port, host=host)
        task_status.started(listeners[0].socket.getsockname()[1])
        await trio.serve_listeners(self._serve, listeners)

    async def drain(self) -> None:
        """Let every connection finish what it has taken; returns when all are gone."""
        for wire in self._wires:
            wire.drain()
        while self._wires:
            self._gone = trio.Event()
            await self._gone.wait()

    async def _serve(self, stream: trio.SocketStream) -> None:
        if self._connections >= CONNECTIONS_LIMIT:
            await stream.aclose()
            return
        self._connections += 1
        try:
            await self._shake_hands(_Bounded(stream))
        except Exception as error:  # one connection's end, whatever it is, must not reach the others
            log.warning("a connection ended with an error", error=repr(error))
        finally:
            self._connections -= 1
            with trio.move_on_after(0, shield=True):
                await stream.aclose()

    async def _shake_hands(self, stream: _Bounded) -> None:
        async with trio.open_nursery() as nursery:
            request = None
            with trio.move_on_after(HANDSHAKE_WITHIN_S), contextlib.suppress(HandshakeError):
                request = await wrap_server_stream(nursery, stream, INCOMING_QUEUE, MESSAGE_BYTES, RECEIVE_BYTES)
            if request is not None:
                await self._admit(request, stream)
            nursery.cancel_scope.cancel()

    async def _admit(self, request: WebSocketRequest, stream: _Bounded) -> None:
        admitted = self.admission.admit(request)
        if isinstance(admitted, Refused):
            body = (admitted.why + "\n").encode()
            with trio.move_on_after(CLOSE_WITHIN_S):
                await request.reject(admitted.status, extra_headers=[(b"content-type", b"text/plain; charset=utf-8")], body=body)
            return
        stream.accepted()
        socket = await request.accept(subprotocol=SUBPROTOCOL if request.proposed_subprotocols else None)
        wire = WebSocketWire(socket, stream.abort)
        self._wires.add(wire)
        try:
            await self._converse(wire, admitted)
            with trio.move_on_after(CLOSE_WITHIN_S):
                await socket.aclose(*((GOING_AWAY, "the server is stopping") if wire.draining else ()))
        finally:
            self._wires.discard(wire)
            self._gone.set()

    async def _converse(self, wire: WebSocketWire, connection: Connection) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wire.keep_alive)
            async with trio.open_nursery() as writing:
                writing.start_soon(wire.write)
                try:
                    await self.handler(wire, connection)
                finally:
                    wire.finish()
            nursery.cancel_scope.cancel()
