"""The bridge: an MCP client that speaks over its standard streams, led to the server's WebSocket, line for message, verbatim.

It outlives the server: whatever was under way when the server went is answered with an error, and the client's handshake is
said again to the next one, so that the client sees a slow answer or a failed call and never an end.
"""

import math
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import trio
from attrs import Factory, define
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection

from .control_lines import INVALID_REQUEST, LINE_BYTES, PARSE_ERROR, TOO_LONG, LineCutter
from .dialing import dialed

READ_BYTES = 1 << 16

WAITING_LIMIT = 64
"""Lines read ahead while there is no server: more than a client has under way."""

PAUSES_S = (0.05, 2.0)
"""Between attempts to reach a server that went away: soon at first, as after a quick restart, then no faster than anybody notices."""

GONE = 1
"""Our own code for a request that was under way when the server went: MCP leaves positive codes to us."""


LOST = "the server went away; look whether the change was made, or repeat it with its idempotency_key"


class TurnedAway(Exception):
    """The server refused the connection, and said why."""


Found = tuple[str, str | None]
"""A server's address, and the token to show there, if there is one."""

Find = Callable[[], Awaitable[Found]]
"""The server now; a restarted one may be elsewhere. Raises OSError while there is none."""


@define(eq=False)
class Bridge:
    """One client's way to a server."""

    find: Find
    stdin: trio.abc.ReceiveStream
    stdout: trio.abc.SendStream
    _under_way: dict[str | int, None] = Factory(dict)
    _handshake: list[bytes] = Factory(list)
    _unheard: set[str | int] = Factory(set)
    _unsent: bytes | None = None
    _saying: trio.Lock = Factory(trio.Lock)

    async def run(self) -> None:
        """Until the client closes its side. Raises OSError and TurnedAway when the very first server cannot be reached."""
        outgoing, lines = trio.open_memory_channel[bytes](WAITING_LIMIT)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._converse, lines)
            await self._read(outgoing)
            nursery.cancel_scope.cancel()

    async def _read(self, outgoing: trio.MemorySendChannel[bytes]) -> None:
        cutter = LineCutter()
        while chunk := await self.stdin.receive_some(READ_BYTES):
            for line in cutter.feed(bytes(chunk)):
                # A server would cut the connection for what is too long, and could only guess at what is no text. Whoever is this wrong
                # hears it at once, and may go on.
                if line is TOO_LONG:
                    await self._say(_error(None, INVALID_REQUEST, f"Invalid Request: a message has {LINE_BYTES} bytes at most"))
                elif not _is_text(line):
                    await self._say(_error(None, PARSE_ERROR, "Parse error: a message is text in UTF-8"))
                elif line := line.strip():
                    await outgoing.send(line)

    async def _converse(self, lines: trio.MemoryReceiveChannel[bytes]) -> None:
        pause_s, reached = PAUSES_S[0], False
        while True:
            try:
                async with dialed(*await self.find()) as socket:
                    pause_s, reached = PAUSES_S[0], True
                    await self._exchange(socket, lines)
            except ConnectionRejected as rejected:
                raise TurnedAway((rejected.body or b"").decode(errors="replace").strip()) from None
            except (OSError, ConnectionClosed):
                if not reached:
                    raise
            await self._tell_of_the_end()
            await trio.sleep(pause_s)
            pause_s = min(2 * pause_s, PAUSES_S[1])

    async def _exchange(self, socket: WebSocketConnection, lines: trio.MemoryReceiveChannel[bytes]) -> None:
        """Until the server goes away."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._receive, socket, nursery.cancel_scope)
            try:
                await self._introduce(socket)
                while True:
                    self._unsent = self._unsent or await lines.receive()
                    self._note_sent(self._unsent)
                    await socket.send_message(self._unsent.decode())
                    self._unsent = None
            except ConnectionClosed:
                # Not in the middle of what the client is being told.
                async with self._saying:
                    nursery.cancel_scope.cancel()

    async def _introduce(self, socket: WebSocketConnection) -> None:
        """What the client said once to the first server, every other one has to hear, too; the client has its answer already."""
        for line in self._handshake:
            if (number := _id_of(_decoded(line))) is not None:
                self._unheard.add(number)
            await socket.send_message(line.decode())

    async def _receive(self, socket: WebSocketConnection, over: trio.CancelScope) -> None:
        try:
            while True:
                message = await socket.get_message()
                line = message.encode() if isinstance(message, str) else bytes(message)
                number = _id_of(reply) if "method" not in (reply := _decoded(line)) else None
                if number is not None:
                    self._under_way.pop(number, None)
                if number in self._unheard and number is not None:
                    self._unheard.discard(number)
                    continue
                await self._say(line)
        except ConnectionClosed:
            over.cancel()

    def _note_sent(self, line: bytes) -> None:
        message = _decoded(line)
        method, number = message.get("method"), _id_of(message)
        if method is not None and number is not None:
            self._under_way[number] = None
        if method == "initialize":
            self._handshake = [line]
        elif method == "notifications/initialized" and self._handshake:
            self._handshake = [self._handshake[0], line]

    async def _tell_of_the_end(self) -> None:
        """The server is gone: nobody will answer what was under way."""
        self._unheard.clear()
        lost = [number for number in self._under_way if self._unsent is None or number != _id_of(_decoded(self._unsent))]
        self._under_way.clear()
        for number in lost:
            await self._say(
                _error(number, GONE, "the server went away; look whether the change was made, or repeat it with its idempotency_key")
            )

    async def _say(self, line: bytes) -> None:
        # What the server says and what is said here come from two tasks, and only one can write.
        async with self._saying:
            await self.stdout.send_all(line.replace(b"\n", b" ") + b"\n")


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        message = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def _id_of(message: dict[str, Any]) -> str | int | None:
    found = message.get("id")
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _error(number: str | int | None, code: int, why: str) -> bytes:
    return msgspec.json.encode({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": why}})


async def until_found(find: Callable[[], Found | None], within_s: float = math.inf) -> Found:
    """The server that `find` gives, as soon as it gives one. Raises OSError when it gave none in time."""
    with trio.move_on_after(within_s):
        while (found := find()) is None:  # noqa: ASYNC110 - another process writes the address down, and tells nobody
            await trio.sleep(PAUSES_S[0])
        return found
    raise OSError(f"no server could be found within {within_s:g} s")
