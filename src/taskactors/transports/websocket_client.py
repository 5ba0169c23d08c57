"""The client's end of the WebSocket wire, for programs of ours that use the MCP SDK."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import SplitResult, urlsplit

import anyio
import trio
from mcp.shared.message import SessionMessage
from mcp_types.jsonrpc import jsonrpc_message_adapter
from pydantic import ValidationError
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection, wrap_client_stream

SUBPROTOCOL = "mcp"
MESSAGE_BYTES = 16 << 20
"""What we are willing to be told in one message: answers may be larger than calls."""

CONNECT_WITHIN_S = 10.0
CLOSE_WITHIN_S = 2.0
"""A server that does not answer our goodbye is gone."""

WRITE_WITHIN_S = 10.0
"""A server that does not take a request for this long does not serve."""

Rejected = ConnectionRejected
"""What connecting raises when the server refuses: it has the HTTP status, and the server's reason as its body."""

T = TypeVar("T")
Tcp = trio.SocketStream | trio.SSLStream[trio.SocketStream]


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


@asynccontextmanager
async def dialed(url: str, token: str | None = None) -> AsyncIterator[WebSocketConnection]:
    """An open connection to a server, gone when the block is left. Raises OSError, and ConnectionRejected with a server's reason.

    An address may have a token in it, as in ws://NAME:TOKEN@HOST.
    """
    parts = urlsplit(url)
    # The library leaves the stream open when its server refuses, or closes first; so the stream is ours.
    async with await _in_time(partial(_open, parts), url) as stream, _going_on() as readers:
        socket = await _in_time(partial(_shake_hands, readers, stream, parts, token or parts.password), url)
        try:
            yield socket
        finally:
            with trio.move_on_after(CLOSE_WITHIN_S, shield=True):
                await socket.aclose()


@asynccontextmanager
async def _going_on() -> AsyncIterator[trio.Nursery]:
    """A nursery whose tasks do not end when we are cancelled, but when the block is left: who says goodbye has to hear the answer."""
    try:
        async with trio.open_nursery() as ours:
            theirs = await ours.start(_held_open)
            try:
                yield theirs
            finally:
                # A reader may wait for somebody to take a message; nobody will.
                theirs.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        # The nurseries are nobody's business outside; what happened in them is.
        only: BaseException = group
        while isinstance(only, BaseExceptionGroup) and len(only.exceptions) == 1:
            only = only.exceptions[0]
        raise only from None


async def _held_open(task_status: "trio.TaskStatus[trio.Nursery]") -> None:
    async with trio.open_nursery() as nursery:
        nursery.cancel_scope.shield = True
        task_status.started(nursery)
        await trio.sleep_forever()


async def _in_time(step: Callable[[], Awaitable[T]], url: str) -> T:
    try:
        with trio.fail_after(CONNECT_WITHIN_S):
            return await step()
    except trio.TooSlowError:
        raise TimeoutError(f"{url} did not answer within {CONNECT_WITHIN_S:g} s") from None


async def _open(url: SplitResult) -> Tcp:
    host = url.hostname or ""
    if url.scheme == "wss":
        stream = await trio.open_ssl_over_tcp_stream(host, url.port or 443, https_compatible=True)
        try:
            # Now, and not by the library's first write: it would wait for ever on a certificate that is not trusted.
            await stream.do_handshake()
        except BaseException as error:
            await trio.aclose_forcefully(stream)
            if isinstance(error, trio.BrokenResourceError) and isinstance(error.__cause__, OSError):
                raise error.__cause__ from None
            raise
        return stream
    return await trio.open_tcp_stream(host, url.port or 80)


async def _shake_hands(nursery: trio.Nursery, stream: Tcp, url: SplitResult, token: str | None) -> WebSocketConnection:
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    host = url.netloc.rpartition("@")[2]
    if token and not (token.isascii() and token.isprintable()):
        # The library would say so, too, and repeat it.
        raise PermissionError("the token has characters in it that no token has")
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    return await wrap_client_stream(
        nursery, stream, host, target, subprotocols=[SUBPROTOCOL], extra_headers=headers, max_message_size=MESSAGE_BYTES
    )


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
