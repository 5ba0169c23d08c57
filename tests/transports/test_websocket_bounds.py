"""Bounds of one connection: how large, how slow, how silent a client may be, and that its end is its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog.testing
import trio
import trio.testing
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

from taskactors.actors.calls import Connection
from taskactors.actors.wires import Wire, WireClosed
from taskactors.transports.guarded_stream import LINGER_S, GuardedStream
from taskactors.transports.websocket import PING_EVERY_S, Handler, WebSocketDoor
from taskactors.transports.websocket_guards import FRAGMENTS_LIMIT, MESSAGE_BYTES
from taskactors.transports.websocket_wire import OUTGOING_LIMIT, WRITE_WITHIN_S
from tests.support.raw_websocket import BINARY, CLOSE, CONTINUED, PING, PONG, TEXT, answer_to, close_code, frame, opening, rest_of

WITHIN_S = 10.0
GOING_ON = b"going on"


async def echo(wire: Wire, connection: Connection) -> None:
    """Says how long each message is, so that large ones need no large answers."""
    while (message := await wire.receive()) is not None:
        await wire.send(f"{len(message)} {message[:50]!r}")


@asynccontextmanager
async def served(handler: Handler = echo) -> AsyncIterator[str]:
    door = WebSocketDoor(handler)
    async with trio.open_nursery() as nursery:
        port = await nursery.start(door.listen, "127.0.0.1", 0)
        yield f"ws://127.0.0.1:{port}/mcp"
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[trio.SocketStream]:
    """A client that has shaken hands and now sends frames byte by byte."""
    async with await trio.open_tcp_stream("127.0.0.1", int(url.rsplit(":", 1)[1].split("/")[0])) as stream:
        assert (await answer_to(stream, opening()))[0] == 101
        yield stream


async def code_after(stream: trio.SocketStream, sent: bytes) -> int | None:
    """The close code that these bytes earn."""
    received = b""
    with trio.fail_after(WITHIN_S):
        await stream.send_all(sent)
        while close_code(received) is None and (chunk := await stream.receive_some(65536)):
            received += bytes(chunk)
    return close_code(received)


async def ask(socket: WebSocketConnection, message: str | bytes) -> str:
    with trio.fail_after(WITHIN_S):
        await socket.send_message(message)
        return str(await socket.get_message())


LARGEST = {
    "of letters": "x" * MESSAGE_BYTES,
    "of two bytes each": "é" * (MESSAGE_BYTES // 2),
    "of four bytes each": "😀" * (MESSAGE_BYTES // 4),
    "in binary": b"x" * MESSAGE_BYTES,
}


@pytest.mark.parametrize("message", LARGEST.values(), ids=LARGEST)
async def test_a_message_as_large_as_the_limit_is_taken(message: str | bytes) -> None:
    async with served() as url, open_websocket_url(url, subprotocols=["mcp"]) as socket:
        text = message if isinstance(message, str) else message.decode()
        assert (await ask(socket, message)).startswith(f"{len(text)} ")
        assert (await ask(socket, "on")).startswith("2 ")


@pytest.mark.parametrize("message", LARGEST.values(), ids=LARGEST)
async def test_a_message_that_is_one_byte_larger_closes_with_its_reason(message: str | bytes) -> None:
    payload = (message if isinstance(message, bytes) else message.encode()) + b"x"
    async with served() as url, opened(url) as stream:
        assert await code_after(stream, frame(payload, BINARY if isinstance(message, bytes) else TEXT)) == 1009


async def test_a_client_that_is_still_sending_far_too_much_hears_why_it_was_closed() -> None:
    async with served() as url, opened(url) as stream:
        assert await code_after(stream, frame(b"x" * (5 * MESSAGE_BYTES))) == 1009


async def test_the_size_of_a_message_in_fragments_is_that_of_the_whole() -> None:
    half = b"x" * (MESSAGE_BYTES // 2)
    parts = frame(half, last=False) + frame(half, CONTINUED, last=False)
    async with served() as url:
        async with opened(url) as stream:
            await stream.send_all(parts + frame(b"", CONTINUED))
            with trio.fail_after(WITHIN_S):
                assert f"{MESSAGE_BYTES} ".encode() in await stream.receive_some(1000)
        async with opened(url) as stream:
            assert await code_after(stream, parts + frame(b"x", CONTINUED)) == 1009


async def test_as_many_fragments_as_the_limit_are_one_message_and_more_are_not() -> None:
    """Empty fragments never add to the size, so without a limit of their own they would fill the memory."""
    fragments = frame(b"", last=False) + frame(b"", CONTINUED, last=False) * (FRAGMENTS_LIMIT - 2)
    async with served() as url:
        async with opened(url) as stream:
            await stream.send_all(fragments + frame(b"x", CONTINUED))
            with trio.fail_after(WITHIN_S):
                assert b"1 'x'" in await stream.receive_some(1000)
        async with opened(url) as stream:
            assert await code_after(stream, fragments + frame(b"", CONTINUED, last=False) * 20_000) == 1008


NO_TEXT = {"one byte": b"\xff", "half a character": "é".encode()[:1], "half a pair": b"\xed\xa0\x80", "within text": b"abc\xfe\xffdef"}


@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize("payload", NO_TEXT.values(), ids=NO_TEXT)
async def test_what_is_not_utf8_closes_with_its_reason(payload: bytes, opcode: int) -> None:
    async with served() as url, opened(url) as stream:
        assert await code_after(stream, frame(payload, opcode)) == 1007


@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize(
    "behind", [frame(b"\xff", BINARY), frame(b"x", PING, last=False), frame(b"\x03\xe8", CLOSE)], ids=["more", "worse", "bye"]
)
async def test_what_comes_behind_bytes_that_are_not_utf8_does_not_change_the_reason(behind: bytes, opcode: int) -> None:
    with structlog.testing.capture_logs() as logged:
        async with served() as url:
            for _ in range(20):  # it was a matter of which task came first
                async with opened(url) as stream:
                    assert await code_after(stream, frame(b"\xff", opcode) + behind) == 1007
    assert logged == []


@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
async def test_a_character_may_be_split_between_fragments(opcode: int) -> None:
    both = "é".encode()
    async with served() as url, opened(url) as stream:
        await stream.send_all(frame(both[:1], opcode, last=False) + frame(both[1:], CONTINUED))
        with trio.fail_after(WITHIN_S):
            assert "1 'é'".encode() in await stream.receive_some(1000)


BROKEN_FRAMES = {
    "not masked": b"\x81\x01x",
    "an unknown kind": frame(b"x", 3),
    "reserved bits": bytes([0xF1]) + frame(b"x")[1:],
    "a continuation of nothing": frame(b"x", CONTINUED),
    "a ping in fragments": frame(b"x", PING, last=False),
    "a ping too long": frame(b"x" * 126, PING),
    "a size beyond all": b"\x81\xff" + b"\xff" * 8,
}


@pytest.mark.parametrize("sent", BROKEN_FRAMES.values(), ids=BROKEN_FRAMES)
async def test_a_frame_that_breaks_the_protocol_closes_with_its_reason(sent: bytes) -> None:
    async with served() as url, opened(url) as stream:
        assert await code_after(stream, sent) == 1002


async def test_whatever_a_client_sends_no_other_notices(capfd: pytest.CaptureFixture[str]) -> None:
    with structlog.testing.capture_logs() as logged:
        async with served() as url, open_websocket_url(url, subprotocols=["mcp"]) as other:
            for sent in (*BROKEN_FRAMES.values(), *map(frame, NO_TEXT.values()), frame(b"x" * (MESSAGE_BYTES + 1))):
                async with opened(url) as stream:
                    await stream.send_all(sent)
                assert (await ask(other, "still")).startswith("5 ")
    assert logged == []
    assert capfd.readouterr().err == ""


async def test_a_fault_in_one_connections_handler_is_logged_and_closes_that_one_alone() -> None:
    async def fails(wire: Wire, connection: Connection) -> None:
        if await wire.receive() == "fail":
            raise RuntimeError("a fault")
        await echo(wire, connection)

    with structlog.testing.capture_logs() as logged:
        async with served(fails) as url, open_websocket_url(url, subprotocols=["mcp"]) as other:
            await other.send_message("live")
            async with opened(url) as stream:
                assert await code_after(stream, frame(b"fail")) == 1011
            assert (await ask(other, "still")).startswith("5 ")
    assert [str(entry["exc_info"]) for entry in logged] == ["a fault"]


async def test_a_client_that_says_goodbye_hears_it_back() -> None:
    async with served() as url, opened(url) as stream:
        assert await code_after(stream, frame(b"\x03\xe8bye", 8)) == 1000


async def test_a_ping_is_answered() -> None:
    async with served() as url, opened(url) as stream:
        await stream.send_all(frame(b"hello", PING))
        with trio.fail_after(WITHIN_S):
            assert await stream.receive_some(100) == b"\x8a\x05hello"


# Time, on streams in memory and a clock that jumps.


Pair = tuple[trio.abc.HalfCloseableStream, trio.abc.HalfCloseableStream]


def roomy() -> Pair:
    """A client and a server with endless room between them."""
    return trio.testing.memory_stream_pair()


def tight() -> Pair:
    """A client and a server without any: nothing is sent before it is read."""
    return trio.testing.lockstep_stream_pair()


class SlowToEnd(trio.abc.HalfCloseableStream):
    """A socket that is about to say that nothing follows; meanwhile it takes nothing else, as sockets do."""

    def __init__(self) -> None:
        self.ending = trio.Event()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        raise trio.BusyResourceError

    async def wait_send_all_might_not_block(self) -> None:
        raise trio.BusyResourceError

    async def send_eof(self) -> None:
        self.ending.set()
        await trio.sleep_forever()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return b""

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


@asynccontextmanager
async def in_memory(handler: Handler, pair: Pair) -> AsyncIterator[trio.abc.HalfCloseableStream]:
    """A client of a server on streams in memory, after its handshake; leaving waits until the server has let go of it."""
    client, server = pair
    door = WebSocketDoor(handler)
    async with trio.open_nursery() as asking:
        asking.start_soon(door.ask_in_time)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(door.serve, server)
            await client.send_all(opening())
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += await client.receive_some(1)
            yield client
        asking.cancel_scope.cancel()


async def test_whoever_still_sends_while_the_stream_says_goodbye_hears_that_it_is_closed(autojump_clock: trio.testing.MockClock) -> None:
    stream = SlowToEnd()
    guarded = GuardedStream(stream)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(guarded.aclose)
        await stream.ending.wait()
        with pytest.raises(trio.ClosedResourceError):
            await guarded.send_all(b"too late")


async def test_a_client_that_reads_nothing_is_cut_off_in_time(autojump_clock: trio.testing.MockClock) -> None:
    ended = []

    async def tells(wire: Wire, connection: Connection) -> None:
        try:
            await wire.send("to nobody")
            await trio.sleep_forever()
        finally:
            ended.append(trio.current_time())

    async with in_memory(tells, tight()):
        pass
    assert ended == [pytest.approx(WRITE_WITHIN_S, abs=0.1)]
    assert trio.current_time() <= WRITE_WITHIN_S + LINGER_S + 0.1


async def test_whoever_waits_to_tell_a_client_that_reads_nothing_is_released_with_it(autojump_clock: trio.testing.MockClock) -> None:
    sent = 0

    async def floods(wire: Wire, connection: Connection) -> None:
        nonlocal sent
        while True:
            await wire.send("to nobody")
            sent += 1

    async with in_memory(floods, tight()):
        pass
    assert sent <= OUTGOING_LIMIT + 1
    assert trio.current_time() <= WRITE_WITHIN_S + LINGER_S + 0.1


async def test_a_client_that_reads_slowly_but_in_time_gets_everything(autojump_clock: trio.testing.MockClock) -> None:
    async def tells(wire: Wire, connection: Connection) -> None:
        for number in range(5):
            await wire.send(f"answer {number}")

    received = b""
    async with in_memory(tells, tight()) as client:
        while b"answer 4" not in received:
            await trio.sleep(WRITE_WITHIN_S - 1)
            received += await client.receive_some(1000)
        await client.send_all(frame(b"\x03\xe8", 8))
        await rest_of(client)
    assert all(f"answer {number}".encode() in received for number in range(5))


async def test_a_client_that_vanished_is_found_out_by_its_silence(autojump_clock: trio.testing.MockClock) -> None:
    async with in_memory(echo, roomy()):
        pass
    assert 2 * PING_EVERY_S <= trio.current_time() <= 2 * PING_EVERY_S + LINGER_S + 0.1


async def test_a_client_that_is_silent_but_there_stays(autojump_clock: trio.testing.MockClock) -> None:
    async with in_memory(echo, roomy()) as client:
        for _ in range(20):
            ping = await client.receive_some(1000)
            assert ping[:2] == b"\x89\x04"
            await client.send_all(frame(bytes(ping[2:]), PONG))
        assert trio.current_time() >= 20 * PING_EVERY_S
        await client.send_all(frame(GOING_ON))
        assert GOING_ON in await client.receive_some(1000)
        await client.send_eof()


async def test_a_pong_that_answers_nothing_we_asked_is_no_sign_of_life(autojump_clock: trio.testing.MockClock) -> None:
    async with in_memory(echo, roomy()) as client:
        await trio.sleep(PING_EVERY_S + 1)
        await client.send_all(frame(b"else", PONG))
    assert 2 * PING_EVERY_S <= trio.current_time() <= 2 * PING_EVERY_S + LINGER_S + 0.1


async def test_a_client_that_does_not_answer_our_goodbye_is_left(autojump_clock: trio.testing.MockClock) -> None:
    async def hangs_up(wire: Wire, connection: Connection) -> None:
        await wire.send("that was all")

    async with in_memory(hangs_up, roomy()) as client:
        received = await rest_of(client)
    assert b"that was all" in received
    assert close_code(received) == 1000
    assert trio.current_time() <= 3.0


async def test_a_wire_whose_client_is_gone_says_so_in_both_directions() -> None:
    said: list[str] = []

    async def goes_on(wire: Wire, connection: Connection) -> None:
        with pytest.raises(WireClosed):
            await wire.receive()
        said.append("receive")
        with pytest.raises(WireClosed):
            while True:
                await wire.send("x")
        said.append("send")

    async with served(goes_on) as url:
        with pytest.raises(ConnectionClosed):
            async with open_websocket_url(url, subprotocols=["mcp"]) as socket:
                await trio.aclose_forcefully(socket._stream)
                await socket.get_message()
        with trio.fail_after(WITHIN_S):
            while len(said) < 2:
                await trio.lowlevel.checkpoint()
