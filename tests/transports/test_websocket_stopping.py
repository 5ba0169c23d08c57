"""Stopping: what was taken is answered, everybody is told, nobody new gets in, and no client can delay it for long."""

import pytest
import trio
import trio.testing
from trio_websocket import HandshakeError

from taskactors.actors.calls import Connection
from taskactors.actors.wires import Wire
from taskactors.transports.guarded_stream import LINGER_S
from taskactors.transports.websocket import WebSocketDoor
from taskactors.transports.websocket_wire import CLOSE_WITHIN_S
from tests.support.fake_front import FakeFront, Held, calling, connected, introduced, legacy, modern, serving
from tests.support.raw_websocket import close_code, opening, rest_of

GOING_AWAY = 1001
WITHIN_S = 10.0


async def test_everybody_is_told_that_the_server_goes_away() -> None:
    front = FakeFront()
    async with serving(front) as (url, door), connected(url) as idle, connected(url) as modern_one, introduced(url):
        await modern_one.ask(modern("tools/list"))
        await front.until(lambda front: len(front.opening) == 3)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(door.drain)
            assert await idle.closed() == GOING_AWAY
            assert await modern_one.closed() == GOING_AWAY
    assert len(front.closing) == 3


@pytest.mark.parametrize("era", [connected, introduced], ids=["2026", "2025"])
async def test_a_call_that_was_taken_is_answered_before_the_goodbye(era: object) -> None:
    held = Held()
    front = FakeFront({"list_tasks": held})
    async with serving(front) as (url, door), era(url) as peer:  # type: ignore[operator]
        await peer.send(calling("list_tasks") if era is connected else legacy("tools/call", {"name": "list_tasks"}))
        await held.begun.wait()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(door.drain)
            await trio.testing.wait_all_tasks_blocked()
            assert not held.cancelled.is_set()
            held.released.set()
            assert (await peer.next())["result"]["structuredContent"] == {"released": True}
            assert await peer.closed() == GOING_AWAY
    assert not held.cancelled.is_set()


async def test_what_is_sent_after_the_stop_began_is_not_taken() -> None:
    held = Held()
    front = FakeFront({"list_tasks": held})
    async with serving(front) as (url, door), connected(url) as peer:
        await peer.send(calling("list_tasks"))
        await held.begun.wait()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(door.drain)
            await trio.testing.wait_all_tasks_blocked()
            await peer.send(calling("create_task", number=2))
            await trio.testing.wait_all_tasks_blocked()
            held.released.set()
            assert (await peer.next())["id"] == 1
            assert await peer.closed() == GOING_AWAY
    assert [tool for _, tool, _ in front.called] == ["list_tasks"]


async def test_nobody_new_gets_in_while_the_last_are_served() -> None:
    held = Held()
    async with serving(FakeFront({"list_tasks": held})) as (url, door), connected(url) as peer:
        await peer.send(calling("list_tasks"))
        await held.begun.wait()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(door.drain)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(HandshakeError):
                async with connected(url):
                    pass
            held.released.set()
            assert (await peer.next())["id"] == 1


async def echo(wire: Wire, connection: Connection) -> None:
    while (message := await wire.receive()) is not None:
        await wire.send(str(message))


async def test_whoever_was_still_shaking_hands_is_told_too() -> None:
    client, server = trio.testing.memory_stream_pair()
    door = WebSocketDoor(echo)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(door.serve, server)
        request = opening()
        await client.send_all(request[:20])
        await trio.testing.wait_all_tasks_blocked()
        await door.drain()
        await client.send_all(request[20:])
        received = b""
        while close_code(received) is None:
            received += await client.receive_some(1000)
        assert close_code(received) == GOING_AWAY
        await client.aclose()


async def test_listening_ends_with_the_last_connection() -> None:
    door = WebSocketDoor(echo)
    async with trio.open_nursery() as nursery:
        port = await nursery.start(door.listen, "127.0.0.1", 0)
        async with connected(f"ws://127.0.0.1:{port}/mcp") as peer:
            with trio.fail_after(WITHIN_S):
                await door.drain()
            assert await peer.closed() == GOING_AWAY


async def test_a_client_that_does_not_answer_the_goodbye_delays_the_stop_for_a_moment_only(autojump_clock: trio.testing.MockClock) -> None:
    client, server = trio.testing.memory_stream_pair()
    door = WebSocketDoor(echo)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(door.serve, server)
        await client.send_all(opening())
        await trio.testing.wait_all_tasks_blocked()
        await door.drain()
        assert trio.current_time() <= CLOSE_WITHIN_S + 0.1
        assert close_code(await rest_of(client)) == GOING_AWAY
        assert trio.current_time() <= CLOSE_WITHIN_S + LINGER_S + 0.2


async def test_a_stop_that_may_wait_no_longer_ends_calls_and_connections_at_once() -> None:
    held = Held()
    front = FakeFront({"list_tasks": held})
    async with serving(front) as (url, _), connected(url) as peer, trio.open_nursery() as nursery:
        await peer.send(calling("list_tasks"))
        await held.begun.wait()
        nursery.cancel_scope.cancel()
    assert held.cancelled.is_set()
    assert front.closing == front.opening
