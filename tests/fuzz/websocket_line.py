"""A blocking WebSocket, frame by frame: what a hostile client sends is bytes; what the server answers is taken apart and checked."""

import json
import socket
from typing import Any

from attrs import Factory, define, frozen

from tests.fuzz.sockets import Gone, Where, dial, receive, send, until
from tests.support.raw_websocket import CLOSE, PING, TEXT, frame, opening

HEAD_END = b"\r\n\r\n"


class BadFrame(Exception):
    """The server itself broke the protocol."""


@frozen
class Frame:
    """One frame of the server's."""

    opcode: int
    payload: bytes

    @property
    def close_code(self) -> int | None:
        """Of a close frame, its code; None when it has none."""
        return int.from_bytes(self.payload[:2]) if self.opcode == CLOSE and len(self.payload) >= 2 else None


@define(eq=False)
class WebSocketLine:
    """One open WebSocket."""

    socket: socket.socket
    _received: bytearray = Factory(bytearray)

    def send(self, what: bytes) -> bool:
        """Send bytes as they are; whether all were taken."""
        return send(self.socket, what)

    def say(self, text: bytes | str, opcode: int = TEXT) -> bool:
        """Send one whole message."""
        return self.send(frame(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text, opcode))

    def next_frame(self) -> Frame | None:
        """The next frame; None when the server has closed. Raises Hung, and BadFrame."""
        while (found := self._cut()) is None:
            if not (chunk := receive(self.socket)):
                return None
            self._received += chunk
        return found

    def next_message(self) -> Any:
        """The next JSON that it says. Raises Gone when it closes instead, Hung, BadFrame."""
        while (found := self.next_frame()) is not None:
            if found.opcode == TEXT:
                return json.loads(found.payload)
            if found.opcode == PING:
                self.send(frame(found.payload, 10))
            elif found.opcode == CLOSE:
                raise Gone(found.payload)
        raise Gone

    def close(self) -> None:
        self.socket.close()

    def _cut(self) -> Frame | None:
        """The first frame of what was received, if all of it is there."""
        if len(self._received) < 2:
            return None
        first, second = self._received[0], self._received[1]
        if first & 0x70 or second & 0x80 or not first & 0x80:
            raise BadFrame(bytes(self._received[:20]).hex())
        size, start = second, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(self._received) < start:
                return None
            size = int.from_bytes(self._received[2:start])
        if len(self._received) < start + size:
            return None
        found = Frame(first & 0x0F, bytes(self._received[start : start + size]))
        del self._received[: start + size]
        return found


def shake_hands(to: Where, request: bytes, source: str | None = None) -> tuple[int, WebSocketLine]:
    """Send a handshake; the status of the answer, and the line behind it, which is closed unless the status is 101. Raises Hung, Gone."""
    line = dial(to, source)
    try:
        send(line, request)
        received = until(line, lambda so_far: HEAD_END in so_far)
        status = status_of(received)
    except BaseException:
        line.close()
        raise
    if status != 101:
        line.close()
    return status, WebSocketLine(line, bytearray(received.partition(HEAD_END)[2]))


def status_of(answer: bytes) -> int:
    """Of an HTTP answer; 0 when it is none."""
    return int(answer[9:12]) if answer[:9] in (b"HTTP/1.1 ", b"HTTP/1.0 ") and answer[9:12].isdigit() else 0


def opened(to: Where, token: str, target: str = "/mcp", source: str | None = None) -> WebSocketLine:
    """A line that was let in with a token. Raises Gone when it was not."""
    status, line = shake_hands(to, opening(target, more={"Authorization": f"Bearer {token}"}), source)
    if status != 101:
        raise Gone(str(status).encode())
    return line
