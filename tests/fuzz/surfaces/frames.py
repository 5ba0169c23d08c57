"""Frames: WebSocket frames of every kind after a good handshake, in rows, whole and cut short, in one piece and in several."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import hypothesis.strategies as st
from attrs import evolve, frozen

from tests.fuzz.attack import Attack
from tests.fuzz.oracle.frames import BINARY, CLOSE, CONTINUED, MESSAGE_BYTES, PING, PONG, TEXT, Piece, Reading, read, readings
from tests.fuzz.oracle.messages import Era
from tests.fuzz.oracle.replies import INVALID_REQUEST
from tests.fuzz.place import ENVELOPE, STILL, Place, ask
from tests.fuzz.sockets import cut, everything, half_close
from tests.fuzz.websocket_line import Frame, WebSocketLine, opened
from tests.support.raw_websocket import frame

LAST_PING = b"are you there"


@frozen(kw_only=True)
class FramesAttack(Attack):
    """A row of frames on a line of its own."""

    surface = "frames"
    pieces: tuple[Piece, ...]
    cuts: tuple[int, ...] = ()
    """Where what is sent is cut into pieces that arrive apart."""

    rudely: bool = False
    """Whether a line that is left is reset rather than closed."""

    def play(self, place: Place) -> str | None:
        line = opened(place.ws, place.tokens.local, f"/mcp/{STILL}")
        ask(line, "server/discover")
        expected = readings(self.pieces)
        self._send(line, place)
        if any(each.cut for each in expected):
            self._leave(line)
            return None
        try:
            said = _heard(line, expected)
        finally:
            line.close()
        problems = [_problem(place, each, said) for each in expected]
        return problems[0] if all(problems) else None

    def _send(self, line: WebSocketLine, place: Place) -> None:
        whole, begun = b"".join(piece.to_bytes() for piece in self.pieces), 0
        for at in sorted({min(each, len(whole)) for each in self.cuts}):
            line.send(whole[begun:at])
            begun = at
            place.neighbours.meanwhile()
        line.send(whole[begun:])
        place.neighbours.meanwhile()

    def _leave(self, line: WebSocketLine) -> None:
        """Nothing more can be asked of it but that it ends."""
        if self.rudely:
            cut(line.socket)
            return
        half_close(line.socket)
        everything(line.socket)
        line.close()


def _heard(line: WebSocketLine, expected: Sequence[Reading]) -> list[Frame]:
    """Everything up to the close frame; or, on a line that stays open, to the last pong and as many replies as may be owed."""
    line.send(frame(LAST_PING, PING))
    said: list[Frame] = []
    owed = max((len(each.messages) for each in expected if not each.codes), default=0)
    while (found := line.next_frame()) is not None and found.opcode != CLOSE:
        said.append(found)
        if Frame(PONG, LAST_PING) in said and sum(each.opcode == TEXT for each in said) >= owed:
            return said
    return [*said, found] if found is not None else said


def _problem(place: Place, expected: Reading, said: Sequence[Frame]) -> str | None:
    """What is wrong with what the server says to a row of frames."""
    pongs = [each.payload for each in said if each.opcode == PONG]
    replies = [json.loads(each.payload) for each in said if each.opcode == TEXT and b'"method"' not in each.payload]
    closing = next((each for each in said if each.opcode == CLOSE), None)
    if expected.codes:
        if closing is None or closing.close_code not in expected.codes:
            return f"closed with {closing and closing.close_code} where {sorted(map(str, expected.codes))} was right"
        expected_pongs = expected.pongs[: len(pongs)]
    else:
        if LAST_PING not in pongs:
            return f"closed with {closing and closing.close_code} for frames that are right"
        expected_pongs = [*expected.pongs, LAST_PING]
    if pongs != expected_pongs:
        return f"answered pings with {pongs!r:.200} where {expected_pongs!r:.200} was right"
    return _wrong_replies(place, expected, replies)


def _wrong_replies(place: Place, expected: Reading, replies: list[Any]) -> str | None:
    allowed = [place.oracle.of(message, Era.MODERN) for message in expected.messages]
    owed = [each for each in allowed if each.answered]
    if len(expected.messages) > len(set(expected.messages)):
        # The first with an id may still be under way when the next one comes.
        owed = [evolve(each, codes={*each.codes, INVALID_REQUEST}) for each in owed]
    # Whoever breaks the protocol may not hear what became of what it said before.
    if len(replies) > len(owed) or (not expected.codes and len(replies) < len(owed)):
        return f"{len(replies)} replies where {len(owed)} were owed: {ascii(replies)[:300]}"
    for reply in replies:
        problems = [each.problem(reply) for each in owed]
        if all(problems):
            return problems[0]
    return None


# How they are made.

REQUEST = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "probe/x", "params": {"_meta": ENVELOPE}}).encode()

messages = st.sampled_from((REQUEST, b"{", b"hello", "gr\u00fc\u00df\u20ac\U0001f600".encode(), b"[]"))
bad_texts = st.sampled_from((b"\xff", b"ab\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"ok\x80ok"))
payloads = st.binary(max_size=40)
control_payloads = st.binary(max_size=125)
close_payloads = st.one_of(
    st.builds(lambda code, reason: code.to_bytes(2) + reason, st.integers(0, 5_100), st.sampled_from((b"", b"bye", b"\xff", b"x" * 123))),
    st.sampled_from((b"", b"\x03", b"\x03\xe8", b"\x0b\xb8bye")),
)

good_pieces = st.one_of(
    st.builds(lambda text: [Piece(opcode=TEXT, payload=text)], messages),
    st.builds(lambda text: [Piece(opcode=BINARY, payload=text)], messages),
    st.builds(lambda payload: [Piece(opcode=PING, payload=payload)], control_payloads),
    st.builds(lambda payload: [Piece(opcode=PONG, payload=payload)], control_payloads),
)


@st.composite
def fragmented(draw: st.DrawFn) -> list[Piece]:
    """A message in fragments, between which pings may come."""
    whole = draw(messages | bad_texts)
    opcode = draw(st.sampled_from((TEXT, BINARY)))
    at = sorted(draw(st.lists(st.integers(0, len(whole)), min_size=1, max_size=4)))
    parts = [whole[begin:end] for begin, end in zip([0, *at], [*at, len(whole)], strict=True)]
    pieces = [
        Piece(opcode=opcode if number == 0 else CONTINUED, payload=part, last=number == len(parts) - 1) for number, part in enumerate(parts)
    ]
    if draw(st.booleans()):
        pieces.insert(draw(st.integers(0, len(pieces))), Piece(opcode=PING, payload=draw(control_payloads)))
    if draw(st.integers(0, 4)) == 0:
        pieces.pop(draw(st.integers(0, len(pieces) - 1)))
    return pieces


bad_pieces = st.one_of(
    st.builds(lambda opcode, payload: [Piece(opcode=opcode, payload=payload)], st.integers(0, 15), payloads),
    st.builds(
        lambda opcode, bits: [Piece(opcode=opcode, payload=b"x", reserved=bits)],
        st.sampled_from((TEXT, PING, CONTINUED)),
        st.integers(1, 7),
    ),
    st.builds(lambda opcode: [Piece(opcode=opcode, payload=b"x", masked=False)], st.sampled_from((TEXT, BINARY, PING, CLOSE))),
    st.builds(lambda opcode: [Piece(opcode=opcode, payload=b"x", last=False)], st.sampled_from((PING, PONG, CLOSE))),
    st.builds(lambda opcode: [Piece(opcode=opcode, payload=b"x" * 126)], st.sampled_from((PING, PONG, CLOSE))),
    st.builds(
        lambda opcode, bits: [Piece(opcode=opcode, payload=b"x", length=bits)],
        st.sampled_from((TEXT, PING, CLOSE)),
        st.sampled_from((16, 64)),
    ),
    st.builds(lambda payload: [Piece(opcode=CLOSE, payload=payload)], close_payloads),
    st.builds(lambda text, opcode: [Piece(opcode=opcode, payload=text)], bad_texts, st.sampled_from((TEXT, BINARY))),
)
large_pieces = st.sampled_from(
    (
        [Piece(opcode=TEXT, payload=b" " * (MESSAGE_BYTES - 2) + b"{}")],
        [Piece(opcode=TEXT, payload=b"x" * (MESSAGE_BYTES + 1))],
        [Piece(opcode=BINARY, payload=b"\xff" * (MESSAGE_BYTES + 1))],
        [Piece(opcode=TEXT, last=False), *[Piece(opcode=CONTINUED, last=False)] * 1_500],
        [Piece(opcode=TEXT, payload=b"x" * 600_000, last=False), Piece(opcode=CONTINUED, payload=b"x" * 600_000)],
    )
)


@st.composite
def rows(draw: st.DrawFn) -> list[Piece]:
    """A few good frames, and mostly something bad among them."""
    pieces = [piece for row in draw(st.lists(good_pieces | fragmented(), max_size=3)) for piece in row]
    if draw(st.integers(0, 4)):
        at = draw(st.integers(0, len(pieces)))
        bad = draw(large_pieces) if draw(st.integers(0, 40)) == 0 else draw(bad_pieces)
        pieces[at:at] = bad
    if pieces and draw(st.integers(0, 7)) == 0:
        last = pieces[-1]
        size = len(last.to_bytes())
        pieces[-1] = Piece(**{**_fields(last), "missing": draw(st.integers(1, size))})
    return pieces


def _fields(piece: Piece) -> dict[str, Any]:
    names = ("opcode", "payload", "last", "reserved", "masked", "length")
    return {name: getattr(piece, name) for name in names}


def attacks(schemas: Mapping[str, Any]) -> st.SearchStrategy[FramesAttack]:
    """Rows of frames."""
    cuts = st.lists(st.integers(1, 300), max_size=2).map(tuple) | st.just(())

    def attack(pieces: list[Piece], cuts: tuple[int, ...], rudely: bool) -> FramesAttack:
        expected = read(pieces)
        kind = "cut short" if expected.cut else f"closed with {min(map(str, expected.codes))}" if expected.codes else "stays open"
        return FramesAttack(kind=kind, pieces=tuple(pieces), cuts=cuts, rudely=rudely)

    return st.builds(attack, rows(), cuts, st.booleans())
