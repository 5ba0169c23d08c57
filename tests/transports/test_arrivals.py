"""Arrivals: who waits is told of what came, who does not is left alone, and one at fault stays alone with it."""

import socket
from collections.abc import Iterator

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.transports.arrivals import IN_A_ROW, Arrivals
from taskactors.transports.guarded_stream import GONE, AtOnce, GuardedSocket

WITHIN_S = 10.0


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


Ends = tuple[socket.socket, socket.socket]


async def test_what_comes_is_taken_where_it_is_read_and_whoever_receives_waits_on(ends: Ends) -> None:
    ours, taken = GuardedSocket(ends[0]), []

    def at_once(data: bytes) -> bool:
        taken.append(data)
        return data != b"last"

    async def say(what: bytes) -> None:
        ends[1].send(what)
        with trio.fail_after(WITHIN_S):
            while not taken or taken[-1] != what:
                await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(_expect, ours, at_once, None)
        for what in (b"first", b"second", b"last"):
            await say(what)
    assert taken == [b"first", b"second", b"last"]
    await ours.aclose()


async def _expect(ours: GuardedSocket, at_once: AtOnce | None, expected: bytes | None) -> None:
    assert await ours.receive(at_once) == expected


async def test_what_comes_while_nobody_receives_is_there_for_whoever_does_next(ends: Ends) -> None:
    ours = GuardedSocket(ends[0])
    ends[1].send(b"one")
    assert await ours.receive() == b"one"
    ends[1].send(b"two")
    # Told of it, nobody takes it: it is not told again until somebody asks.
    await wait_all_tasks_blocked(0.01)
    assert await ours.receive() == b"two"
    ends[1].close()
    assert await ours.receive(lambda data: pytest.fail("the end is not for taking")) == b""
    await ours.aclose()


async def test_a_fault_of_whoever_takes_is_raised_where_its_client_is_served_and_nowhere_else(ends: Ends) -> None:
    faulty = GuardedSocket(ends[0])
    other, far = socket.socketpair()
    sound = GuardedSocket(other)

    def at_once(data: bytes) -> bool:
        raise ValueError("a bug")

    ends[1].send(b"x")
    with pytest.raises(ValueError, match="a bug"):
        await faulty.receive(at_once)
    far.send(b"hello")
    assert await sound.receive() == b"hello"
    far.close()
    await faulty.aclose()
    await sound.aclose()


async def test_one_that_was_reset_is_told_as_gone() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        client = await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1])
        ours = GuardedSocket(socket.socket(fileno=(await listener.accept()).socket.detach()))
        theirs = socket.socket(fileno=client.socket.detach())
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        theirs.close()
        with pytest.raises(GONE), trio.fail_after(WITHIN_S):
            await ours.receive()
        await ours.aclose()


async def test_who_is_cancelled_loses_nothing_and_who_closes_is_told_no_more(ends: Ends, autojump_clock: MockClock) -> None:
    ours = GuardedSocket(ends[0])
    with trio.move_on_after(1) as scope:
        await ours.receive()
    assert scope.cancelled_caught
    ends[1].send(b"later")
    assert await ours.receive() == b"later"
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_expect, ours, None, None)
        await wait_all_tasks_blocked()
        with pytest.raises(trio.BusyResourceError):
            await ours.receive()
        ours.cut()
        await ours.aclose()
    with pytest.raises(trio.ClosedResourceError):
        await ours.receive()


async def test_the_number_of_a_closed_socket_may_be_anothers_at_once() -> None:
    for _ in range(20):
        near, far = socket.socketpair()
        ours = GuardedSocket(near)
        far.send(b"mine")
        assert await ours.receive() == b"mine"
        ours.cut()
        await ours.aclose()
        far.close()


async def test_a_flood_on_many_sockets_lets_other_tasks_have_their_turns() -> None:
    pairs = [socket.socketpair() for _ in range(6 * IN_A_ROW)]
    ours = [GuardedSocket(near) for near, _ in pairs]
    turns = 0
    seen_at: list[int] = []

    def at_once(data: bytes) -> bool:
        seen_at.append(turns)
        return False

    async with trio.open_nursery() as nursery:
        for each in ours:
            nursery.start_soon(_expect, each, at_once, None)
        await wait_all_tasks_blocked()
        for _, far in pairs:
            far.send(b"x")
        with trio.fail_after(WITHIN_S):
            while len(seen_at) < len(pairs):
                turns += 1
                await trio.lowlevel.checkpoint()
    # Tasks of one round of the loop run in any order, so that two of ours may have one of the readers' between them, or none.
    assert max(seen_at.count(turn) for turn in seen_at) <= 2 * IN_A_ROW
    for each, (_, far) in zip(ours, pairs, strict=True):
        each.cut()
        await each.aclose()
        far.close()


def test_each_run_has_arrivals_of_its_own() -> None:
    async def here() -> Arrivals:
        first = Arrivals.here()
        assert Arrivals.here() is first
        return first

    assert trio.run(here) is not trio.run(here)
