"""The WebSocket door: listens, admits, and serves every connection in a task of its own."""

import contextlib
import ssl
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import trio
from attrs import Factory, define
from trio_websocket import WebSocketConnection, WebSocketRequest

from ..actors.calls import Connection
from ..actors.faults import internal, whence
from ..actors.wires import Wire, WireClosed
from ..domain.token import LOCAL_ID
from .admission import SUBPROTOCOL, Admission, Handshake, Refused
from .refusal_log import Reason
from .websocket_guards import POLICY, GuardedStream, read_request
from .websocket_wire import CLOSE_WITHIN_S, WebSocketWire

CONNECTIONS_LIMIT = 2_000
"""Sockets open at once, far above the largest team; beyond it newcomers are turned away and nobody who is in suffers."""

PER_TOKEN_LIMIT = 64
"""Sockets open at once with one agent's token; an agent needs one. Whoever runs the server leads a whole team in with theirs."""

REFUSING_LIMIT = 64
"""How many of them hear why at one time; telling takes a moment, and a flood would make it many."""

HANDSHAKE_WITHIN_S = 5.0
"""A client that has not finished its handshake by then only occupies a place."""

NORMAL, GOING_AWAY, BROKEN = 1000, 1001, 1011

Handler = Callable[[Wire, Connection], Awaitable[None]]
"""Serves one connection until its wire ends."""


@define(eq=False)
class WebSocketDoor:
    """Listens, admits, and hands each connection to the handler. What breaks in one stays in it."""

    handler: Handler
    admission: Admission = Factory(Admission)
    tls: ssl.SSLContext | None = None
    _wires: dict[WebSocketWire, Connection] = Factory(dict)
    _gone: trio.Event = Factory(trio.Event)
    _connections: int = 0
    _refusing: int = 0
    _accepting: trio.CancelScope = Factory(trio.CancelScope)
    _draining: bool = False

    async def listen(self, host: str, port: int, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve until cancelled, or drained; reports the port once clients can connect. Raises OSError when it cannot be had."""
        self.admission = self.admission.at(host)
        listeners = await trio.open_tcp_listeners(port, host=host)
        if port == 0:
            # A name with several addresses would get another free port for each, and only one can be told.
            for other in listeners[1:]:
                await other.aclose()
            del listeners[1:]
        ports: list[trio.abc.Listener[Any]] = list(listeners)
        if self.tls is not None:
            ports = [trio.SSLListener(each, self.tls, https_compatible=True) for each in listeners]
        async with trio.open_nursery() as connections:
            task_status.started(listeners[0].socket.getsockname()[1])
            with self._accepting:
                await trio.serve_listeners(self.serve, ports, handler_nursery=connections)

    async def drain(self) -> None:
        """Let nobody in any more, let every connection finish what it has taken; returns when all are gone."""
        self._draining = True
        self._accepting.cancel()
        for wire in self._wires:
            wire.drain()
        while self._wires:
            self._gone = trio.Event()
            await self._gone.wait()

    def revoke(self, token: str) -> None:
        """A token is worth nothing any more: whoever came in with it has to go, now."""
        for wire, connection in self._wires.items():
            if connection.token == token:
                wire.expel()

    async def serve(self, stream: trio.abc.Stream) -> None:
        """Serve one client from its first byte to its last; returns when it is gone, and never raises because of it."""
        if self._draining or self._connections >= CONNECTIONS_LIMIT:
            if not self._draining:
                self._note(Reason.CROWDED, GuardedStream(stream))
            await self._refuse(stream, "the server is stopping" if self._draining else "too many connections")
            return
        self._connections += 1
        guarded = GuardedStream(stream)
        try:
            await self._shake_hands(guarded)
        except Exception as error:  # one connection's end, whatever it is, must not reach the others
            self._note(Reason.BROKEN, guarded, error=whence(error))
        finally:
            await guarded.aclose()
            self._connections -= 1

    async def _refuse(self, stream: trio.abc.Stream, why: str) -> None:
        if self._refusing >= REFUSING_LIMIT:
            await trio.aclose_forcefully(stream)
            return
        self._refusing += 1
        guarded = GuardedStream(stream)
        try:
            await _answer(guarded, HTTPStatus.SERVICE_UNAVAILABLE, why)
        finally:
            await guarded.aclose()
            self._refusing -= 1

    def _note(self, reason: Reason, stream: GuardedStream, **facts: str) -> None:
        self.admission.refusals.note(reason, stream.address, **facts)

    async def _shake_hands(self, stream: GuardedStream) -> None:
        async with trio.open_nursery() as nursery:
            accepted = None
            with trio.move_on_after(HANDSHAKE_WITHIN_S) as late:
                request = await read_request(nursery, stream)
                accepted = await (self._accept(request, stream) if request else self._turn_away(stream))
            if late.cancelled_caught:
                self._note(Reason.SLOW, stream)
            if accepted is not None:
                await self._converse(*accepted)
            nursery.cancel_scope.cancel()

    async def _accept(self, request: WebSocketRequest, stream: GuardedStream) -> tuple[WebSocketConnection, Connection] | None:
        admitted = self._admitted(_handshake(request, stream.address))
        if isinstance(admitted, Refused):
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
            headers += [(name.encode(), value.encode()) for name, value in admitted.headers.items()]
            await request.reject(admitted.status, extra_headers=headers, body=f"{admitted.why}\n".encode())
            return None
        stream.accepted()
        return await request.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in request.proposed_subprotocols else None), admitted

    def _admitted(self, handshake: Handshake) -> Connection | Refused:
        admitted = self.admission.admit(handshake)
        if isinstance(admitted, Refused) or admitted.token in (None, LOCAL_ID):
            return admitted
        if sum(each.token == admitted.token for each in self._wires.values()) < PER_TOKEN_LIMIT:
            return admitted
        self.admission.refusals.note(Reason.CROWDED_TOKEN, handshake.address)
        why = f"{PER_TOKEN_LIMIT} connections are open with that token; close some"
        return Refused(Reason.CROWDED_TOKEN, 429, why, {"retry-after": "5"})

    async def _turn_away(self, stream: GuardedStream) -> None:
        """What came is no handshake. Most of those the library has answered itself; it has closed the stream then."""
        if stream.tls_fault is not None:
            self._note(Reason.TLS, stream, error=stream.tls_fault)
        elif not stream.is_silent:
            self._note(Reason.MALFORMED, stream)
        if stream.is_too_long:
            await _answer(stream, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request's headers are too long")
        elif not stream.is_closed:
            await _answer(stream, HTTPStatus.BAD_REQUEST, "the request cannot be read")

    async def _converse(self, socket: WebSocketConnection, connection: Connection) -> None:
        with trio.CancelScope() as cut:
            wire = WebSocketWire(socket, cut.cancel)
            self._wires[wire] = connection
            try:
                code = await self._served(wire, connection)
                await wire.close(POLICY if wire.expelled else GOING_AWAY if wire.draining and code == NORMAL else code)
            finally:
                del self._wires[wire]
                self._gone.set()

    async def _served(self, wire: WebSocketWire, connection: Connection) -> int:
        """Run the handler beside the tasks that write and ping; the close code that its end calls for."""
        if self._draining:
            wire.drain()
        code = NORMAL
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wire.keep_alive)
            async with trio.open_nursery() as writing:
                writing.start_soon(wire.write)
                try:
                    await self.handler(wire, connection)
                except WireClosed:
                    pass  # the usual end of a conversation
                except Exception as error:  # a fault of ours, in one connection
                    internal(error, "a connection's handler failed", connection=connection.id)
                    code = BROKEN
                finally:
                    wire.finish()
            nursery.cancel_scope.cancel()
        return code


def _handshake(request: WebSocketRequest, address: str) -> Handshake:
    # The library takes the Host header out of the list of headers; it is kept in the event alone.
    return Handshake(
        host=str(request._event.host),
        target=request.path,
        headers=[(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.headers],
        subprotocols=request.proposed_subprotocols,
        address=address,
    )


async def _answer(stream: trio.abc.SendStream, status: HTTPStatus, why: str) -> None:
    """Answer somebody to whom no WebSocket was opened, if they listen."""
    body = f"{why}\n".encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with trio.move_on_after(CLOSE_WITHIN_S), contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        await stream.send_all(head.encode() + body)
