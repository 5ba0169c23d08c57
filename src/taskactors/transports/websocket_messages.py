"""The frames of one WebSocket: whole messages of text in, bytes of frames out; bounded, and without any I/O of its own."""

import struct
from codecs import IncrementalDecoder, getincrementaldecoder
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

from wsproto.connection import Connection as Protocol
from wsproto.connection import ConnectionState
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping

MESSAGE_BYTES = 1 << 20
"""The largest message: far above any honest call, and small enough that a hundred of them are no danger."""

FRAGMENTS_LIMIT = 1024
"""Frames of one message: clients send one or a few. Empty ones would cost time without ever counting as bytes."""

INVALID_TEXT, POLICY, TOO_BIG = 1007, 1008, 1009

PING = Ping(payload=b"ping")

NOTHING: Iterator[Event] = iter(())

Say = Callable[[bytes], None]
"""Sends what the protocol demands, in its turn."""


class Messages:
    """What one client sends and is told, after its handshake. Every message is text; some clients send theirs in binary frames."""

    __slots__ = ("_decoder", "_events", "_frames", "_parts", "_protocol", "_say", "_size", "heard", "is_dry", "is_over")

    def __init__(self, protocol: Protocol, say: Say) -> None:
        self._protocol = protocol
        self._say = say
        self._events: Iterator[Event] = protocol.events()
        self._decoder: IncrementalDecoder | None = None
        self._parts: StringIO | None = None
        self._size = 0
        self._frames = 0
        self.heard = True
        """Whether anything has come since this was last set to False."""

        self.is_dry = False
        """Whether all that has come was looked at."""

        self.is_over = False
        """Whether nothing more will come, and nothing more can be said."""

    def feed(self, data: bytes) -> None:
        """Take what has come."""
        self.heard = True
        if not self.is_over:
            self._protocol.receive_data(data)
            self._events, self.is_dry = self._protocol.events(), False

    def next(self) -> str | None:
        """The next whole message of what has come. What the protocol demands besides is said on the way."""
        while not self.is_over:
            match next(self._events, None):
                case None:
                    break
                case Message() as part:
                    if (text := self._joined(part)) is not None:
                        return text
                case Ping() as ping if self._protocol.state is ConnectionState.OPEN:
                    self._say(self._protocol.send(ping.response()))
                case CloseConnection() as close:
                    self._close(close)
                case _:
                    pass
        # An exhausted iterator and its frame are not kept while a client is silent.
        self._events, self.is_dry = NOTHING, True
        return None

    def ask(self) -> None:
        """Ask the client whether it is there; whatever it sends then is its answer."""
        if self._protocol.state is ConnectionState.OPEN:
            self.heard = False
            self._say(self._protocol.send(PING))

    def goodbye(self, code: int, reason: str | None) -> bytes:
        """What to say to a client that shall go; nothing when that was said."""
        if self.is_over or self._protocol.state is not ConnectionState.OPEN:
            return b""
        return self._protocol.send(CloseConnection(code=code, reason=reason))

    def _joined(self, part: Message[Any]) -> str | None:
        """The message that ends with this part, if one does."""
        try:
            text = self._text_of(part)
        except UnicodeDecodeError:
            self._give_up(INVALID_TEXT, "a message is text in UTF-8")
            return None
        self._size += len(text) if text.isascii() else len(text.encode())
        # Parts of frames come as the network brings them; whole frames are the client's doing.
        self._frames += part.frame_finished
        if self._size > MESSAGE_BYTES:
            self._give_up(TOO_BIG, f"a message has at most {MESSAGE_BYTES} bytes")
        elif self._frames > FRAGMENTS_LIMIT:
            self._give_up(POLICY, f"a message has at most {FRAGMENTS_LIMIT} fragments")
        elif part.message_finished:
            whole = text if self._parts is None else self._parts.getvalue() + text
            self._begin_anew()
            return whole
        else:
            self._parts = self._parts or StringIO(newline="")
            self._parts.write(text)
        return None

    def _text_of(self, part: Message[Any]) -> str:
        if not isinstance(part, BytesMessage):
            return str(part.data)
        # Read as it comes, so that what comes after bytes that are no text is not.
        if self._decoder is None:
            self._decoder = getincrementaldecoder("utf-8")()
        return self._decoder.decode(part.data, part.message_finished)

    def _begin_anew(self) -> None:
        self._parts = self._decoder = None
        self._size = self._frames = 0

    def _close(self, close: CloseConnection) -> None:
        match self._protocol.state:
            case ConnectionState.OPEN:
                # Not the client's own, which would have changed the state: what it sent breaks the protocol. Tell it so.
                self._give_up(close.code, close.reason)
            case ConnectionState.REMOTE_CLOSING:
                self._end(self._protocol.send(close.response()))
            case _:
                self._end(b"")

    def _give_up(self, code: int, reason: str | None) -> None:
        self._begin_anew()
        self._end(self.goodbye(int(code), reason))

    def _end(self, last_words: bytes) -> None:
        if last_words:
            self._say(last_words)
        self.is_over = True


def text_frame(text: bytes) -> bytes:
    """A whole message as a server sends it. Ours is UTF-8 by the way it was made, so nobody has to look at it once more."""
    size = len(text)
    if size < 126:
        return bytes((0x81, size)) + text
    return (struct.pack("!BBH", 0x81, 126, size) if size < 1 << 16 else struct.pack("!BBQ", 0x81, 127, size)) + text
