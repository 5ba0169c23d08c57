"""One accepted WebSocket: whole messages in, whole messages out, and a client that is not there any more found out."""

from collections import deque
from collections.abc import Callable

import trio
from trio_websocket import ConnectionClosed

from ..actors.wires import WireClosed
from .websocket_guards import StrictConnection

WRITE_WITHIN_S = 5.0
"""A client that does not take an answer for this long is dead, or may as well be."""

PING_EVERY_S = 25.0
"""Often enough that a client which vanished is gone within a minute, and that nobody in between closes an idle connection."""

OUTGOING_LIMIT = 64
"""Messages queued for one client: twice what it may have under way."""

AT_ONCE_CHARACTERS = 64 << 10
"""Queued messages are sent together up to this size, so that the time a client has is for what it can take in that time."""

CLOSE_WITHIN_S = 1.0
"""How long a client may take to answer our close before the connection is cut."""


class WebSocketWire:
    """One accepted connection. One task writes, so that no message is ever half sent by somebody who was cancelled."""

    def __init__(self, socket: StrictConnection, abort: Callable[[], None]) -> None:
        self._socket = socket
        self._abort = abort
        self._outgoing: deque[str] = deque()
        self._changed = trio.Event()
        self._room = trio.Event()
        self._finished = False
        self._gone = False
        self._receiving = trio.CancelScope()
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
            try:
                return str(await self._socket.get_message())
            except ConnectionClosed:
                raise WireClosed from None
        if self._expelled:
            raise WireClosed
        return None

    async def send(self, frame: str | bytes) -> None:
        """Queue a message; waits while the queue is full. Raises WireClosed."""
        await trio.lowlevel.checkpoint()
        await self._until_room()
        if self._expelled:
            raise WireClosed
        self._queue(frame)

    def post(self, frame: bytes) -> None:
        """Queue a message at once; nothing when the client is gone."""
        if not self._gone and not self._expelled:
            self._queue(frame)

    def _queue(self, frame: str | bytes) -> None:
        self._outgoing.append(frame if isinstance(frame, str) else frame.decode())
        self._changed.set()

    async def _until_room(self) -> None:
        while len(self._outgoing) >= OUTGOING_LIMIT and not self._gone:
            self._room = trio.Event()
            await self._room.wait()
        if self._gone:
            raise WireClosed

    async def close(self, code: int, reason: str | None = None) -> None:
        """Say goodbye with this code, and wait a moment for the answer."""
        with trio.move_on_after(CLOSE_WITHIN_S):
            await self._socket.aclose(code, reason)

    def drain(self) -> None:
        """Take no more messages; answers still go out."""
        self._draining = True
        self._receiving.cancel()

    def expel(self) -> None:
        """This client may not be here any more: what it has under way ends unanswered."""
        self._expelled = True
        self._receiving.cancel()

    @property
    def expelled(self) -> bool:
        """Whether `expel` was called."""
        return self._expelled

    @property
    def draining(self) -> bool:
        """Whether `drain` was called."""
        return self._draining

    async def write(self) -> None:
        """Send what is queued until `finish`. A client that does not read in time is cut off."""
        try:
            while self._outgoing or not self._finished:
                if not self._outgoing:
                    self._changed = trio.Event()
                    await self._changed.wait()
                    continue
                texts = self._next()
                with trio.fail_after(WRITE_WITHIN_S):
                    await self._socket.send_texts(texts)
                # Only what was sent makes room.
                for _ in texts:
                    self._outgoing.popleft()
                self._room.set()
        except ConnectionClosed:
            pass
        except trio.TooSlowError:
            self._abort()
        finally:
            self._gone = True
            self._room.set()

    def _next(self) -> list[str]:
        """The messages to send together: the first, and what fits beside it."""
        texts: list[str] = []
        size = 0
        for text in self._outgoing:
            size += len(text)
            if texts and size > AT_ONCE_CHARACTERS:
                break
            texts.append(text)
        return texts

    def finish(self) -> None:
        """Nothing more will be sent; `write` ends when the queue is empty."""
        self._finished = True
        self._changed.set()

    async def keep_alive(self) -> None:
        """Ask a silent client now and then whether it is there; cut it off when it is not."""
        while True:
            await trio.sleep(PING_EVERY_S)
            try:
                with trio.fail_after(PING_EVERY_S):
                    await self._socket.ping()
            except ConnectionClosed:
                return
            except trio.TooSlowError:
                self._abort()
                return
