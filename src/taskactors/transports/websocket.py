"""The WebSocket door: listens, admits, and serves every connection in a task of its own.

The library is loaded for the first client and not before clients can connect: they should be able to as soon as anybody.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import trio
from attrs import Factory, define

from ..actors.calls import Connection
from ..actors.faults import internal, whence
from ..actors.wires import Wire, WireClosed
from ..domain.token import LOCAL_ID
from .admission import Admission, Handshake, Refused
from .guarded_stream import GONE, Guarded, address_of, guarded
from .listening import listen_at, port_of
from .refusal_log import Reason
from .refusing import REFUSING_LIMIT, refuse, say

if TYPE_CHECKING:
    from .opening import Opening
    from .websocket_wire import WebSocketWire

CONNECTIONS_LIMIT = 2_000
"""Sockets open at once, far above the largest team; beyond it newcomers are turned away and nobody who is in suffers."""

PER_TOKEN_LIMIT = 64
"""Sockets open at once with one agent's token; an agent needs one. Whoever runs the server leads a whole team in with theirs."""

HANDSHAKE_WITHIN_S = 5.0
"""A client that has not finished its handshake by then only occupies a place."""

NORMAL, GOING_AWAY, POLICY, BROKEN = 1000, 1001, 1008, 1011

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
        listeners = await listen_at(host, port)
        ports: list[trio.abc.Listener[Any]] = list(listeners)
        if self.tls is not None:
            ports = [trio.SSLListener(each, self.tls, https_compatible=True) for each in listeners]
        async with trio.open_nursery() as connections:
            task_status.started(port_of(listeners))
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
        if self._draining:
            await self._turn_away(stream, "the server is stopping")
            return
        if self._connections >= CONNECTIONS_LIMIT:
            self._note(Reason.CROWDED, address_of(stream))
            await self._turn_away(stream, "too many connections")
            return
        self._connections += 1
        client = guarded(stream)
        try:
            await self._let_in(client)
        except Exception as error:  # one connection's end, whatever it is, must not reach the others
            self._note(Reason.BROKEN, client.address, error=whence(error))
        finally:
            await client.aclose()
            self._connections -= 1

    async def _turn_away(self, stream: trio.abc.Stream, why: str) -> None:
        if self._refusing >= REFUSING_LIMIT:
            await trio.aclose_forcefully(stream)
            return
        self._refusing += 1
        client = guarded(stream)
        try:
            await refuse(client, HTTPStatus.SERVICE_UNAVAILABLE, why)
        finally:
            await client.aclose()
            self._refusing -= 1

    def _note(self, reason: Reason, address: str, **facts: str) -> None:
        self.admission.refusals.note(reason, address, **facts)

    async def _let_in(self, client: Guarded) -> None:
        from .opening import Opening

        accepted = None
        with trio.move_on_after(HANDSHAKE_WITHIN_S) as late, contextlib.suppress(*GONE):
            accepted = await self._accept(client, Opening(client))
        if late.cancelled_caught:
            self._note(Reason.SLOW, client.address)
        if accepted is not None:
            await self._converse(client, *accepted)

    async def _accept(self, client: Guarded, opening: Opening) -> tuple[Connection, bytes] | None:
        """The connection of a client that is let in, and what it has sent already; None for one that is not, and has heard why."""
        from .opening import Unreadable

        asked = await opening.read()
        if isinstance(asked, Unreadable):
            if asked.reason is not None:
                self._note(asked.reason, client.address, **asked.facts)
            await say(client, asked.answer)
            return None
        admitted = self._admitted(asked)
        if isinstance(admitted, Refused):
            await say(client, opening.refused(admitted))
            return None
        await client.send_all(opening.accepted())
        return admitted, opening.rest

    def _admitted(self, handshake: Handshake) -> Connection | Refused:
        admitted = self.admission.admit(handshake)
        if isinstance(admitted, Refused) or admitted.token in (None, LOCAL_ID):
            return admitted
        if sum(each.token == admitted.token for each in self._wires.values()) < PER_TOKEN_LIMIT:
            return admitted
        why = f"{PER_TOKEN_LIMIT} connections are open with that token; close some"
        return self.admission.noted(Refused(Reason.CROWDED_TOKEN, 429, why, {"retry-after": "5"}), handshake)

    async def _converse(self, client: Guarded, connection: Connection, begun: bytes) -> None:
        from .websocket_wire import WebSocketWire

        async with trio.open_nursery() as nursery:
            wire = WebSocketWire(client, nursery)
            self._wires[wire] = connection
            try:
                nursery.start_soon(wire.keep_alive)
                wire.feed(begun)
                code = await self._served(wire, connection)
                await wire.close(POLICY if wire.expelled else GOING_AWAY if wire.draining and code == NORMAL else code)
            finally:
                wire.finish()
                del self._wires[wire]
                self._gone.set()

    async def _served(self, wire: WebSocketWire, connection: Connection) -> int:
        """Run the handler; the close code that its end calls for."""
        if self._draining:
            wire.drain()
        try:
            await self.handler(wire, connection)
        except WireClosed:
            pass  # the usual end of a conversation
        except Exception as error:  # a fault of ours, in one connection
            internal(error, "a connection's handler failed", connection=connection.id)
            return BROKEN
        return NORMAL
