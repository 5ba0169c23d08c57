"""One accepted WebSocket: whole messages in, whole messages out, and a client that is not there any more found out.

A client that is silent costs two tasks, the one that reads and the one that writes, and little else: thousands may be.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress

import trio
from wsproto.connection import Connection as Protocol

from ..actors.wires import WireClosed
from .guarded_stream import RECEIVE_BYTES, GuardedStream
from .websocket_messages import Messages, text_frame

WRITE_WITHIN_S = 5.0
"""A client that does not take an answer for this long is dead, or may as well be."""

OUTGOING_LIMIT = 64
"""Messages queued for one client: twice what it may have under way."""

OUTGOING_BYTES = 256 << 10
"""The same by their size: a client that does not read has no more of its requests taken, and so no more answers made."""

AT_ONCE_BYTES = 64 << 10
"""Queued messages are sent together up to this size, so that the time a client has is for what it can take in that time."""

CLOSE_WITHIN_S = 1.0
"""How long a client may take to answer our close before the connection is cut."""

GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


class WebSocketWire:
    """One accepted connection. One task writes, so that no message is ever half sent by somebody who was cancelled."""

    __slots__ = (
        "_abort",
        "_done",
        "_draining",
        "_expelled",
        "_finished",
        "_gone",
        "_messages",
        "_outgoing",
        "_queued_bytes",
        "_receiving",
        "_room",
        "_sending",
        "_stream",
        "_writer",
    )

    def __init__(self, stream: GuardedStream, protocol: Protocol, abort: Callable[[], None]) -> None:
        self._stream = stream
        self._messages = Messages(protocol, self._say)
        self._abort = abort
        self._outgoing: deque[bytes] = deque()
        self._queued_bytes = 0
        self._sending = 0
        self._writer: trio.lowlevel.Task | None = None
        self._room: trio.Event | None = None
        self._done: trio.Event | None = None
        self._finished = False
        self._gone = False
        self._receiving: trio.CancelScope | None = None
        self._draining = False
        self._expelled = False

    async def receive(self) -> str | None:
        """The next message; None when no more shall be taken but answers still go out. Raises WireClosed."""
        if self._expelled:
            raise WireClosed
        if self._draining:
            return None
        with trio.CancelScope() as self._receiving:
            await self._until_room()
            return await self._message()
        if self._expelled:
            raise WireClosed
        return None

    async def _message(self) -> str:
        if not self._messages.is_dry:
            # Who sends much at once does not keep the others waiting.
            await trio.lowlevel.checkpoint()
        while (text := self._messages.next()) is None:
            if self._messages.is_over:
                raise WireClosed
            # A flood of pings is answered no faster than its answers are taken.
            await self._until_room()
            self._messages.feed(await self._received())
        return text

    async def _received(self) -> bytes:
        try:
            data = await self._stream.receive_some(RECEIVE_BYTES)
        except GONE:
            data = b""
        if not data:
            raise WireClosed
        return data

    async def send(self, frame: str | bytes) -> None:
        """Queue a message; waits while the queue is full. Raises WireClosed."""
        await trio.lowlevel.checkpoint()
        await self._until_room()
        if self._expelled or self._messages.is_over:
            raise WireClosed
        self._say(text_frame(frame.encode() if isinstance(frame, str) else frame))

    def post(self, frame: bytes) -> None:
        """Queue a message at once; nothing when the client is gone."""
        if not self._expelled and not self._messages.is_over:
            self._say(text_frame(frame))

    def _say(self, data: bytes) -> None:
        if not self._gone:
            self._outgoing.append(data)
            self._queued_bytes += len(data)
            self._wake()

    @property
    def _is_full(self) -> bool:
        return len(self._outgoing) + self._sending >= OUTGOING_LIMIT or self._queued_bytes >= OUTGOING_BYTES

    async def _until_room(self) -> None:
        while self._is_full and not self._gone:
            self._room = self._room or trio.Event()
            await self._room.wait()
        if self._gone:
            raise WireClosed

    async def close(self, code: int, reason: str | None = None) -> None:
        """Say goodbye with this code, after all that was said before, and wait a moment for the answer."""
        with trio.move_on_after(CLOSE_WITHIN_S), suppress(WireClosed, *GONE):
            if goodbye := self._messages.goodbye(code, reason):
                await self._stream.send_all(goodbye)
                while not self._messages.is_over:
                    while self._messages.next() is not None:
                        pass  # too late to be taken
                    self._messages.feed(await self._received())

    def drain(self) -> None:
        """Take no more messages; answers still go out."""
        self._draining = True
        self._stop_receiving()

    def expel(self) -> None:
        """This client may not be here any more: what it has under way ends unanswered."""
        self._expelled = True
        self._stop_receiving()

    def _stop_receiving(self) -> None:
        if self._receiving is not None:
            self._receiving.cancel()

    @property
    def expelled(self) -> bool:
        """Whether `expel` was called."""
        return self._expelled

    @property
    def draining(self) -> bool:
        """Whether `drain` was called."""
        return self._draining

    def ask(self) -> None:
        """Ask a client whether it is there; one that has sent nothing since it was last asked is cut off."""
        if self._messages.heard:
            self._messages.ask()
        else:
            self._cut()

    def _cut(self) -> None:
        self._stream.cut()
        self._abort()

    async def write(self) -> None:
        """Send what is queued until `finish`. A client that does not read in time is cut off."""
        try:
            while self._outgoing or not self._finished:
                if not self._outgoing:
                    await self._sleep()
                    continue
                data = self._next()
                with trio.move_on_after(WRITE_WITHIN_S) as late:
                    await self._stream.send_all(data)
                if late.cancelled_caught:
                    self._cut()
                    return
                # Only what was sent makes room.
                self._sending = 0
                self._queued_bytes -= len(data)
                self._make_room()
        except GONE:
            pass
        finally:
            self._gone = True
            self._make_room()
            if self._done is not None:
                self._done.set()

    def _next(self) -> bytes:
        """What to send together: the first, and what fits beside it."""
        first = self._outgoing.popleft()
        self._sending = 1
        if not self._outgoing:
            return first
        together = bytearray(first)
        while self._outgoing and len(together) + len(self._outgoing[0]) <= AT_ONCE_BYTES:
            together += self._outgoing.popleft()
            self._sending += 1
        return bytes(together)

    async def _sleep(self) -> None:
        """Until there is something to do. Not an event, of which thousands would wait for nothing."""

        def leave(_: object) -> trio.lowlevel.Abort:
            self._writer = None
            return trio.lowlevel.Abort.SUCCEEDED

        self._writer = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(leave)

    def _wake(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            trio.lowlevel.reschedule(writer)

    def _make_room(self) -> None:
        room, self._room = self._room, None
        if room is not None:
            room.set()

    async def finish(self) -> None:
        """Nothing more will be sent; returns when `write` has sent what is queued."""
        self._finished = True
        self._wake()
        if not self._gone:
            self._done = trio.Event()
            await self._done.wait()
