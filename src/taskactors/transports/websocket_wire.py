"""One accepted WebSocket: whole messages in, whole messages out, and a client that is not there any more found out."""

from __future__ import annotations

from functools import partial

import trio
from attrs import Factory, define

from ..actors.wires import Taken, WireClosed
from .guarded_stream import GONE, Guarded
from .websocket_guards import GuardedFrames

WRITE_WITHIN_S = 5.0
"""A client that does not take an answer for this long is dead, or may as well be."""

PING_BYTES = 4

OUTGOING_LIMIT = 64
"""Messages queued for one client: twice what it may have under way."""

OUTGOING_BYTES = 256 << 10
"""The same by their size: a client that does not read has no more of its requests taken, and so no more answers made."""

AT_ONCE_BYTES = 64 << 10
"""Queued messages are sent together up to this size, so that the time a client has is for what it can take in that time."""

IN_A_ROW = 8
"""Messages that came together are handed on in a row up to this number; then others have their turn, which costs less than one of them."""

CLOSE_WITHIN_S = 1.0
"""How long a client may take to answer our close before the connection is cut."""


@define(eq=False)
class WebSocketWire:
    """One accepted connection. What its client takes at once is sent at once; what it does not is queued, and one task sends that."""

    stream: Guarded
    nursery: trio.Nursery
    _frames: GuardedFrames = Factory(GuardedFrames)
    _queue: list[bytes] = Factory(list)
    """No deque, which has room for 64 when it is empty, as it is for nearly every connection at nearly every time."""
    _less: trio.Event | None = None
    _queued_bytes: int = 0
    _asked: bytes = b""
    _writing: bool = False
    _in_a_row: int = 0
    _gone: bool = False
    _draining: bool = False
    _expelled: bool = False

    async def receive(self, taken: Taken | None = None) -> str | None:
        """The next message; None when no more shall be taken but answers still go out. Raises WireClosed."""
        while True:
            if self._expelled:
                raise WireClosed
            if self._draining:
                return None
            if self._is_full:
                await self._until_less()
            elif self._frames.messages and self._in_a_row == IN_A_ROW:
                self._in_a_row = 0
                await trio.lowlevel.checkpoint()
            elif self._frames.messages:
                self._in_a_row += 1
                message = self._frames.messages.pop(0)
                if taken is None or not taken(message):
                    return message
            elif self._gone or not self._frames.is_open:
                raise WireClosed
            else:
                await self._take(taken)

    async def _take(self, taken: Taken | None = None) -> None:
        """Take what comes next, whatever it is; nothing when interrupted."""
        self._in_a_row = 0
        try:
            data = await self.stream.receive(None if taken is None else partial(self._take_at_once, taken))
        except GONE:
            data = b""
        if data:
            self.feed(data)
        elif data is not None:
            self._lose()

    def _take_at_once(self, taken: Taken, data: bytes) -> bool:
        """Take what came while whoever receives waits on; False when there is something for them to do."""
        self.feed(data)
        messages = self._frames.messages
        if len(messages) > IN_A_ROW:
            return False
        while messages and not self._is_full:
            if not taken(messages[0]):
                return False
            del messages[0]
        return self._frames.is_open and not (messages or self._gone or self._draining or self._expelled)

    def feed(self, data: bytes) -> None:
        """Take these bytes of the client."""
        self._put(self._frames.feed(data))

    async def send(self, frame: str | bytes) -> None:
        """Queue a message; waits while the queue is full. Raises WireClosed."""
        await trio.lowlevel.checkpoint()
        while self._is_full:
            await self._until_less()
        if self._gone or self._expelled or not self._frames.is_open:
            raise WireClosed
        self.post(frame if isinstance(frame, bytes) else frame.encode())

    def post(self, frame: bytes) -> None:
        """Send a message at once, or queue it; nothing when the client is gone."""
        if not self._expelled:
            self._put(self._frames.text(frame))

    async def close(self, code: int, reason: str = "") -> None:
        """Say goodbye with this code behind whatever is queued, and wait a moment for the answer."""
        self._put(self._frames.close(code, reason))
        while self._queue:
            await self._until_less()
        with trio.move_on_after(CLOSE_WITHIN_S):
            while not (self._gone or self._frames.is_over):
                self._frames.messages.clear()
                await self._take()

    def drain(self) -> None:
        """Take no more messages; answers still go out."""
        self._draining = True
        self._wake()

    def expel(self) -> None:
        """This client may not be here any more: what it has under way ends unanswered."""
        self._expelled = True
        self._wake()

    @property
    def expelled(self) -> bool:
        """Whether `expel` was called."""
        return self._expelled

    @property
    def draining(self) -> bool:
        """Whether `drain` was called."""
        return self._draining

    def ask(self) -> None:
        """Ask the client whether it is there; cut it off when it has not answered the last time."""
        if self._asked and self._frames.pong != self._asked:
            self._abort()
            return
        self._asked = (int.from_bytes(self._asked) + 1).to_bytes(PING_BYTES)
        self._put(self._frames.ping(self._asked))

    def _abort(self) -> None:
        """This client is dead, or may as well be: everything about it ends."""
        self.stream.cut()
        self.nursery.cancel_scope.cancel()

    def _wake(self) -> None:
        self.stream.interrupt()
        if self._less is not None:
            self._less.set()

    def _lose(self) -> None:
        self._gone = True
        self._queue.clear()
        self._queued_bytes = 0
        self._wake()

    @property
    def _is_full(self) -> bool:
        return len(self._queue) >= OUTGOING_LIMIT or self._queued_bytes >= OUTGOING_BYTES

    async def _until_less(self) -> None:
        """Until some of what is queued was sent, or there is something else to look at."""
        if self._less is None or self._less.is_set():
            self._less = trio.Event()
        await self._less.wait()

    def _put(self, data: bytes) -> None:
        if self._gone or not data:
            return
        if not self._queue:
            try:
                sent = self.stream.send_now(data)
            except GONE:
                self._lose()
                return
            if sent == len(data):
                return
            data = data[sent:]
        self._queue.append(data)
        self._queued_bytes += len(data)
        if not self._writing:
            self._writing = True
            self.nursery.start_soon(self._write)

    async def _write(self) -> None:
        """Send what is queued. A client that does not take it in time is cut off."""
        try:
            while self._queue:
                count, data = self._next()
                with trio.move_on_after(WRITE_WITHIN_S) as taking:
                    await self.stream.send_all(data)
                if taking.cancelled_caught:
                    self._abort()
                    return
                # Only what was sent makes room.
                del self._queue[:count]
                self._queued_bytes -= len(data)
                if self._less is not None:
                    self._less.set()
        except GONE:
            self._lose()
        finally:
            self._writing = False

    def _next(self) -> tuple[int, bytes]:
        """What is sent together: the first message, and what fits beside it."""
        count = size = 0
        for data in self._queue:
            size += len(data)
            if count and size > AT_ONCE_BYTES:
                break
            count += 1
        return count, b"".join(self._queue[:count])
