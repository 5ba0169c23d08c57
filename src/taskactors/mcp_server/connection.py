"""One client's connection: its messages in, its answers out, and what is under way between them."""

from types import TracebackType
from typing import Any, Self

import anyio
import trio
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp_types import INVALID_REQUEST
from mcp_types.jsonrpc import JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse

from ..actors.wires import Wire, WireClosed
from .envelope import Malformed, read_envelope

IN_FLIGHT_LIMIT = 32
"""Requests of one connection under way at once. An agent needs one or two; more than this is a loop gone wrong."""

TOO_MANY = 429
"""Our own code for a request that was not taken: MCP leaves positive codes to us."""

RETRY_AFTER_MS = 200

Id = str | int


class UnderWay:
    """The requests of one connection that are not answered yet."""

    def __init__(self) -> None:
        self._ids: set[Id] = set()
        self._none = trio.Event()

    def refusal(self, request: JSONRPCRequest) -> Malformed | None:
        """Why this request is not taken, if it is not."""
        if request.id in self._ids:
            return Malformed(INVALID_REQUEST, "Invalid Request: a request with this id is still under way", request.id)
        if len(self._ids) >= IN_FLIGHT_LIMIT:
            return Malformed(
                TOO_MANY, f"{IN_FLIGHT_LIMIT} requests of this connection are under way; try again in {RETRY_AFTER_MS} ms", request.id
            )
        return None

    def began(self, request_id: Id) -> None:
        self._ids.add(request_id)

    def ended(self, request_id: Id | None) -> None:
        if request_id is None:
            return
        self._ids.discard(request_id)
        if not self._ids:
            self._none.set()

    async def until_none(self) -> None:
        """Wait until everything that was taken is answered or was cancelled by its sender."""
        while self._ids:
            self._none = trio.Event()
            await self._none.wait()


class Inbound:
    """What the SDK's loop reads: the messages that are well-formed and within bounds. The rest is answered here."""

    def __init__(self, wire: Wire, under_way: UnderWay, context: object) -> None:
        self._wire = wire
        self._under_way = under_way
        self._metadata = ServerMessageMetadata(request_context=context)

    async def receive(self) -> SessionMessage | Exception:
        try:
            return await self.__anext__()
        except StopAsyncIteration:
            raise anyio.EndOfStream from None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        while True:
            try:
                frame = await self._wire.receive()
                if frame is None:
                    await self._under_way.until_none()
                    raise StopAsyncIteration
                message = read_envelope(frame)
                if isinstance(message, JSONRPCRequest) and (refusal := self._under_way.refusal(message)):
                    message = refusal
                if isinstance(message, Malformed):
                    await self._wire.send(message.to_json())
                    continue
            except WireClosed:
                raise StopAsyncIteration from None
            if message is not None:
                self._note(message)
                return SessionMessage(message, self._metadata)

    def _note(self, message: Any) -> None:
        if isinstance(message, JSONRPCRequest):
            self._under_way.began(message.id)
        elif isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
            # A cancelled request is never answered, so this is its end.
            self._under_way.ended((message.params or {}).get("requestId"))

    async def aclose(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass


class Outbound:
    """What the SDK's loop writes to. It raises anyio's errors, which the loop knows, and not the transport's."""

    def __init__(self, wire: Wire, under_way: UnderWay) -> None:
        self._wire = wire
        self._under_way = under_way

    async def send(self, item: SessionMessage) -> None:
        message = item.message
        try:
            await self._wire.send(message.model_dump_json(by_alias=True, exclude_unset=True))
        except WireClosed:
            raise anyio.BrokenResourceError from None
        finally:
            if isinstance(message, JSONRPCResponse | JSONRPCError):
                self._under_way.ended(message.id)

    async def aclose(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass
