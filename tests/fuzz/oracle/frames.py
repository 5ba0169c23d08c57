"""Frames: what a server has to do with each row of WebSocket frames, by RFC 6455 and the limits that the documentation states."""

import codecs
import struct
from collections.abc import Sequence

from attrs import Factory, define, frozen

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
PROTOCOL_ERROR, NO_TEXT, POLICY, TOO_BIG = 1002, 1007, 1008, 1009

MESSAGE_BYTES = 1 << 20
FRAGMENTS_LIMIT = 1024

LONGEST_CONTROL = 125
SENDABLE = frozenset({*range(1000, 1004), *range(1007, 1012), *range(3000, 5000)})
DISPUTED = frozenset(range(1012, 1015))
"""Registered after the standard was written; a library may know them or not."""


@frozen(kw_only=True)
class Piece:
    """One frame as a client sends it. `length` says in how many bits its length is written, `missing` how much of it never comes."""

    opcode: int
    payload: bytes = b""
    last: bool = True
    reserved: int = 0
    masked: bool = True
    length: int | None = None
    missing: int = 0

    def to_bytes(self) -> bytes:
        """What goes over the wire."""
        size, mask = len(self.payload), b"\x11\x22\x33\x44" if self.masked else b""
        bits = self.length or (7 if size <= LONGEST_CONTROL else 16 if size < 1 << 16 else 64)
        flag = 0x80 if self.masked else 0
        written = bytes([flag | size]) if bits == 7 else bytes([flag | 126]) + struct.pack("!H", size) if bits == 16 else b""
        written = written or bytes([flag | 127]) + struct.pack("!Q", size)
        head = bytes([(0x80 if self.last else 0) | self.reserved << 4 | self.opcode]) + written + mask
        whole = head + (_masked(self.payload, mask) if mask else self.payload)
        return whole[: len(whole) - self.missing]

    @property
    def is_control(self) -> bool:
        return self.opcode & 8 != 0

    @property
    def breaks_the_protocol(self) -> bool:
        """Whether its head alone is against the rules."""
        known = self.opcode in (CONTINUED, TEXT, BINARY, CLOSE, PING, PONG)
        bad_control = self.is_control and (not self.last or len(self.payload) > LONGEST_CONTROL or self.length not in (None, 7))
        wasteful = {16: len(self.payload) <= LONGEST_CONTROL, 64: len(self.payload) < 1 << 16}.get(self.length or 0, False)
        return not known or bool(self.reserved) or not self.masked or bad_control or wasteful


def _masked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    return (int.from_bytes(payload) ^ int.from_bytes((mask * (size // 4 + 1))[:size])).to_bytes(size)


@define
class Reading:
    """What comes of a row of frames: the pings that are answered, the messages that arrive, and the codes it may be closed with.

    Without codes the line stays open. A line whose last frame is `cut` short can only be left.
    """

    pongs: list[bytes] = Factory(list)
    messages: list[str] = Factory(list)
    codes: frozenset[int | None] = frozenset()
    cut: bool = False


@define
class _Begun:
    """A message of which some fragments have come. Text in binary frames is text."""

    decoder: codecs.IncrementalDecoder = Factory(codecs.getincrementaldecoder("utf-8"))
    whole: bytearray = Factory(bytearray)
    fragments: int = 0


def read(pieces: Sequence[Piece]) -> Reading:
    """What a server makes of these frames."""
    reading, begun = Reading(), None
    for piece in pieces:
        if piece.breaks_the_protocol and _is_seen(piece):
            reading.codes = frozenset({PROTOCOL_ERROR})
        elif piece.missing:
            reading.cut = True
        elif piece.is_control:
            _control(piece, reading)
        else:
            begun = _data(piece, begun, reading)
        if reading.codes or reading.cut:
            break
    return reading


def _is_seen(piece: Piece) -> bool:
    """Whether enough of a head has come to be judged."""
    return not piece.missing or len(piece.to_bytes()) >= 14


def _control(piece: Piece, reading: Reading) -> None:
    if piece.opcode == PING:
        reading.pongs.append(piece.payload)
    elif piece.opcode == CLOSE:
        reading.codes = _answers_to_close(piece.payload)


def _answers_to_close(payload: bytes) -> frozenset[int | None]:
    if not payload:
        return frozenset({None, 1000})
    code = int.from_bytes(payload[:2]) if len(payload) > 1 else 0
    if code in DISPUTED:
        return frozenset({code, PROTOCOL_ERROR, NO_TEXT})
    if code not in SENDABLE:
        return frozenset({PROTOCOL_ERROR})
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        return frozenset({NO_TEXT})
    return frozenset({code})


def _data(piece: Piece, begun: _Begun | None, reading: Reading) -> _Begun | None:
    if (begun is None) == (piece.opcode == CONTINUED):
        reading.codes = frozenset({PROTOCOL_ERROR})
        return None
    begun = begun or _Begun()
    begun.fragments += 1
    begun.whole += piece.payload
    try:
        begun.decoder.decode(piece.payload, final=piece.last)
    except UnicodeDecodeError:
        reading.codes = frozenset({NO_TEXT})
    # Of a message that is too large in two ways, either may be said.
    if len(begun.whole) > MESSAGE_BYTES:
        reading.codes |= {TOO_BIG}
    if begun.fragments > FRAGMENTS_LIMIT:
        reading.codes |= {POLICY}
    if reading.codes or not piece.last:
        return begun
    reading.messages.append(begun.whole.decode())
    return None
