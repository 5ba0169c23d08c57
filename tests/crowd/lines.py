"""A crowd of clients on bare sockets, which cost a test nearly nothing: silent ones, deaf ones, and ones that never get started."""

import itertools
import json
import select
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from attrs import Factory, define, field

from tests.support.agent_client import ENVELOPE
from tests.support.raw_websocket import PONG, frame, opening

ANSWER_WITHIN_S = 30.0
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "crowd", "version": "1"}}
EVENTS = "taskactors://events"
LITTLE_BYTES = 2_048
"""What the system keeps for one who does not read: as little as it lets us."""


@define(eq=False)
class Line:
    """One client of a server, which waits for what it asks for."""

    port: int
    agent: str
    room_bytes: int | None = None
    _socket: socket.socket = field(init=False)
    _received: bytearray = Factory(bytearray)
    _numbers: Iterator[int] = Factory(lambda: itertools.count(1))

    def __attrs_post_init__(self) -> None:
        self._socket = socket.socket()
        if self.room_bytes is not None:
            # Before it connects, as the window is agreed upon then.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.room_bytes)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(ANSWER_WITHIN_S)
        self._socket.connect(("127.0.0.1", self.port))

    def open(self) -> "Line":
        """Shake hands."""
        self._socket.sendall(opening(f"/mcp?agent={self.agent}"))
        while b"\r\n\r\n" not in self._received:
            self._more()
        head, _, rest = bytes(self._received).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        self._received = bytearray(rest)
        return self

    def introduce(self) -> "Line":
        """As clients of the older era do, and then subscribe to all that happens."""
        self.ask("initialize", INITIALIZE)
        self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})
        self.ask("resources/subscribe", {"uri": EVENTS})
        return self

    def listen(self) -> "Line":
        """The same in the newer era: hear of all that happens."""
        asked = {"notifications": {"resourceSubscriptions": [EVENTS]}, "_meta": ENVELOPE}
        self.say({"jsonrpc": "2.0", "id": "listening", "method": "subscriptions/listen", "params": asked})
        self.hear()
        return self

    def call(self, tool: str, **arguments: Any) -> Any:
        """The structured answer of a tool."""
        answer = self.ask("tools/call", {"name": tool, "arguments": arguments, "_meta": ENVELOPE})
        assert "structuredContent" in answer, answer
        return answer["structuredContent"]

    def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        number = next(self._numbers)
        self.say({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        while (message := self.hear()).get("id") != number:
            pass
        return message["result"]

    def say(self, message: Mapping[str, Any]) -> None:
        self._socket.sendall(frame(json.dumps(message).encode()))

    def hear(self) -> Any:
        """The next message; pings are answered on the way."""
        while True:
            kind, payload = self._frame()
            if kind == 0x89:
                self._socket.sendall(frame(payload, PONG))
            elif kind == 0x81:
                return json.loads(payload)

    def answer_pings(self) -> None:
        """What a client's library does while the client is silent: read what comes, answer pings, forget the rest."""
        self._socket.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                self._more()
        self._socket.settimeout(ANSWER_WITHIN_S)
        while len(self._received) >= 2 and len(self._received) >= self._size():
            kind, payload = self._frame()
            if kind == 0x89:
                self._socket.sendall(frame(payload, PONG))

    def _frame(self) -> tuple[int, bytes]:
        while len(self._received) < 2 or len(self._received) < self._size():
            self._more()
        size, start = self._size(), self._start()
        kind, payload = self._received[0], bytes(self._received[start:size])
        del self._received[:size]
        return kind, payload

    def _start(self) -> int:
        return {126: 4, 127: 10}.get(self._received[1], 2)

    def _size(self) -> int:
        """Of the frame that has begun, as far as that can be said."""
        start = self._start()
        if len(self._received) < start:
            return start
        match start:
            case 4:
                return start + int(struct.unpack("!H", self._received[2:4])[0])
            case 10:
                return start + int(struct.unpack("!Q", self._received[2:10])[0])
            case _:
                return start + self._received[1]

    def _more(self) -> None:
        chunk = self._socket.recv(1 << 16)
        assert chunk, "the server closed the connection"
        self._received += chunk

    @property
    def end(self) -> socket.socket:
        """Its end of the connection."""
        return self._socket

    def close(self) -> None:
        self._socket.close()


@define(eq=False)
class Crowd:
    """Many clients at once. Leaving the block closes them all."""

    port: int
    sockets: list[socket.socket] = Factory(list)
    lines: list[Line] = Factory(list)

    def silent(self, number: int) -> None:
        """Clients of both eras that subscribe to all that happens, and then do nothing but answer pings."""
        for each in range(number):
            line = self._added(Line(self.port, f"silent-{each}").open())
            _ = line.listen() if each % 2 else line.introduce()

    def deaf(self, number: int) -> None:
        """Clients that subscribe to all that happens and never read again."""
        for each in range(number):
            self._added(Line(self.port, f"deaf-{each}", LITTLE_BYTES).open()).listen()

    def greedy(self, number: int, answers: int) -> None:
        """Clients that ask for much and read nothing of it."""
        for each in range(number):
            line = self._added(Line(self.port, f"greedy-{each}", LITTLE_BYTES).open())
            asked = {"name": "list_tasks", "arguments": {"limit": 100, "detail": "full"}, "_meta": ENVELOPE}
            for place in range(answers):
                line.say({"jsonrpc": "2.0", "id": place, "method": "tools/call", "params": asked})

    def begun(self, number: int, port: int | None = None) -> None:
        """Clients that begin their handshake, or their request, and never end it."""
        for _ in range(number):
            begun = socket.create_connection(("127.0.0.1", port or self.port))
            begun.sendall(b"GET /mcp HTTP/1.1\r\nHost: localhost\r\n")
            self.sockets.append(begun)

    def answer_pings(self) -> None:
        for line in self.lines:
            line.answer_pings()

    def left(self, within_s: float) -> int:
        """How many are still connected when all are cut, or after that time."""
        watched = select.epoll()
        with watched:
            for each in self.sockets:
                watched.register(each, select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR)
            here, until = len(self.sockets), time.monotonic() + within_s
            while here and (wait_s := until - time.monotonic()) > 0:
                for descriptor, _ in watched.poll(wait_s):
                    watched.unregister(descriptor)
                    here -= 1
        return here

    def _added(self, line: Line) -> Line:
        self.lines.append(line)
        self.sockets.append(line.end)
        return line

    def close(self) -> None:
        for each in self.sockets:
            each.close()
        self.sockets.clear()
        self.lines.clear()


@contextmanager
def crowd(port: int) -> Iterator[Crowd]:
    """A crowd before a server, gone afterwards."""
    there = Crowd(port)
    try:
        yield there
    finally:
        there.close()
