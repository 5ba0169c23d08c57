"""Guarded frames: one client's bytes to whole messages, and messages to bytes, within bounds that the library leaves open.

The library keeps the protocol: masks, fragments, pings, closing. Here it is decided how large a message may be and that it is text.
"""

from __future__ import annotations

from collections import deque

from websockets.exceptions import PayloadTooBig
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import OPEN, Protocol, Side

MESSAGE_BYTES = 1 << 20
"""The largest message: far above any honest call, and small enough that a hundred of them are no danger."""

FRAGMENTS_LIMIT = 1024
"""Pieces of one message: clients send one or a few. Empty ones would cost memory without ever counting as bytes."""

BEYOND_ALL = 1 << 63
"""No frame may even say that it is so large."""

PROTOCOL_ERROR, ABNORMAL, INVALID_TEXT, POLICY = 1002, 1006, 1007, 1008


class GuardedFrames:
    """One connection's, from the server's side. `messages` are those that came whole; what is to be sent waits in `replies`."""

    def __init__(self) -> None:
        self.messages: deque[str] = deque()
        self.pong: bytes | None = None
        """What came back with the last answer to a ping."""
        self._protocol = Protocol(Side.SERVER, max_size=MESSAGE_BYTES)
        self._parts: list[bytes] = []

    @property
    def is_open(self) -> bool:
        """Whether neither side has said goodbye."""
        return self._protocol.state is OPEN and not self._protocol.eof_sent

    @property
    def is_over(self) -> bool:
        """Whether nothing that may still come is of interest."""
        return self._protocol.eof_sent

    def feed(self, data: bytes) -> bytes:
        """Take what came; what has to be sent for it."""
        protocol = self._protocol
        protocol.receive_data(data)
        for event in protocol.events_received():
            assert isinstance(event, Frame)
            if (goodbye := self._take(event)) is not None:
                # Whatever came behind it, and the library has made of that, does not count any more.
                protocol.fail(ABNORMAL)
                protocol.data_to_send()
                return goodbye
        if isinstance(protocol.parser_exc, PayloadTooBig) and (protocol.parser_exc.size or 0) >= BEYOND_ALL:
            # The library calls it too large; to the standard it is no size at all.
            return _goodbye(PROTOCOL_ERROR, "no frame can be so large")
        return b"".join(protocol.data_to_send())

    def text(self, payload: bytes) -> bytes:
        """A message, to be sent; nothing when one side has said goodbye."""
        if not self.is_open:
            return b""
        self._protocol.send_text(payload)
        return b"".join(self._protocol.data_to_send())

    def ping(self, payload: bytes) -> bytes:
        """A question whether the client is there."""
        if not self.is_open:
            return b""
        self._protocol.send_ping(payload)
        return b"".join(self._protocol.data_to_send())

    def close(self, code: int, reason: str) -> bytes:
        """Our goodbye, if it is the first."""
        if not self.is_open:
            return b""
        self._protocol.send_close(code, reason)
        return b"".join(self._protocol.data_to_send())

    def _take(self, frame: Frame) -> bytes | None:
        """Take one frame; our goodbye when it is one too many, or no text."""
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY | Opcode.CONT:
                self._parts.append(bytes(frame.data))
                if frame.fin:
                    return self._whole()
                if len(self._parts) >= FRAGMENTS_LIMIT:
                    return _goodbye(POLICY, f"a message has at most {FRAGMENTS_LIMIT} fragments")
            case Opcode.PONG:
                self.pong = bytes(frame.data)
            case _:
                pass  # the library has answered it
        return None

    def _whole(self) -> bytes | None:
        """The message of all the parts. Some clients send their text in binary frames."""
        parts, self._parts = self._parts, []
        try:
            self.messages.append(b"".join(parts).decode())
        except UnicodeDecodeError:
            return _goodbye(INVALID_TEXT, "a message is text in UTF-8")
        return None


def _goodbye(code: int, reason: str) -> bytes:
    return Frame(Opcode.CLOSE, Close(code, reason).serialize()).serialize(mask=False)
