"""One accepted WebSocket: whole messages in, whole messages out, and a client that is not there any more found out."""

from collections.abc import Callable

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection

from ..actors.wires import WireClosed

WRITE_WITHIN_S = 5.0
"""A client that does not take an answer for this long is dead, or may as well be."""

PING_EVERY_S = 25.0
"""Often enough that a client which vanished is gone within a minute, and that nobody in between closes an idle connection."""

OUTGOING_LIMIT = 64
"""Messages queued for one client: twice what it may have under way."""

CLOSE_WITHIN_S = 1.0
"""How long a client may take to answer our close before the connection is cut."""


class WebSocketWire:
    """One accepted connection. One task writes, so that no message is ever half sent by somebody who was cancelled."""

    def __init__(self, socket: WebSocketConnection, abort: Callable[[], None]) -> None:
        self._socket = socket
        self._abort = abort
        self._outgoing, self._to_send = trio.open_memory_channel[str](OUTGOING_LIMIT)
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
            try:
                return str(await self._socket.get_message())
            except ConnectionClosed:
                raise WireClosed from None
        if self._expelled:
            raise WireClosed
        return None

    async def send(self, frame: str) -> None:
        """Queue a message; waits while the queue is full. Raises WireClosed."""
        if self._expelled:
            raise WireClosed
        try:
            await self._outgoing.send(frame)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise WireClosed from None

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
        async with self._to_send:
            async for frame in self._to_send:
                try:
                    with trio.fail_after(WRITE_WITHIN_S):
                        await self._socket.send_message(frame)
                except ConnectionClosed:
                    return
                except trio.TooSlowError:
                    self._abort()
                    return

    def finish(self) -> None:
        """Nothing more will be sent; `write` ends when the queue is empty."""
        self._outgoing.close()

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
