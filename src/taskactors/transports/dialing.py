"""Dialing: opens a WebSocket to a server, and leaves it properly. Without the SDK, so bridges start at once and stay small."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

import trio
from trio_websocket import ConnectionRejected, WebSocketConnection, wrap_client_stream

SUBPROTOCOL = "mcp"
MESSAGE_BYTES = 16 << 20
"""What we are willing to be told in one message: answers may be larger than calls."""

CONNECT_WITHIN_S = 10.0
CLOSE_WITHIN_S = 2.0
"""A server that does not answer our goodbye is gone."""

Rejected = ConnectionRejected
"""What dialing raises when the server refuses: it has the HTTP status, and the server's reason as its body."""

T = TypeVar("T")
Tcp = trio.SocketStream | trio.SSLStream[trio.SocketStream]


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
