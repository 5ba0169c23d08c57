"""A blocking HTTP connection: requests out as bytes, whole responses in, one after the other."""

import socket

from attrs import Factory, define, frozen

from tests.fuzz.sockets import Gone, receive, send
from tests.fuzz.websocket_line import HEAD_END, status_of

INTERIM = 200
"""Statuses below this are followed by another answer."""


@frozen
class Response:
    """One answer. Its head is in lower case."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header; None without it."""
        for line in self.head.split(b"\r\n")[1:]:
            found, _, value = line.partition(b":")
            if found.decode("latin-1") == name:
                return value.strip().decode("latin-1")
        return None


@define(eq=False)
class HttpLine:
    """One connection."""

    socket: socket.socket
    _received: bytearray = Factory(bytearray)

    def send(self, what: bytes) -> bool:
        """Send bytes as they are; whether all were taken."""
        return send(self.socket, what)

    def next_response(self, to_head: bool = False) -> Response:
        """The next final answer, which has no body when it is `to_head`. Raises Gone when there is none, Hung."""
        while True:
            head = self._until(HEAD_END)
            status = status_of(head)
            if status == 0:
                raise Gone(head)
            if status == 101 or status >= INTERIM:
                bodyless = to_head or status in (101, 204, 304)
                found = Response(status, head.lower(), b"")
                return found if bodyless else Response(status, head.lower(), self._body(found))

    def close(self) -> None:
        self.socket.close()

    def _body(self, of: Response) -> bytes:
        if (of.header("transfer-encoding") or "") == "chunked":
            body = b""
            while size := int(self._until(b"\r\n"), 16):
                body += self._exactly(size + 2)[:-2]
            self._until(b"\r\n")
            return body
        if (length := of.header("content-length")) is not None:
            return self._exactly(int(length))
        while chunk := receive(self.socket):
            self._received += chunk
        return self._taken(len(self._received))

    def _until(self, mark: bytes) -> bytes:
        while (at := self._received.find(mark)) < 0:
            self._more()
        return self._taken(at + len(mark))

    def _exactly(self, size: int) -> bytes:
        while len(self._received) < size:
            self._more()
        return self._taken(size)

    def _more(self) -> None:
        if not (chunk := receive(self.socket)):
            raise Gone(bytes(self._received))
        self._received += chunk

    def _taken(self, size: int) -> bytes:
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken
