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
    def is_wasteful(self) -> bool:
        """Whether its length is written in more bits than it needs, which nobody may do and not every library minds."""
        return {16: len(self.payload) <= LONGEST_CONTROL, 64: len(self.payload) < 1 << 16}.get(self.length or 0, False)

    @property
    def breaks_the_protocol(self) -> bool:
        """Whether it is against the rules by itself."""
        known = self.opcode in (CONTINUED, TEXT, BINARY, CLOSE, PING, PONG)
        bad_control = self.is_control and (not self.last or len(self.payload) > LONGEST_CONTROL)
        return not known or bool(self.reserved) or not self.masked or bad_control


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


@frozen
class Manner:
    """Where the standard lets a server choose: whether bytes that are no text are refused as they come or when their message is whole,
    and whether lengths written in too many bits are refused at all.
    """

    is_eager: bool
    minds_waste: bool


MANNERS = tuple(Manner(eager, minds) for eager in (True, False) for minds in (True, False))


@define
class _Begun:
    """A message of which some fragments have come. Text in binary frames is text."""

    decoder: codecs.IncrementalDecoder = Factory(codecs.getincrementaldecoder("utf-8"))
    whole: bytearray = Factory(bytearray)
    fragments: int = 0


def readings(pieces: Sequence[Piece]) -> list[Reading]:
    """What a server may make of these frames: one or more ways, all of them right."""
    found: list[Reading] = []
    for manner in MANNERS:
        if (reading := read(pieces, manner)) not in found:
            found.append(reading)
    return found


def read(pieces: Sequence[Piece], manner: Manner = MANNERS[0]) -> Reading:
    """What a server of some manner makes of these frames."""
    reading, begun = Reading(), None
    for piece in pieces:
        if piece.missing:
            # What is wrong with it may be seen before it is whole, or not.
            reading.cut = True
        elif piece.breaks_the_protocol or (piece.is_wasteful and manner.minds_waste):
            reading.codes = frozenset({PROTOCOL_ERROR})
        elif piece.is_control:
            _control(piece, reading, is_within=begun is not None)
        else:
            begun = _data(piece, begun, reading, manner)
        if reading.codes or reading.cut:
            break
    return reading


def _control(piece: Piece, reading: Reading, is_within: bool) -> None:
    if piece.opcode == PING:
        reading.pongs.append(piece.payload)
    elif piece.opcode == CLOSE:
        # Who says goodbye in the middle of a message may be told that it is not finished.
        reading.codes = _answers_to_close(piece.payload) | ({PROTOCOL_ERROR} if is_within else set())


def _answers_to_close(payload: bytes) -> frozenset[int | None]:
    if not payload:
        return frozenset({None, 1000})
    code = int.from_bytes(payload[:2]) if len(payload) > 1 else 0
    codes: set[int | None] = set() if code in SENDABLE else {PROTOCOL_ERROR}
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        codes.add(NO_TEXT)
    # With two things wrong either may be said.
    return frozenset(codes | ({code} if not codes or code in DISPUTED else set()))


def _data(piece: Piece, begun: _Begun | None, reading: Reading, manner: Manner) -> _Begun | None:
    if (begun is None) == (piece.opcode == CONTINUED):
        size = len(piece.payload) + (len(begun.whole) if begun is not None else 0)
        reading.codes = frozenset({PROTOCOL_ERROR, *({TOO_BIG} if size > MESSAGE_BYTES else ())})
        return None
    begun = begun or _Begun()
    begun.fragments += 1
    begun.whole += piece.payload
    try:
        if manner.is_eager:
            begun.decoder.decode(piece.payload, final=piece.last)
        elif piece.last and len(begun.whole) <= MESSAGE_BYTES:
            begun.whole.decode()
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
