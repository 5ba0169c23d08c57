"""What trio-websocket leaves open is closed here: how large a message may be, and what a client hears that breaks the protocol.

It reaches into that library's connection class; the tests beside it fail when a new version moves what is used.
"""

from codecs import getincrementaldecoder
from collections.abc import Sequence
from typing import Any

import trio
from trio_websocket import CloseReason, ConnectionClosed, WebSocketConnection, WebSocketRequest
from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage

from .guarded_stream import RECEIVE_BYTES

MESSAGE_BYTES = 1 << 20
"""The largest message: far above any honest call, and small enough that a hundred of them are no danger."""

FRAGMENTS_LIMIT = 1024
"""Pieces of one message: clients send one or a few. Empty ones would cost memory without ever counting as bytes."""

INCOMING_LIMIT = 4
"""Messages that wait for their reader, who takes each at once; they wait only while the client does not read its answers."""

INVALID_TEXT, POLICY, TOO_BIG = 1007, 1008, 1009


async def read_request(nursery: trio.Nursery, stream: trio.abc.Stream) -> WebSocketRequest | None:
    """The client's opening request, or None when what it sent is none. The connection's reader stays in the nursery."""
    connection = StrictConnection(
        stream,
        WSConnection(ConnectionType.SERVER),
        message_queue_size=INCOMING_LIMIT,
        max_message_size=MESSAGE_BYTES,
        receive_buffer_size=RECEIVE_BYTES,
    )
    with trio.CancelScope() as waiting:

        async def read() -> None:
            try:
                await connection._reader_task()
            except (UnicodeError, ConnectionClosed):
                # A header that is no text, or nobody who could be told what is wrong. Whoever waits for the request hears of none.
                pass
            finally:
                waiting.cancel()

        nursery.start_soon(read)
        return await connection._get_request()
    return None


class StrictConnection(WebSocketConnection):
    """A server's connection on which every message is text, that counts bytes rather than characters, and that names its reason
    when it gives up on a client.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._decoder = getincrementaldecoder("utf-8")()

    async def send_texts(self, texts: Sequence[str]) -> None:
        """Send several messages in one go. Raises ConnectionClosed."""
        if self._close_reason is not None:
            raise ConnectionClosed(self._close_reason)
        data = b"".join(self._wsproto.send(TextMessage(data=text)) for text in texts)
        async with self._stream_lock:
            try:
                await self._stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                await self._abort_web_socket()
                raise ConnectionClosed(self._close_reason) from None

    async def _handle_message_event(self, event: BytesMessage | TextMessage) -> None:
        if self._close_reason is not None:
            return
        if len(self._message_parts) >= FRAGMENTS_LIMIT:
            await self._give_up(POLICY, f"a message has at most {FRAGMENTS_LIMIT} fragments")
            return
        if isinstance(event, BytesMessage):
            # Some clients send their text in binary frames. It is read here, as it comes, so that what comes after it is not.
            try:
                text = self._decoder.decode(event.data, event.message_finished)
            except UnicodeDecodeError:
                await self._give_up(INVALID_TEXT, "a message is text in UTF-8")
                return
            event = TextMessage(data=text, frame_finished=event.frame_finished, message_finished=event.message_finished)
        if not event.data.isascii():
            self._message_size += len(event.data.encode()) - len(event.data)
        await super()._handle_message_event(event)

    async def _handle_close_connection_event(self, event: CloseConnection) -> None:
        if self._wsproto.state is ConnectionState.OPEN:
            # Not the client's own close, which would have changed the state: what it sent breaks the protocol. Tell it so.
            await self._give_up(event.code, event.reason)
            return
        await super()._handle_close_connection_event(event)

    async def _handle_ping_event(self, event: Ping) -> None:
        if self._close_reason is None:
            await super()._handle_ping_event(event)

    async def _give_up(self, code: Any, reason: str | None) -> None:
        self._message_size = 0
        self._message_parts = []
        self._close_reason = CloseReason(int(code), reason)
        await self._send(CloseConnection(code=int(code), reason=reason))
        await self._recv_channel.aclose()
        self._reader_running = False
