"""Sockets as somebody hostile has them: blocking, with an address of their own, and cut off in any way."""

import contextlib
import socket
import struct
from collections.abc import Callable
from urllib.parse import urlsplit

ANSWER_WITHIN_S = 15.0
"""A server that neither answers nor closes by then hangs; one that merely shares its machine with others does not take so long."""

READ_BYTES = 1 << 16

Where = tuple[str, int] | str
"""A TCP address, or the path of a Unix socket."""


class Hung(Exception):
    """The server neither answered nor closed in time."""


class Gone(Exception):
    """The server closed where it should have answered; `received` is what came before that."""

    def __init__(self, received: bytes = b"") -> None:
        super().__init__(f"closed after {received[:200]!r}")
        self.received = received


def where(url: str) -> Where:
    """Of a server's URL, the place to dial."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def dial(to: Where, source: str | None = None) -> socket.socket:
    """An open socket; from another address of this machine, where one is named. Raises Gone when nobody listens."""
    dialed = socket.socket(socket.AF_UNIX if isinstance(to, str) else socket.AF_INET, socket.SOCK_STREAM)
    dialed.settimeout(ANSWER_WITHIN_S)
    try:
        if source is not None:
            dialed.bind((source, 0))
        dialed.connect(to)
        if not isinstance(to, str):
            dialed.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except TimeoutError:
        dialed.close()
        raise Hung("it does not accept") from None
    except OSError:
        dialed.close()
        raise Gone from None
    return dialed


def send(on: socket.socket, what: bytes) -> bool:
    """Send as much as is taken; whether that was all. A server that has heard enough may have closed before."""
    try:
        on.sendall(what)
    except TimeoutError:
        raise Hung("it does not read") from None
    except OSError:
        return False
    return True


def half_close(on: socket.socket) -> None:
    """Say that nothing follows."""
    with contextlib.suppress(OSError):
        on.shutdown(socket.SHUT_WR)


def receive(on: socket.socket) -> bytes:
    """Some of what comes; nothing at the end, whichever way it was ended. Raises Hung."""
    try:
        return on.recv(READ_BYTES)
    except TimeoutError:
        raise Hung("no answer") from None
    except OSError:
        return b""


def everything(on: socket.socket) -> bytes:
    """All that comes until the server closes. Raises Hung."""
    return until(on, lambda received: False)


def until(on: socket.socket, enough: Callable[[bytes], bool], received: bytes = b"") -> bytes:
    """What comes until it is enough, or the server closes. Raises Hung."""
    whole = bytearray(received)
    while not enough(bytes(whole)) and (chunk := receive(on)):
        whole += chunk
    return bytes(whole)


def cut(socket_: socket.socket) -> None:
    """End it as a crash does: the other side gets a reset."""
    with contextlib.suppress(OSError):
        socket_.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket_.close()
