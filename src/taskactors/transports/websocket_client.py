"""The client's end of the WebSocket wire, for programs of ours that use the MCP SDK."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Self

import anyio
import trio
from mcp.shared.message import SessionMessage
from mcp_types.jsonrpc import jsonrpc_message_adapter
from pydantic import ValidationError
from trio_websocket import ConnectionClosed, WebSocketConnection

from .dialing import dialed

WRITE_WITHIN_S = 10.0
"""A server that does not take a request for this long does not serve."""


class WebSocketTransport:
    """A transport for `mcp.Client`, on trio: `Client(WebSocketTransport("ws://127.0.0.1:8765/mcp?agent=ada"))`.

    Entering raises OSError when there is no server, and trio_websocket's ConnectionRejected, which holds the server's reason,
    when it refuses.
    """

    def __init__(self, url: str, token: str | None = None) -> None:
        self._url = url
        self._token = token
        self._streams: AbstractAsyncContextManager[tuple[_Reader, _Writer]] | None = None

    async def __aenter__(self) -> "tuple[_Reader, _Writer]":
        self._streams = _connected(self._url, self._token)
        return await self._streams.__aenter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        assert self._streams is not None
        return await self._streams.__aexit__(kind, error, trace)


@asynccontextmanager
async def _connected(url: str, token: str | None) -> "AsyncIterator[tuple[_Reader, _Writer]]":
    async with dialed(url, token) as socket:
        yield _Reader(socket), _Writer(socket)


class _Stream:
    """What the SDK asks of a stream besides its one verb."""

    async def aclose(self) -> None:
        """Nothing: the transport closes the connection."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: Any) -> None:
        pass


class _Reader(_Stream):
    def __init__(self, socket: WebSocketConnection) -> None:
        self._socket = socket

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            frame = await self._socket.get_message()
        except ConnectionClosed:
            raise StopAsyncIteration from None
        try:
            return SessionMessage(jsonrpc_message_adapter.validate_json(frame, by_name=False))
        except ValidationError as error:
            return error

    async def receive(self) -> SessionMessage | Exception:
        try:
            return await self.__anext__()
        except StopAsyncIteration:
            raise anyio.EndOfStream from None


class _Writer(_Stream):
    def __init__(self, socket: WebSocketConnection) -> None:
        self._socket = socket
        self._turn = trio.Lock()
        self._broken = False

    async def send(self, item: SessionMessage) -> None:
        text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
        async with self._turn:
            if self._broken:
                raise anyio.BrokenResourceError
            # Shielded, because a frame that was begun must be finished: a cancelled caller would leave half of one behind.
            with trio.move_on_after(WRITE_WITHIN_S, shield=True) as late:
                try:
                    await self._socket.send_message(text)
                except ConnectionClosed:
                    raise anyio.BrokenResourceError from None
            self._broken = late.cancelled_caught
            if self._broken:
                raise anyio.BrokenResourceError
