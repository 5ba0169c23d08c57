"""The SDK's way: one connection served by the SDK's own loop over streams, as the reference for our dispatcher.

What comes in and what may be under way is bounded here as it is in the product, whose way of its own has to answer the same.
"""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from types import TracebackType
from typing import Self

import anyio
import trio
from mcp.server.runner import serve_dual_era_loop
from mcp.shared.dispatcher import coerce_request_id
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp_types import INVALID_REQUEST
from mcp_types.jsonrpc import JSONRPCError, JSONRPCMessage, JSONRPCRequest, JSONRPCResponse

from taskactors.actors.calls import Connection
from taskactors.actors.wires import Wire, WireClosed
from taskactors.mcp_server.connection import IN_FLIGHT_LIMIT, RETRY_AFTER_MS, TOO_MANY
from taskactors.mcp_server.envelope import Malformed, read_envelope
from taskactors.mcp_server.peer import Peer
from taskactors.mcp_server.server import McpSurface

Id = str | int


async def serve_by_sdk(surface: McpSurface, wire: Wire, connection: Connection) -> None:
    """Serve one connection until its wire ends."""
    under_way, front = UnderWay(), surface._front
    front.opened(connection)
    async with trio.open_nursery() as nursery:
        peer = Peer(connection, front, nursery)
        try:
            await serve_dual_era_loop(
                surface.server,
                Inbound(wire, under_way, peer, peer.end),
                Outbound(wire, under_way),
                lifespan_state={},
                session_id=connection.id,
                init_options=surface.server.create_initialization_options(),
            )
        finally:
            peer.close()
            front.closed(connection)
            nursery.cancel_scope.cancel()


class UnderWay:
    """The requests of one connection that were taken and have not ended: by an answer, or unanswered because they were cancelled.

    "7" and 7 count as one id, as they do to the SDK, whose table they would share.
    """

    def __init__(self) -> None:
        self._ids: set[Id] = set()
        self._none = trio.Event()

    def take(self, request: JSONRPCRequest) -> Malformed | None:
        """Take a request, or say why not."""
        key = coerce_request_id(request.id)
        if key in self._ids:
            return Malformed(INVALID_REQUEST, "Invalid Request: a request with this id is still under way", request.id)
        if len(self._ids) >= IN_FLIGHT_LIMIT:
            said = f"{IN_FLIGHT_LIMIT} requests of this connection are under way; nothing was done, try again in {RETRY_AFTER_MS} ms"
            return Malformed(TOO_MANY, said, request.id, {"retry_after_ms": RETRY_AFTER_MS})
        self._ids.add(key)
        return None

    def ended(self, request_id: Id) -> None:
        """A request that was taken has ended."""
        self._ids.discard(coerce_request_id(request_id))
        if not self._ids:
            self._none.set()

    async def ended_unanswered(self, request_id: Id) -> None:
        """As the SDK calls it for a request that its sender cancelled."""
        self.ended(request_id)

    async def until_none(self) -> None:
        """Wait until everything that was taken has ended."""
        while self._ids:
            self._none = trio.Event()
            await self._none.wait()


class _Stream:
    """What the SDK asks of a stream besides its one verb."""

    async def aclose(self) -> None:
        """Nothing: the wire's owner closes it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass


class Inbound(_Stream):
    """What the SDK's loop reads: the messages that are well-formed and within bounds. The rest is answered here.

    When no more messages are taken `ending` is called, so that what would go on for ever ends like the other requests.
    """

    def __init__(self, wire: Wire, under_way: UnderWay, context: object, ending: Callable[[], None]) -> None:
        self._wire = wire
        self._under_way = under_way
        self._context = context
        self._ending = ending

    async def receive(self) -> SessionMessage | Exception:
        try:
            return await self.__anext__()
        except StopAsyncIteration:
            raise anyio.EndOfStream from None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            while (frame := await self._wire.receive()) is not None:
                message = read_envelope(frame)
                unanswered: Callable[[], Awaitable[None]] | None = None
                if isinstance(message, JSONRPCRequest):
                    unanswered = partial(self._under_way.ended_unanswered, message.id)
                    message = self._under_way.take(message) or message
                if isinstance(message, Malformed):
                    await self._wire.send(message.to_json())
                elif message is not None:
                    metadata = ServerMessageMetadata(request_context=self._context, on_request_unanswered=unanswered)
                    return SessionMessage(message, metadata)
            self._ending()
            await self._under_way.until_none()
        except WireClosed:
            pass
        raise StopAsyncIteration


class Outbound(_Stream):
    """What the SDK's loop writes to. It raises anyio's errors, which the loop knows, and not the transport's."""

    def __init__(self, wire: Wire, under_way: UnderWay) -> None:
        self._wire = wire
        self._under_way = under_way

    async def send(self, item: SessionMessage) -> None:
        message = item.message
        try:
            await self._wire.send(_as_text(message))
        except WireClosed:
            raise anyio.BrokenResourceError from None
        finally:
            if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id is not None:
                self._under_way.ended(message.id)


def _as_text(message: JSONRPCMessage) -> str:
    try:
        return message.model_dump_json(by_alias=True, exclude_unset=True)
    except ValueError:
        # It repeats half a character that its client sent, which can be written as an escape alone.
        return json.dumps(message.model_dump(by_alias=True, exclude_unset=True))
