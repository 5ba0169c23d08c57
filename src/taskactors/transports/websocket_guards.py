"""What trio-websocket leaves open is closed here: how long a handshake may be, how large a message, and how a connection ends.

It reaches into that library's connection class; the tests beside it fail when a new version moves what is used.
"""

import ssl
from typing import Any

import trio
from trio_websocket import CloseReason, WebSocketConnection, WebSocketRequest
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

MESSAGE_BYTES = 1 << 20
"""The largest message: far above any honest call, and small enough that a hundred of them are no danger."""

FRAGMENTS_LIMIT = 1024
"""Pieces of one message: clients send one or a few. Empty ones would cost memory without ever counting as bytes."""

HANDSHAKE_BYTES = 16 << 10
INCOMING_LIMIT = 4
"""Messages that wait for their reader, who takes each at once; they wait only while the client does not read its answers."""

RECEIVE_BYTES = 64 << 10
LINGER_S = 1.0
LINGER_BYTES = 16 << 20
"""How long and how much is still read after the end: closing on unread bytes would make the client's system drop our last words."""

INVALID_TEXT, POLICY, TOO_BIG = 1007, 1008, 1009


class GuardedStream(trio.abc.Stream):
    """A client's byte stream with a limit on its handshake and a close that lets the last words arrive."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._left: int | None = HANDSHAKE_BYTES
        self._closing = False
        self.tls_fault: str | None = None
        """What went wrong with its TLS, in the words of the library and not of the client; None while nothing did."""

    @property
    def address(self) -> str:
        """Where the client is; empty when that is not known."""
        stream = self._stream.transport_stream if isinstance(self._stream, trio.SSLStream) else self._stream
        if not isinstance(stream, trio.SocketStream):
            return ""
        try:
            return str(stream.socket.getpeername()[0])
        except OSError:
            return ""

    @property
    def is_too_long(self) -> bool:
        """Whether the client sent more than a handshake may have."""
        return self._left is not None and self._left < 0

    @property
    def is_silent(self) -> bool:
        """Whether the client has sent nothing at all, as whoever only looks whether somebody listens."""
        return self._left == HANDSHAKE_BYTES

    @property
    def is_closed(self) -> bool:
        """Whether it was closed from this side."""
        return self._closing

    def accepted(self) -> None:
        """The handshake is over, and its limit with it."""
        self._left = None

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        try:
            received = bytes(await self._stream.receive_some(max_bytes))
        except trio.BrokenResourceError as broken:
            if isinstance(broken.__cause__, ssl.SSLError):
                self.tls_fault = broken.__cause__.reason or "UNKNOWN"
            raise
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
        """Say that nothing follows, read on for a moment, and close. Cancelled, it closes at once."""
        if self._closing:
            return
        self._closing = True
        try:
            with trio.move_on_after(LINGER_S):
                if isinstance(self._stream, trio.abc.HalfCloseableStream):
                    await self._stream.send_eof()
                else:
                    await self._stream.aclose()  # TLS has its own way to say that nothing follows
                    return
                left = LINGER_BYTES
                while left > 0 and (received := await self._stream.receive_some(RECEIVE_BYTES)):
                    left -= len(received)
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError):
            pass  # the client was quicker, or somebody else still reads
        finally:
            await trio.aclose_forcefully(self._stream)


async def read_request(nursery: trio.Nursery, stream: trio.abc.Stream) -> WebSocketRequest | None:
    """The client's opening request, or None when what it sent is none. The connection's reader stays in the nursery."""
    connection = _Strict(
        stream,
        WSConnection(ConnectionType.SERVER),
        message_queue_size=INCOMING_LIMIT,
        max_message_size=MESSAGE_BYTES,
        receive_buffer_size=RECEIVE_BYTES,
    )
    with trio.CancelScope() as waiting:

        async def read() -> None:
            try:
                await connection._reader_task()
            except UnicodeError:
                pass  # a header that is no text; whoever waits for the request hears that there is none
            finally:
                waiting.cancel()

        nursery.start_soon(read)
        return await connection._get_request()
    return None


class _Strict(WebSocketConnection):
    """A server's connection that counts bytes rather than characters, and names its reason when it gives up on a client."""

    async def _handle_message_event(self, event: BytesMessage | TextMessage) -> None:
        if self._close_reason is not None:
            return
        if len(self._message_parts) >= FRAGMENTS_LIMIT:
            await self._give_up(POLICY, f"a message has at most {FRAGMENTS_LIMIT} fragments")
            return
        if isinstance(event.data, str) and not event.data.isascii():
            self._message_size += len(event.data.encode()) - len(event.data)
        await super()._handle_message_event(event)

    async def _handle_close_connection_event(self, event: CloseConnection) -> None:
        if self._wsproto.state is ConnectionState.OPEN:
            # Not the client's own close, which would have changed the state: what it sent breaks the protocol. Tell it so.
            await self._give_up(event.code, event.reason)
            return
        await super()._handle_close_connection_event(event)

    async def _handle_ping_event(self, event: Ping) -> None:
        if self._close_reason is None:
            await super()._handle_ping_event(event)

    async def _give_up(self, code: Any, reason: str | None) -> None:
        self._message_size = 0
        self._message_parts = []
        self._close_reason = CloseReason(int(code), reason)
        await self._send(CloseConnection(code=int(code), reason=reason))
        await self._recv_channel.aclose()
        self._reader_running = False
