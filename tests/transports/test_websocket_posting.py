"""Posted messages: queued without waiting, sent whole and in order, together where several wait; and never without bound."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import pytest
import trio
import trio.testing
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.actors.calls import Connection
from taskactors.actors.wires import Wire, WireClosed
from taskactors.transports.websocket import Handler, WebSocketDoor
from taskactors.transports.websocket_wire import IN_A_ROW, OUTGOING_LIMIT, WRITE_WITHIN_S
from tests.support.raw_websocket import close_code, frame, frames_in, opening

BURST = 20


class Counted(trio.abc.HalfCloseableStream):
    """A stream that counts what is sent at once."""

    def __init__(self, stream: trio.abc.HalfCloseableStream) -> None:
        self.stream = stream
        self.sent: list[int] = []

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self.sent.append(len(data))
        await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.stream.wait_send_all_might_not_block()

    async def send_eof(self) -> None:
        await self.stream.send_eof()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return bytes(await self.stream.receive_some(max_bytes))

    async def aclose(self) -> None:
        await self.stream.aclose()


@asynccontextmanager
async def before(handler: Handler, pair: Any) -> AsyncIterator[tuple[trio.abc.HalfCloseableStream, Counted]]:
    """A client before that handler after its handshake, and the server's end of its stream."""
    client, server = pair[0], Counted(pair[1])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(WebSocketDoor(handler).serve, server)
        await client.send_all(opening())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await client.receive_some(1)
        server.sent.clear()
        yield client, server
        nursery.cancel_scope.cancel()


async def burst(wire: Wire, connection: Connection) -> None:
    """Answers each message with several at once."""
    while (message := await wire.receive()) is not None:
        for number in range(BURST):
            wire.post(f"{message!r} {number} ä".encode())


async def test_what_is_posted_at_once_comes_whole_and_in_order_in_one_go() -> None:
    async with before(burst, trio.testing.memory_stream_pair()) as (client, server):
        await client.send_all(frame(b"a"))
        await wait_all_tasks_blocked()
        received = bytes(await client.receive_some(1 << 16))
        assert frames_in(received) == [f"'a' {number} ä".encode() for number in range(BURST)]
        assert server.sent == [len(received)]


async def test_much_that_is_posted_goes_in_several_so_that_each_has_its_own_time(autojump_clock: MockClock) -> None:
    large = b"x" * 40_000

    async def tell(wire: Wire, connection: Connection) -> None:
        for _ in range(3):
            wire.post(large)
        await wire.receive()

    async with before(tell, trio.testing.lockstep_stream_pair()) as (client, server):
        received = b""
        while len(frames_in(received)) < 3:
            await trio.sleep(WRITE_WITHIN_S / 100)
            received += bytes(await client.receive_some(20_000))
        assert frames_in(received) == [large] * 3
        assert len(server.sent) == 3


async def test_whoever_does_not_read_has_no_more_taken(autojump_clock: MockClock) -> None:
    taken = 0

    async def counting(wire: Wire, connection: Connection) -> None:
        nonlocal taken
        while await wire.receive() is not None:
            taken += 1
            wire.post(b"answer")

    async with before(counting, trio.testing.lockstep_stream_pair()) as (client, _):
        with trio.move_on_after(WRITE_WITHIN_S / 2):
            for _ in range(10 * OUTGOING_LIMIT):
                await client.send_all(frame(b"x"))
        assert OUTGOING_LIMIT <= taken <= OUTGOING_LIMIT + 1


async def test_whoever_sends_much_at_once_leaves_others_their_turn() -> None:
    handed, turns = 0, []

    async def count(wire: Wire, connection: Connection) -> None:
        nonlocal handed
        while await wire.receive() is not None:
            handed += 1

    async with before(count, trio.testing.memory_stream_pair()) as (client, _):
        await client.send_all(frame(b"{}") * 1_000)
        while handed < 1_000:
            turns.append(handed)
            await trio.lowlevel.checkpoint()
    # Who comes first in a round is left to chance, so there may be two rows between two turns.
    assert all(after - earlier <= 2 * IN_A_ROW for earlier, after in pairwise(turns))


async def test_whoever_reads_again_in_time_gets_everything(autojump_clock: MockClock) -> None:
    async def echo(wire: Wire, connection: Connection) -> None:
        while (message := await wire.receive()) is not None:
            wire.post(str(message).encode())

    every = [str(number).encode() for number in range(5 * OUTGOING_LIMIT)]
    async with before(echo, trio.testing.lockstep_stream_pair()) as (client, _), trio.open_nursery() as nursery:
        nursery.start_soon(client.send_all, b"".join(map(frame, every)))
        received = b""
        while len(frames_in(received)) < len(every):
            await trio.sleep(0.1)
            received += bytes(await client.receive_some(1_000))
        assert frames_in(received) == every


async def test_a_server_that_stops_lets_a_slow_client_take_what_is_queued_for_it(autojump_clock: MockClock) -> None:
    begun = trio.Event()

    async def tell(wire: Wire, connection: Connection) -> None:
        for number in range(10):
            wire.post(f"{number}".encode() * 50_000)
        begun.set()
        await wire.receive()

    client, server = trio.testing.lockstep_stream_pair()
    door, received, had_by_then = WebSocketDoor(tell), b"", 0

    async def drain() -> None:
        nonlocal had_by_then
        await begun.wait()
        await door.drain()
        had_by_then = len(received)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(door.serve, server)
        await client.send_all(opening())
        nursery.start_soon(drain)
        while close_code(received) is None:
            await trio.sleep(0.5)
            received += bytes(await client.receive_some(100_000))
        await client.aclose()
    assert [frames[:1] for frames in frames_in(received.partition(b"\r\n\r\n")[2])[:10]] == [f"{number}".encode() for number in range(10)]
    assert close_code(received) == 1001
    assert had_by_then > 9 * 50_000


async def test_posting_to_a_client_that_is_gone_is_nothing() -> None:
    over = trio.Event()

    async def goes_on(wire: Wire, connection: Connection) -> None:
        with pytest.raises(WireClosed):
            await wire.receive()
        for _ in range(10 * OUTGOING_LIMIT):
            wire.post(b"to nobody")
        over.set()

    async with before(goes_on, trio.testing.memory_stream_pair()) as (client, _):
        await client.aclose()
        with trio.fail_after(10):
            await over.wait()
