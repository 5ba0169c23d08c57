"""Guarded frames: one client's bytes to whole messages, and messages to bytes, as RFC 6455 has it and within bounds that it leaves open.

Whoever breaks the protocol hears so as soon as it shows, and nothing that they send after it is looked at.
"""

from __future__ import annotations

from codecs import IncrementalDecoder, getincrementaldecoder

from attrs import Factory, define
from wsproto.frame_protocol import XorMaskerSimple

MESSAGE_BYTES = 1 << 20
"""The largest message: far above any honest call, and small enough that a hundred of them are no danger."""

FRAGMENTS_LIMIT = 1024
"""Pieces of one message: clients send one or a few. Empty ones would cost memory without ever counting as bytes."""

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
LAST = 0x80
"""In the first byte of a frame: it is its message's last. The rest of that byte is its kind, and bits that are for others."""

MASKED = 0x80
"""In the second byte: every frame of a client is masked, and none of a server."""

IN_2_BYTES, IN_8_BYTES = 126, 127
"""What stands there instead of a size that does not fit."""

LARGEST_OF_CONTROL = 125
MASK_BYTES = 4

LARGE = 4 << 10
"""From this size on a library's way to take a mask off is the quicker one."""

PROTOCOL_ERROR, INVALID_TEXT, POLICY, TOO_BIG = 1002, 1007, 1008, 1009


class _Broken(Exception):
    """What came breaks the protocol, or goes beyond a bound."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@define(eq=False)
class GuardedFrames:
    """One connection's, from the server's side. `messages` are those that came whole."""

    messages: list[str] = Factory(list)
    pong: bytes | None = None
    """What came with the last answer to a ping."""
    is_open: bool = True
    """Whether neither side has said goodbye."""
    is_over: bool = False
    """Whether nothing that may still come is of interest."""
    _begun: bytearray = Factory(bytearray)
    _needed: int = 0
    _parts: list[str] = Factory(list)
    _decoder: IncrementalDecoder = Factory(getincrementaldecoder("utf-8"))
    _size: int = 0
    _is_fragmented: bool = False
    _replies: bytes = b""

    def feed(self, data: bytes) -> bytes:
        """Take what came; what has to be sent for it."""
        if self.is_over:
            return b""
        try:
            if not self._begun:
                self._begun += data[self._read(data) :]
            else:
                self._begun += data
                # Only a whole frame is worth a look: else each byte of a large one would be.
                if len(self._begun) >= self._needed:
                    del self._begun[: self._read(self._begun)]
        except _Broken as broken:
            self._begun.clear()
            self._parts.clear()
            self.is_over = True
            self._replies += self.close(broken.code, broken.reason)
        replies, self._replies = self._replies, b""
        return replies

    def text(self, payload: bytes) -> bytes:
        """A message, to be sent; nothing when one side has said goodbye."""
        return _frame(TEXT, payload) if self.is_open else b""

    def ping(self, payload: bytes) -> bytes:
        """A question whether the client is there."""
        return _frame(PING, payload) if self.is_open else b""

    def close(self, code: int, reason: str) -> bytes:
        """Our goodbye, if it is the first."""
        if not self.is_open:
            return b""
        self.is_open = False
        return _frame(CLOSE, code.to_bytes(2) + reason.encode()[: LARGEST_OF_CONTROL - 2])

    def _read(self, data: bytes | bytearray) -> int:
        """Take every whole frame there is; how many bytes those had."""
        at = 0
        while not self.is_over and (header := self._header(data, at)) is not None:
            begin, size = header
            if len(data) < begin + size:
                self._needed = begin + size - at
                return at
            self._take(data[at], _unmasked(data[begin : begin + size], data[begin - MASK_BYTES : begin]))
            at = begin + size
        self._needed = 0
        return at

    def _header(self, data: bytes | bytearray, at: int) -> tuple[int, int] | None:
        """Where the payload of the frame there begins, and its size, when that can be told. Raises _Broken for what cannot be."""
        if len(data) < at + 2:
            return None
        first, second = data[at], data[at + 1]
        size, begin = second & ~MASKED, at + 2
        self._require_in_turn(first, second)
        if size >= IN_2_BYTES:
            more, least = (2, IN_2_BYTES) if size == IN_2_BYTES else (8, 1 << 16)
            if len(data) < begin + more:
                return None
            size = int.from_bytes(data[begin : begin + more])
            begin += more
            if not least <= size < 1 << 63:
                raise _Broken(PROTOCOL_ERROR, "a size is not written as it has to be")
            if self._size + size > MESSAGE_BYTES:
                raise _Broken(TOO_BIG, f"a message has at most {MESSAGE_BYTES} bytes")
        return begin + MASK_BYTES, size

    def _require_in_turn(self, first: int, second: int) -> None:
        """Refuse a frame that cannot come now, or at all."""
        if not second & MASKED:
            raise _Broken(PROTOCOL_ERROR, "a frame is not masked")
        opcode = first & ~LAST
        if opcode in (TEXT, BINARY):
            if self._is_fragmented:
                raise _Broken(PROTOCOL_ERROR, "a message is not finished")
        elif opcode == CONTINUED:
            if not self._is_fragmented:
                raise _Broken(PROTOCOL_ERROR, "nothing is continued")
            if self._size + (second & ~MASKED) > MESSAGE_BYTES:
                raise _Broken(TOO_BIG, f"a message has at most {MESSAGE_BYTES} bytes")
        elif opcode not in (CLOSE, PING, PONG):
            raise _Broken(PROTOCOL_ERROR, "an unknown kind of frame")
        elif not first & LAST or second & ~MASKED > LARGEST_OF_CONTROL:
            raise _Broken(PROTOCOL_ERROR, "a control frame is short and whole")

    def _take(self, first: int, payload: bytes) -> None:
        opcode = first & ~LAST
        if opcode == CLOSE:
            self._say_goodbye_to(payload)
        elif opcode == PING:
            self._replies += _frame(PONG, payload) if self.is_open else b""
        elif opcode == PONG:
            self.pong = payload
        elif not first & LAST or self._is_fragmented:
            self._take_part(first, payload)
        else:
            # Some clients send their text in binary frames.
            try:
                self.messages.append(payload.decode())
            except UnicodeDecodeError:
                raise _Broken(INVALID_TEXT, "a message is text in UTF-8") from None

    def _take_part(self, first: int, payload: bytes) -> None:
        self._is_fragmented = not first & LAST
        try:
            self._parts.append(self._decoder.decode(payload, final=not self._is_fragmented))
        except UnicodeDecodeError:
            raise _Broken(INVALID_TEXT, "a message is text in UTF-8") from None
        self._size += len(payload)
        if not self._is_fragmented:
            self.messages.append("".join(self._parts))
            self._parts.clear()
            self._size = 0
        elif len(self._parts) >= FRAGMENTS_LIMIT:
            raise _Broken(POLICY, f"a message has at most {FRAGMENTS_LIMIT} fragments")

    def _say_goodbye_to(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2])
        if payload and not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
            raise _Broken(PROTOCOL_ERROR, "a goodbye has a code that means something")
        try:
            payload[2:].decode()
        except UnicodeDecodeError:
            raise _Broken(INVALID_TEXT, "a reason is text in UTF-8") from None
        self.is_over = True
        if self.is_open:
            self.is_open = False
            self._replies += _frame(CLOSE, payload[:2])


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < IN_2_BYTES:
        return b"%c%c%b" % (LAST | opcode, size, payload)
    if size < 1 << 16:
        return b"%c%c%b%b" % (LAST | opcode, IN_2_BYTES, size.to_bytes(2), payload)
    return b"%c%c%b%b" % (LAST | opcode, IN_8_BYTES, size.to_bytes(8), payload)


def _unmasked(payload: bytes | bytearray, mask: bytes | bytearray) -> bytes:
    size = len(payload)
    if size > LARGE:
        return bytes(XorMaskerSimple(mask).process(bytearray(payload)))
    # The quickest for a short one: both as one number each.
    key = (mask * (size // MASK_BYTES + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(size, "little")
