"""A client's bytes, guarded: what is taken at once is sent at once, a wait can be interrupted, and a close lets our last words arrive."""

from __future__ import annotations

import socket
import ssl
from typing import Any, Protocol

import trio

HANDSHAKE_BYTES = 16 << 10
RECEIVE_BYTES = 64 << 10
LINGER_S = 1.0
LINGER_BYTES = 16 << 20
"""How long and how much is still read after the end: closing on unread bytes would make the client's system drop our last words."""

GONE = (trio.BrokenResourceError, trio.ClosedResourceError)
"""How it shows that a client is not there any more, or that we have left."""

NOT_NOW = (BlockingIOError, InterruptedError)


class Guarded(Protocol):
    """Both ways of bytes to one client. Everything raises one of GONE when it is."""

    @property
    def address(self) -> str:
        """Where the client is; empty when that is not known."""
        ...

    async def receive(self) -> bytes | None:
        """What comes next: no bytes at the end, None when interrupted."""
        ...

    def interrupt(self) -> None:
        """Let whoever waits to receive go on without anything."""
        ...

    def send_now(self, data: bytes) -> int:
        """Send as much as is taken at once; how much that was."""
        ...

    async def send_all(self, data: bytes | memoryview) -> None:
        """Send everything, however long that takes."""
        ...

    async def aclose(self) -> None:
        """Say that nothing follows, read on for a moment, and close. Cancelled, it closes at once."""
        ...


def guarded(stream: trio.abc.Stream) -> Guarded:
    """Straight on the socket where there is one, which spares every message a task and several switches."""
    return GuardedSocket(socket.socket(fileno=stream.socket.detach())) if isinstance(stream, trio.SocketStream) else GuardedStream(stream)


def address_of(stream: Any) -> str:
    """Where the client of a stream is; empty when that is not known."""
    try:
        return str(getattr(stream, "transport_stream", stream).socket.getpeername()[0])
    except (AttributeError, IndexError, OSError):
        return ""


def tls_fault(broken: BaseException) -> str | None:
    """What went wrong with the TLS of a stream that broke, in the words of the library and not of the client.

    None when that is not why, or when the client merely left.
    """
    cause = broken.__cause__
    if not isinstance(cause, ssl.SSLError) or isinstance(cause, ssl.SSLEOFError | ssl.SSLSyscallError):
        return None
    return cause.reason or "UNKNOWN"


class GuardedSocket:
    """A client's socket, without anything in between."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._closed = False

    @property
    def address(self) -> str:
        try:
            return str(self._socket.getpeername()[0])
        except (OSError, IndexError):
            return ""

    async def receive(self) -> bytes | None:
        while True:
            try:
                await trio.lowlevel.wait_readable(self._socket)
            except trio.ClosedResourceError:
                return None
            try:
                return self._socket.recv(RECEIVE_BYTES)
            except NOT_NOW:
                continue
            except OSError as error:
                raise trio.BrokenResourceError from error

    def interrupt(self) -> None:
        # It says so of a socket that is about to be closed; whoever waits then looks what it is about.
        if not self._closed:
            trio.lowlevel.notify_closing(self._socket)

    def send_now(self, data: bytes | memoryview) -> int:
        try:
            return self._socket.send(data)
        except NOT_NOW:
            return 0
        except OSError as error:
            raise trio.BrokenResourceError from error

    async def send_all(self, data: bytes | memoryview) -> None:
        rest = memoryview(data)
        while rest := rest[self.send_now(rest) :]:
            try:
                await trio.lowlevel.wait_writable(self._socket)
            except trio.ClosedResourceError:
                if self._closed:
                    raise

    async def aclose(self) -> None:
        if self._closed:
            return
        try:
            with trio.move_on_after(LINGER_S):
                self._socket.shutdown(socket.SHUT_WR)
                left = LINGER_BYTES
                while left > 0 and (received := await self.receive()):
                    left -= len(received)
        except (OSError, trio.BrokenResourceError):
            pass  # the client was quicker
        finally:
            self._closed = True
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()


class GuardedStream:
    """A client's stream, whatever it is made of."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._receiving = trio.CancelScope()
        self._closing = False

    @property
    def address(self) -> str:
        return address_of(self._stream)

    async def receive(self) -> bytes | None:
        with trio.CancelScope() as self._receiving:
            return bytes(await self._stream.receive_some(RECEIVE_BYTES))
        return None

    def interrupt(self) -> None:
        self._receiving.cancel()

    def send_now(self, data: bytes) -> int:
        return 0

    async def send_all(self, data: bytes | memoryview) -> None:
        if self._closing:
            # Saying that nothing follows takes a moment, and whoever still sends then would be told that the stream is busy.
            raise trio.ClosedResourceError("it is being closed")
        await self._stream.send_all(data)

    async def aclose(self) -> None:
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
