"""A client's byte stream, guarded: how long its handshake may be, and a close that lets our last words arrive."""

import socket
import struct
from contextlib import suppress

import trio

HANDSHAKE_BYTES = 16 << 10
RECEIVE_BYTES = 64 << 10
LINGER_S = 1.0
LINGER_BYTES = 16 << 20
"""How long and how much is still read after the end: closing on unread bytes would make the client's system drop our last words."""


RESET = struct.pack("ii", 1, 0)
"""To close at once and drop what is unsent."""


def reset(stream: object) -> None:
    """Let this stream of a client, once closed, hold nothing more: the system would keep what one who does not read was sent."""
    below = stream.transport_stream if isinstance(stream, trio.SSLStream) else stream
    if isinstance(below, trio.SocketStream):
        with suppress(OSError):  # it is closed already
            below.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


class GuardedStream(trio.abc.Stream):
    """The stream that a client connected with."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._left: int | None = HANDSHAKE_BYTES
        self._closing = False
        self._is_cut = False

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
    def is_closed(self) -> bool:
        """Whether it was closed from this side."""
        return self._closing

    def cut(self) -> None:
        """The client does not read, or is not there: it will hear no last words, so `aclose` does not wait for it."""
        self._is_cut = True
        reset(self._stream)

    def accepted(self) -> None:
        """The handshake is over, and its limit with it."""
        self._left = None

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        received = bytes(await self._stream.receive_some(max_bytes))
        if self._left is not None:
            self._left -= len(received)
            if self._left < 0:
                raise trio.BrokenResourceError("the handshake is too long")
        return received

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing:
            # Saying that nothing follows takes a moment, and whoever still sends then would be told that the stream is busy.
            raise trio.ClosedResourceError("it is being closed")
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Say that nothing follows, read on for a moment, and close. Cancelled, it closes at once."""
        if self._closing:
            return
        self._closing = True
        if self._is_cut:
            await trio.aclose_forcefully(self._stream)
            return
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
