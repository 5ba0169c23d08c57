"""Frames: read as RFC 6455 has it, however they are cut into pieces, and as another reader of it reads them."""

from codecs import getincrementaldecoder
from itertools import pairwise
from typing import Any

import hypothesis.strategies as st
import pytest
from attrs import evolve, field, frozen
from hypothesis import example, given
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from taskactors.transports.websocket_guards import FRAGMENTS_LIMIT, LARGE, MESSAGE_BYTES, GuardedFrames
from tests.support.raw_websocket import BINARY, CLOSE, CONTINUED, PING, PONG, TEXT, close_code, frame, frames_in

NEW_CODE = 1014
"""In the register of codes by now, and wsproto does not know it."""

GOODBYE = frame(b"\x03\xe8", CLOSE)


@frozen
class Found:
    """What a reader made of the same bytes: whole messages, pongs to send, and the code to close with."""

    messages: list[str] = field(factory=list)
    pongs: list[bytes] = field(factory=list)
    code: int | None = None


def ours(*pieces: bytes) -> Found:
    frames = GuardedFrames()
    replies = b"".join(frames.feed(piece) for piece in pieces)
    heads, bodies = heads_of(replies), frames_in(replies)
    pongs = [body for head, body in zip(heads, bodies, strict=True) if head == 0x80 | PONG]
    closing = [body for head, body in zip(heads, bodies, strict=True) if head == 0x80 | CLOSE]
    assert len(closing) <= 1
    code = (int.from_bytes(closing[0][:2]) if closing[0] else 1005) if closing else None
    return Found(list(frames.messages), pongs, code)


def heads_of(replies: bytes) -> list[int]:
    """The first byte of each frame of ours."""
    heads, at = [], 0
    for body in frames_in(replies):
        heads.append(replies[at])
        at += len(body) + (2 if len(body) < 126 else 4 if len(body) < 1 << 16 else 10)
    return heads


def theirs(whole: bytes) -> Found:
    """As wsproto reads it, which knows of no bounds, and of messages that are text in binary frames."""
    connection, decoder = Connection(ConnectionType.SERVER), getincrementaldecoder("utf-8")()
    found, begun = Found(), ""
    connection.receive_data(whole)
    for event in connection.events():
        if isinstance(event, TextMessage | BytesMessage):
            data: Any = event.data
            try:
                begun += data if isinstance(data, str) else decoder.decode(bytes(data), event.message_finished)
            except UnicodeDecodeError:
                return evolve(found, code=1007)
            if event.message_finished:
                found.messages.append(begun)
                begun = ""
        elif isinstance(event, Ping):
            found.pongs.append(bytes(event.payload))
        elif isinstance(event, CloseConnection):
            return evolve(found, code=int(event.code))
        else:
            assert isinstance(event, Pong)
    return found


def cut(whole: bytes, at: list[int]) -> list[bytes]:
    places = sorted({0, len(whole), *(place % (len(whole) + 1) for place in at)})
    return [whole[begin:end] for begin, end in pairwise(places)]


texts = st.text(max_size=200).map(str.encode)
odd = st.binary(max_size=130)
parts = st.tuples(texts | odd, st.sampled_from((TEXT, BINARY, CONTINUED, PING, PONG, CLOSE)), st.booleans())
good = texts.map(frame)
codes = st.integers(0, 5_000).map(lambda code: frame(code.to_bytes(2) + b"why", CLOSE))
rows = st.lists(good | parts.map(lambda part: frame(part[0], part[1], last=part[2])) | codes, max_size=6).map(b"".join)
broken = st.tuples(rows, st.integers(0, 2_000), st.integers(0, 255)).map(
    lambda drawn: bytes((*drawn[0][: drawn[1]], drawn[2], *drawn[0][drawn[1] + 1 :]))
)


@given(rows | broken | st.binary(max_size=50), st.lists(st.integers(0, 2_000), max_size=6))
@example(frame(b"\xff" * 3) + frame(b"later"), [])
@example(frame("é".encode()[:1], last=False) + frame("é".encode()[1:], CONTINUED), [3, 8])
@example(GOODBYE + frame(b"after"), [])
def test_however_the_bytes_are_cut_the_same_is_read(whole: bytes, at: list[int]) -> None:
    assert ours(*cut(whole, at)) == ours(whole)


@given(rows)
@example(b"\x81\xfe\x00\x05" + b"\0" * 9)
@example(b"\x81\xff" + (70).to_bytes(8) + b"\0" * 80)
@example(b"\x88\x81\0\0\0\0x")
def test_another_reader_reads_the_same(whole: bytes) -> None:
    found, expected = ours(whole), theirs(whole)
    if found.code == NEW_CODE:
        expected = evolve(expected, code=NEW_CODE)
    assert found == expected


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, LARGE - 1, LARGE, LARGE + 1, LARGE + 2, LARGE + 3, 65_535, 65_536, MESSAGE_BYTES])
def test_every_size_is_read_and_written_as_it_has_to_be(size: int) -> None:
    payload = bytes(97 + place % 26 for place in range(size))
    assert ours(frame(payload)) == Found([payload.decode()])
    assert frames_in(GuardedFrames().text(payload)) == [payload]


class Watched(GuardedFrames):
    """Counts how often it looks for whole frames."""

    looked = 0

    def _read(self, data: bytes | bytearray) -> int:
        self.looked += 1
        return super()._read(data)


def test_a_large_message_that_comes_a_little_at_a_time_costs_no_more_than_its_size() -> None:
    """Looked at again for each byte, it would cost the square of it."""
    frames = Watched()
    for byte in frame(b"x" * 20_000):
        frames.feed(bytes([byte]))
    assert [len(each) for each in frames.messages] == [20_000]
    assert frames.looked < 20


def test_nothing_that_comes_after_the_end_is_looked_at() -> None:
    frames = GuardedFrames()
    assert close_code(frames.feed(frame(b"\xff"))) == 1007
    assert frames.is_over
    assert not frames.is_open
    assert frames.feed(frame(b"more") + b"\xff" * 100) == b""
    assert not frames.messages
    assert frames.text(b"x") == frames.ping(b"x") == frames.close(1000, "") == b""


def test_after_our_goodbye_only_theirs_is_waited_for() -> None:
    frames = GuardedFrames()
    assert close_code(frames.close(1001, "")) == 1001
    assert frames.feed(frame(b"on its way") + frame(b"?", PING)) == b""
    assert not frames.is_over
    assert frames.feed(GOODBYE) == b""
    assert frames.is_over


@pytest.mark.parametrize("mistake", [frame(b"x", 3), b"\x81\x01x", frame(b"\xff")], ids=["no such opcode", "no mask", "no text"])
def test_a_mistake_after_our_goodbye_ends_it_without_another(mistake: bytes) -> None:
    frames = GuardedFrames()
    frames.close(1001, "")
    assert frames.feed(mistake) == b""
    assert frames.is_over


def test_fragments_beyond_the_limit_and_messages_beyond_theirs_are_refused_when_they_show() -> None:
    first = frame(b"", last=False)
    assert ours(first + frame(b"", CONTINUED, last=False) * (FRAGMENTS_LIMIT - 2) + frame(b"x", CONTINUED)).messages == ["x"]
    assert ours(first + frame(b"", CONTINUED, last=False) * (FRAGMENTS_LIMIT - 1)).code == 1008
    begun = frame(b"x" * MESSAGE_BYTES, last=False)
    assert ours(begun + frame(b"x", CONTINUED)[:2]).code == 1009
    assert ours(b"\x81\xff" + (MESSAGE_BYTES + 1).to_bytes(8)).code == 1009
