"""Messages of a WebSocket without any network: however the bytes are cut, the same messages come out, and the same is said."""

import hypothesis.strategies as st
from attrs import Factory, define, field
from hypothesis import example, given
from wsproto.connection import Connection as Protocol
from wsproto.connection import ConnectionType

from taskactors.transports.websocket_messages import FRAGMENTS_LIMIT, MESSAGE_BYTES, Messages, text_frame
from tests.support.raw_websocket import BINARY, CLOSE, CONTINUED, PING, PONG, TEXT, close_code, frame, frames_in


@define
class Conversation:
    """One side's messages, and what was said on the way."""

    said: list[bytes] = Factory(list)
    messages: Messages = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.messages = Messages(Protocol(ConnectionType.SERVER), self.said.append)

    def take(self, data: bytes) -> list[str]:
        self.messages.feed(data)
        taken = []
        while (text := self.messages.next()) is not None:
            taken.append(text)
        return taken


TEXTS = st.lists(st.text(max_size=200), max_size=5)


@st.composite
def framed(draw: st.DrawFn, text: str) -> bytes:
    """A message in one frame or in several, of either kind, with pings in between."""
    data, kind = text.encode(), draw(st.sampled_from([TEXT, BINARY]))
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
    parts = [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    frames = [frame(part, kind if place == 0 else CONTINUED, last=place == len(parts) - 1) for place, part in enumerate(parts)]
    return draw(st.sampled_from([b"", frame(b"p", PING), frame(b"", PONG)])).join(frames)


@given(st.data(), TEXTS, st.integers(1, 50))
def test_messages_come_out_whole_and_in_order_however_their_bytes_are_cut(data: st.DataObject, texts: list[str], size: int) -> None:
    sent = b"".join(data.draw(framed(text)) for text in texts)
    at_once, in_pieces = Conversation(), Conversation()
    assert at_once.take(sent) == texts
    assert [text for start in range(0, len(sent), size) for text in in_pieces.take(sent[start : start + size])] == texts
    assert at_once.said == in_pieces.said
    assert not at_once.messages.is_over


@given(st.binary(max_size=300), st.integers(1, 50))
@example(frame(b"\xff") + frame(b"x"), 1)
@example(frame(b"\x03\xe8", CLOSE) + b"more", 2)
def test_no_bytes_break_it_and_nothing_comes_after_the_end(sent: bytes, size: int) -> None:
    conversation = Conversation()
    for start in range(0, len(sent), size):
        was_over = conversation.messages.is_over
        assert not (conversation.take(sent[start : start + size]) and was_over)
    if conversation.messages.is_over:
        assert close_code(b"".join(conversation.said)) is not None
        assert conversation.messages.goodbye(1000, None) == b""


def test_a_message_that_comes_byte_by_byte_is_one_frame() -> None:
    text = "x" * (3 * FRAGMENTS_LIMIT)
    conversation = Conversation()
    assert [taken for byte in frame(text.encode()) for taken in conversation.take(bytes([byte]))] == [text]


def test_the_largest_message_is_taken_and_one_byte_more_is_not_whatever_it_is_cut_into() -> None:
    for kind in (TEXT, BINARY):
        largest = Conversation()
        assert [len(text) for text in largest.take(frame(b"x" * MESSAGE_BYTES, kind))] == [MESSAGE_BYTES]
        larger = Conversation()
        whole = frame(b"x" * (MESSAGE_BYTES + 1), kind)
        assert [text for start in range(0, len(whole), 60_000) for text in larger.take(whole[start : start + 60_000])] == []
        assert close_code(b"".join(larger.said)) == 1009


def test_nothing_is_kept_of_a_message_that_was_too_large() -> None:
    conversation = Conversation()
    conversation.take(frame(b"x" * MESSAGE_BYTES, last=False))
    conversation.take(frame(b"xx", CONTINUED, last=False))
    assert (conversation.messages.is_over, conversation.messages._parts) == (True, None)


@given(st.binary(max_size=70_000))
@example(b"")
@example(b"x" * 125)
@example(b"x" * 126)
@example(b"x" * 65_535)
@example(b"x" * 65_536)
def test_what_is_said_is_one_frame_with_exactly_that_in_it(text: bytes) -> None:
    assert frames_in(text_frame(text)) == [text]
    client = Protocol(ConnectionType.CLIENT)
    client.receive_data(text_frame(b"x" * len(text)))
    assert "".join(str(event.data) for event in client.events()) == "x" * len(text)  # type: ignore[attr-defined]
