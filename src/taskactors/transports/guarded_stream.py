"""A client's bytes, guarded: what is taken at once is sent at once, a wait can be interrupted, and a close lets our last words arrive."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

import trio
from outcome import Error, Outcome, Value, capture

from .arrivals import Arrivals

HANDSHAKE_BYTES = 16 << 10
RECEIVE_BYTES = 64 << 10
LINGER_S = 1.0
LINGER_BYTES = 16 << 20
"""How long and how much is still read after the end: closing on unread bytes would make the client's system drop our last words."""

GONE = (trio.BrokenResourceError, trio.ClosedResourceError)
"""How it shows that a client is not there any more, or that we have left."""

RESET = struct.pack("ii", 1, 0)
"""To close at once and drop what is unsent."""

NOT_NOW = (BlockingIOError, InterruptedError)

AtOnce = Callable[[bytes], bool]
"""Takes what a client sent where it is read, while whoever receives waits; whether to wait on."""


class Guarded(Protocol):
    """Both ways of bytes to one client. Everything raises one of GONE when it is."""

    @property
    def address(self) -> str:
        """Where the client is; empty when that is not known."""
        ...

    async def receive(self, at_once: AtOnce | None = None) -> bytes | None:
        """What comes next: no bytes at the end, None when interrupted.

        Where `at_once` is given, what comes may be given to that instead; then this returns None once it says not to wait on.
        """
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

    def cut(self) -> None:
        """The client does not read, or is not there: `aclose` waits for nothing, and the system keeps nothing that was not taken."""
        ...

    async def aclose(self) -> None:
        """Say that nothing follows, read on for a moment, and close. Cancelled, it closes at once."""
        ...


def reset(sock: Any) -> None:
    """Let this socket, once closed, hold nothing more: the system would keep for minutes what one who does not read was sent."""
    with suppress(OSError):  # it is closed already
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def guarded(stream: trio.abc.Stream) -> Guarded:
    """Straight on the socket where there is one, which spares every message a task and several switches."""
    return GuardedSocket(socket.socket(fileno=stream.socket.detach())) if isinstance(stream, trio.SocketStream) else GuardedStream(stream)


def socket_below(stream: Any) -> Any:
    """The socket of a stream, None for one that has none."""
    return getattr(getattr(stream, "transport_stream", stream), "socket", None)


def address_of(stream: Any) -> str:
    """Where the client of a stream is; empty when that is not known."""
    try:
        return str(socket_below(stream).getpeername()[0])
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
    """A client's socket, without anything in between. One task at a time receives."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._arrivals = Arrivals.here()
        self._receiver: trio.lowlevel.Task | None = None
        self._at_once: AtOnce | None = None
        self._closed = False
        self._is_cut = False

    @property
    def address(self) -> str:
        try:
            return str(self._socket.getpeername()[0])
        except (OSError, IndexError):
            return ""

    def fileno(self) -> int:
        return self._socket.fileno()

    async def receive(self, at_once: AtOnce | None = None) -> bytes | None:
        if self._receiver is not None:
            raise trio.BusyResourceError("another task receives already")
        if self._closed:
            raise trio.ClosedResourceError("it is closed")
        self._receiver, self._at_once = trio.lowlevel.current_task(), at_once
        self._arrivals.tell(self)
        received: bytes | None = await trio.lowlevel.wait_task_rescheduled(self._give_up)
        return received

    def _give_up(self, _: object) -> trio.lowlevel.Abort:
        self._receiver = self._at_once = None
        return trio.lowlevel.Abort.SUCCEEDED

    def arrived(self) -> bool:
        """Read for whoever receives. Nobody does while a message is worked on: then it stays where it is."""
        if self._receiver is None:
            return False
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except NOT_NOW:
            return True
        except OSError as error:
            self._go_on(Error(_broken_by(error)))
            return True
        if not data or self._at_once is None:
            self._go_on(Value(data))
            return True
        wait_on = capture(self._at_once, data)
        if isinstance(wait_on, Error):
            self._go_on(wait_on)
        elif not wait_on.value:
            self._go_on(Value(None))
        return True

    def interrupt(self) -> None:
        self._go_on(Value(None))

    def _go_on(self, received: Outcome[bytes | None]) -> None:
        if (receiver := self._receiver) is not None:
            self._receiver = self._at_once = None
            trio.lowlevel.reschedule(receiver, received)

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
            await trio.lowlevel.wait_writable(self._socket)

    def cut(self) -> None:
        self._is_cut = True
        reset(self._socket)

    async def aclose(self) -> None:
        if self._closed:
            return
        try:
            if not self._is_cut:
                await self._linger()
        except (OSError, trio.BrokenResourceError, trio.BusyResourceError):
            pass  # the client was quicker, or somebody else still reads
        finally:
            self._closed = True
            self.interrupt()
            self._arrivals.forget(self)
            trio.lowlevel.notify_closing(self._socket)
            self._socket.close()

    async def _linger(self) -> None:
        with trio.move_on_after(LINGER_S):
            self._socket.shutdown(socket.SHUT_WR)
            left = LINGER_BYTES
            while left > 0 and (received := await self.receive()):
                left -= len(received)


def _broken_by(error: OSError) -> trio.BrokenResourceError:
    broken = trio.BrokenResourceError()
    broken.__cause__ = error
    return broken


class GuardedStream:
    """A client's stream, whatever it is made of."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._receiving = trio.CancelScope()
        self._closing = False
        self._is_cut = False

    @property
    def address(self) -> str:
        return address_of(self._stream)

    async def receive(self, at_once: AtOnce | None = None) -> bytes | None:
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

    def cut(self) -> None:
        self._is_cut = True
        if (below := socket_below(self._stream)) is not None:
            reset(below)

    async def aclose(self) -> None:
        if self._closing:
            return
        self._closing = True
        try:
            if not self._is_cut:
                await self._linger()
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.BusyResourceError):
            pass  # the client was quicker, or somebody else still reads
        finally:
            await trio.aclose_forcefully(self._stream)

    async def _linger(self) -> None:
        with trio.move_on_after(LINGER_S):
            if not isinstance(self._stream, trio.abc.HalfCloseableStream):
                await self._stream.aclose()  # TLS has its own way to say that nothing follows
                return
            await self._stream.send_eof()
            left = LINGER_BYTES
            while left > 0 and (received := await self._stream.receive_some(RECEIVE_BYTES)):
                left -= len(received)
