"""A client's bytes on a real socket and on a stream: everything arrives whole, a wait can be interrupted, and an end is told as one."""

import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
import trio.testing
import trustme

from taskactors.actors.calls import Connection
from taskactors.actors.wires import Wire
from taskactors.transports.guarded_stream import GONE, guarded
from taskactors.transports.websocket import WebSocketDoor
from tests.support.raw_websocket import close_code, frame, frames_in, opening, rest_of

WITHIN_S = 10.0
LARGE = bytes(range(256)) * 40_000
"""More than any system keeps for a socket that nobody reads."""

Pair = tuple[trio.abc.Stream, trio.abc.Stream]


async def socket_pair() -> Pair:
    client, server = trio.socket.socketpair()
    return trio.SocketStream(client), trio.SocketStream(server)


async def memory_pair() -> Pair:
    return trio.testing.memory_stream_pair()


@asynccontextmanager
async def listening_pair() -> AsyncIterator[Pair]:
    """Over TCP, which alone knows a reset."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener, await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1]) as client:
        yield client, await listener.accept()


KINDS = pytest.mark.parametrize("pair", [socket_pair, memory_pair], ids=["socket", "stream"])


@KINDS
async def test_what_is_more_than_is_taken_at_once_arrives_whole(pair: Callable[[], Awaitable[Pair]]) -> None:
    client, server = await pair()
    ours, received = guarded(server), b""
    async with trio.open_nursery() as nursery:
        sent = ours.send_now(LARGE)
        assert sent < len(LARGE)
        nursery.start_soon(ours.send_all, LARGE[sent:])
        with trio.fail_after(WITHIN_S):
            while len(received) < len(LARGE):
                received += bytes(await client.receive_some(100_000))
    assert received == LARGE
    await client.aclose()
    await ours.aclose()


@KINDS
async def test_a_wait_is_interrupted_and_loses_nothing(pair: Callable[[], Awaitable[Pair]]) -> None:
    client, server = await pair()
    ours, heard = guarded(server), []

    async def hear() -> None:
        heard.append(await ours.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(hear)
        await trio.testing.wait_all_tasks_blocked()
        ours.interrupt()
    await client.send_all(b"hello")
    await hear()
    assert heard == [None, b"hello"]
    ours.interrupt()
    await client.send_all(b"again")
    await hear()
    assert heard[-1] == b"again"
    await client.aclose()
    await hear()
    assert heard[-1] == b""
    await ours.aclose()


@KINDS
async def test_an_interruption_of_who_receives_does_not_touch_who_sends(pair: Callable[[], Awaitable[Pair]]) -> None:
    client, server = await pair()
    ours, received = guarded(server), b""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ours.send_all, LARGE)
        await trio.testing.wait_all_tasks_blocked()
        ours.interrupt()
        await trio.testing.wait_all_tasks_blocked()
        with trio.fail_after(WITHIN_S):
            while len(received) < len(LARGE):
                received += bytes(await client.receive_some(100_000))
    assert received == LARGE
    await client.aclose()
    await ours.aclose()


async def test_whoever_is_gone_is_told_in_one_way(autojump_clock: trio.testing.MockClock) -> None:
    client, server = await socket_pair()
    ours = guarded(server)
    await client.aclose()
    with pytest.raises(GONE):
        while True:
            await ours.send_all(LARGE)
    await ours.aclose()
    await ours.aclose()


async def test_where_a_client_is_can_be_told() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener, await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1]) as client:
        ours = guarded(await listener.accept())
        assert ours.address == "127.0.0.1"
        await client.aclose()
        await ours.aclose()
    assert guarded((await memory_pair())[1]).address == ""


# The door on top of it.


async def much(wire: Wire, connection: Connection) -> None:
    """Answers a number with so many large messages, each of its own."""
    while (message := await wire.receive()) is not None:
        for number in range(int(message)):
            wire.post(f"{number} {'x' * 50_000}".encode())


async def echo(wire: Wire, connection: Connection) -> None:
    while (message := await wire.receive()) is not None:
        wire.post(str(message).encode())


@asynccontextmanager
async def served(handler: Any, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async with trio.open_nursery() as nursery:
        yield await nursery.start(WebSocketDoor(handler, tls=tls).listen, "127.0.0.1", 0)
        nursery.cancel_scope.cancel()


async def shaken(stream: trio.abc.Stream, behind: bytes = b"") -> trio.abc.Stream:
    """A client's stream after its handshake."""
    await stream.send_all(opening() + behind)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += await stream.receive_some(1)
    assert b" 101 " in head
    return stream


async def hear(stream: trio.abc.Stream, count: int) -> list[bytes]:
    received = b""
    with trio.fail_after(WITHIN_S):
        while len(frames_in(received)) < count:
            received += bytes(await stream.receive_some(65536))
    return frames_in(received)


async def test_a_client_with_little_room_gets_much_whole_and_in_order() -> None:
    async with served(much) as port:
        client = trio.socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await client.connect(("127.0.0.1", port))
        stream = await shaken(trio.SocketStream(client))
        await stream.send_all(frame(b"60"))
        await trio.testing.wait_all_tasks_blocked(0.05)
        assert [each.split(b" ")[0] for each in await hear(stream, 60)] == [str(number).encode() for number in range(60)]
        await stream.aclose()


async def test_what_is_sent_behind_the_opening_request_is_not_lost() -> None:
    """No client may, and one that does is answered rather than left to wonder."""
    async with served(echo) as port, await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await shaken(stream, frame(b"early") + frame(b"half of one")[:5])
        assert await hear(stream, 1) == [b"early"]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


async def test_tls_carries_a_conversation_to_its_goodbye(authority: trustme.CA) -> None:
    server, client = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(client)
    async with served(much, server) as port:
        stream = await trio.open_ssl_over_tcp_stream("127.0.0.1", port, ssl_context=client, https_compatible=True)
        await shaken(stream)
        await stream.send_all(frame(b"40"))
        assert len(await hear(stream, 40)) == 40
        await stream.send_all(frame(b"\x03\xe8bye", 8))
        assert close_code(await rest_of(stream)) == 1000
        await trio.aclose_forcefully(stream)


@KINDS
async def test_who_is_cut_off_is_not_waited_for(pair: Callable[[], Awaitable[Pair]], autojump_clock: trio.testing.MockClock) -> None:
    client, server = await pair()
    ours = guarded(server)
    ours.cut()
    await ours.aclose()
    assert trio.current_time() == 0
    await client.aclose()


async def test_of_what_one_who_is_cut_off_was_sent_the_system_keeps_nothing() -> None:
    async with listening_pair() as (client, server):
        ours = guarded(server)
        assert ours.send_now(LARGE) > 0
        ours.cut()
        await ours.aclose()
        # A reset, and not the rest of what was sent.
        with trio.fail_after(WITHIN_S), pytest.raises(trio.BrokenResourceError):
            while await client.receive_some(1_000):
                pass
