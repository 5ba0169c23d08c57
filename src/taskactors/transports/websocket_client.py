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
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

SUBPROTOCOL = "mcp"
MESSAGE_BYTES = 16 << 20
"""What we are willing to be told in one message: answers may be larger than calls."""


class WebSocketTransport:
    """A transport for `mcp.Client`: `Client(WebSocketTransport("ws://127.0.0.1:8765/mcp?agent=ada"))`, on trio."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._streams: AbstractAsyncContextManager[tuple[_Reader, _Writer]] | None = None

    async def __aenter__(self) -> "tuple[_Reader, _Writer]":
        self._streams = _connected(self._url)
        return await self._streams.__aenter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool | None:
        assert self._streams is not None
        return await self._streams.__aexit__(kind, error, trace)


@asynccontextmanager
async def _connected(url: str) -> "AsyncIterator[tuple[_Reader, _Writer]]":
    async with open_websocket_url(url, subprotocols=[SUBPROTOCOL], max_message_size=MESSAGE_BYTES) as socket:
        yield _Reader(socket), _Writer(socket)


class _Reader:
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

    async def aclose(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: Any) -> None:
        pass


class _Writer:
    def __init__(self, socket: WebSocketConnection) -> None:
        self._socket = socket
        self._turn = trio.Lock()

    async def send(self, item: SessionMessage) -> None:
        text = item.message.model_dump_json(by_alias=True, exclude_unset=True)
        # Shielded, because a frame that was begun must be finished: a cancelled caller would leave half of one behind.
        with trio.CancelScope(shield=True):
            async with self._turn:
                try:
                    await self._socket.send_message(text)
                except ConnectionClosed:
                    raise anyio.BrokenResourceError from None

    async def aclose(self) -> None:
        pass

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: Any) -> None:
        pass
