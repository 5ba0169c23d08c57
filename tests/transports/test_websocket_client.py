"""The client's end: it says why it could not connect, ends with its server, and never leaves half a message behind."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
import trio
import trio.testing
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from mcp_types.jsonrpc import JSONRPCNotification
from trio_websocket import CloseReason, ConnectionClosed, ConnectionRejected, WebSocketRequest, serve_websocket
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection

from taskactors.actors.calls import Connection
from taskactors.actors.wires import Wire
from taskactors.transports.dialing import CLOSE_WITHIN_S, CONNECT_WITHIN_S
from taskactors.transports.websocket import WebSocketDoor
from taskactors.transports.websocket_client import WebSocketTransport
from tests.support.fake_front import FakeFront, Held, serving

ERAS = ["legacy", "2026-07-28", "auto"]


@pytest.mark.parametrize("mode", ERAS)
async def test_it_serves_the_sdks_client_in_every_era(mode: str) -> None:
    async with serving(FakeFront()) as (url, _), Client(WebSocketTransport(f"{url}?agent=ada"), mode=mode) as client:
        tools = await client.list_tools()
        assert "claim_task" in [tool.name for tool in tools.tools]


async def test_a_server_that_refuses_says_why() -> None:
    async with serving(FakeFront()) as (url, _):
        with pytest.raises(ConnectionRejected) as rejected:
            async with WebSocketTransport(f"{url}?agent=Ada"):
                pass
    assert rejected.value.status_code == 400
    assert rejected.value.body is not None
    assert b"agent name" in rejected.value.body


async def test_where_no_server_is_the_systems_error_says_so() -> None:
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    with pytest.raises(OSError, match=r"refused|failed"):
        async with WebSocketTransport(f"ws://127.0.0.1:{port}/mcp"):
            pass


async def test_a_server_that_never_answers_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.05  # the sockets are real, and need a moment of real time
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        with pytest.raises(TimeoutError):
            async with WebSocketTransport(f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/mcp"):
                pass
    assert trio.current_time() == pytest.approx(CONNECT_WITHIN_S, abs=0.1)


async def test_what_goes_wrong_inside_comes_out_as_it_is() -> None:
    async with serving(FakeFront()) as (url, _):
        with pytest.raises(ValueError, match="mine"):
            async with WebSocketTransport(url):
                raise ValueError("mine")


async def test_a_call_under_way_fails_when_its_server_goes() -> None:
    held = Held()
    async with serving(FakeFront({"list_tasks": held})) as (url, door), Client(WebSocketTransport(url), mode="legacy") as client:

        async def cut() -> None:
            await held.begun.wait()
            for wire in door._wires:
                wire._abort()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(cut)
            with trio.fail_after(10), pytest.raises(MCPError, match="Connection closed"):
                await client.call_tool("list_tasks", {})


async def test_an_answer_may_be_larger_than_a_call() -> None:
    async def at_length(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"items": ["x" * 3_000_000]}

    async with serving(FakeFront({"list_tasks": at_length})) as (url, _), Client(WebSocketTransport(url), mode="legacy") as client:
        result = await client.call_tool("list_tasks", {})
        assert result.structured_content == {"items": ["x" * 3_000_000]}


async def test_a_caller_that_is_cancelled_leaves_no_half_message_behind() -> None:
    received: list[int] = []

    async def counts(wire: Wire, connection: Connection) -> None:
        while (message := await wire.receive()) is not None:
            received.append(len(message))

    async with trio.open_nursery() as nursery:
        port = await nursery.start(WebSocketDoor(counts).listen, "127.0.0.1", 0)
        async with WebSocketTransport(f"ws://127.0.0.1:{port}/mcp") as (_, writer):

            async def send(size: int) -> None:
                await writer.send(SessionMessage(JSONRPCNotification(jsonrpc="2.0", method="x" * size)))

            for _ in range(20):
                with trio.CancelScope() as scope:
                    async with trio.open_nursery() as sending:
                        sending.start_soon(send, 900_000)
                        await trio.lowlevel.checkpoint()
                        scope.cancel()
            await send(10)
            with trio.fail_after(10):
                while not received or received[-1] > 100:
                    await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert {size > 900_000 for size in received[:-1]} <= {True}


async def test_one_that_is_cancelled_says_goodbye_and_is_gone_at_once(autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.05  # the sockets are real, and need a moment of real time
    heard: list[CloseReason | None] = []

    async def listens(request: WebSocketRequest) -> None:
        socket = await request.accept(subprotocol="mcp")
        try:
            await socket.get_message()
        except ConnectionClosed as closed:
            heard.append(closed.reason)

    async with trio.open_nursery() as nursery:
        server = await nursery.start(partial(serve_websocket, listens, "127.0.0.1", 0, None))
        began = trio.current_time()
        with trio.CancelScope() as scope:
            async with WebSocketTransport(f"ws://127.0.0.1:{server.port}/mcp"):
                scope.cancel()
                await trio.sleep_forever()
        assert trio.current_time() - began < CLOSE_WITHIN_S
        nursery.cancel_scope.cancel()
    assert [reason.code for reason in heard if reason is not None] == [1000]


async def test_a_server_that_does_not_answer_the_goodbye_is_left(autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.05  # the sockets are real, and need a moment of real time

    async def says_nothing_more(stream: trio.SocketStream) -> None:
        server = WSConnection(ConnectionType.SERVER)
        server.receive_data(bytes(await stream.receive_some(10_000)))
        await stream.send_all(server.send(AcceptConnection(subprotocol="mcp")))
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        [listener] = await nursery.start(partial(trio.serve_tcp, says_nothing_more, 0, host="127.0.0.1"))
        async with WebSocketTransport(f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/mcp"):
            began = trio.current_time()
        assert trio.current_time() - began == pytest.approx(CLOSE_WITHIN_S, abs=0.1)
        nursery.cancel_scope.cancel()
