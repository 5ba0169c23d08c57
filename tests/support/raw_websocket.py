"""WebSockets byte by byte: handshakes that a proper client would never send, and frames of any kind."""

import os
import struct
from collections.abc import Mapping

import trio

TEXT, BINARY, CLOSE, PING, PONG, CONTINUED = 1, 2, 8, 9, 10, 0
KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def opening(target: str = "/mcp", host: str | None = "127.0.0.1", more: Mapping[str, str] | None = None, method: str = "GET") -> bytes:
    """A client's opening request; a header given as empty is left out."""
    headers = {
        "Host": host or "",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "mcp",
        **(more or {}),
    }
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items() if value), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def frame(payload: bytes, opcode: int = TEXT, *, last: bool = True) -> bytes:
    """One frame as a client has to send it: masked."""
    size = len(payload)
    length = (
        bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size) if size < 1 << 16 else b"\xff" + struct.pack("!Q", size)
    )
    mask = os.urandom(4)
    masked = (int.from_bytes(payload) ^ int.from_bytes((mask * (size // 4 + 1))[:size])).to_bytes(size)
    return bytes([(0x80 if last else 0) | opcode]) + length + mask + masked


async def answer_to(stream: trio.abc.Stream, request: bytes) -> tuple[int, bytes]:
    """Send a request; the status and the whole of what is answered, to the end of the head or of the stream."""
    await stream.send_all(request)
    received = b""
    while not (received.startswith(b"HTTP/1.1 101") and b"\r\n\r\n" in received) and (chunk := await stream.receive_some(65536)):
        received += bytes(chunk)
    return (int(received.split(b" ")[1]) if received else 0), received


async def rest_of(stream: trio.abc.ReceiveStream) -> bytes:
    """Everything that comes until the other side ends it, however it does."""
    received = b""
    try:
        while chunk := await stream.receive_some(65536):
            received += bytes(chunk)
    except trio.BrokenResourceError:
        pass
    return received


def close_code(received: bytes) -> int | None:
    """The code in a server's close frame at the end of these bytes."""
    at = received.rfind(b"\x88")
    return int.from_bytes(received[at + 2 : at + 4]) if at >= 0 and received[at + 1] >= 2 else None


def frames_in(received: bytes) -> list[bytes]:
    """What is in each whole frame of a server's among these bytes, as far as they go."""
    found, at = [], 0
    while at + 2 <= len(received):
        size, head = received[at + 1], at + 2
        if size >= 126:
            more = 2 if size == 126 else 8
            size, head = int.from_bytes(received[head : head + more]), head + more
        if head + size > len(received):
            break
        found.append(received[head : head + size])
        at = head + size
    return found
