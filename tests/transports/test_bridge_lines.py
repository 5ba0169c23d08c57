"""The bridge's lines: one as long as a message may be is led on, a longer one is refused in words and costs nobody the connection."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
import trio.testing
from attrs import define

from taskactors.actors.calls import Connection
from taskactors.actors.wires import Wire
from taskactors.transports.bridge import Bridge
from taskactors.transports.control_lines import LINE_BYTES
from taskactors.transports.websocket import WebSocketDoor

WITHIN_S = 10.0


async def measure(wire: Wire, connection: Connection) -> None:
    """Answers each request with its length."""
    while (message := await wire.receive()) is not None:
        await wire.send(json.dumps({"jsonrpc": "2.0", "id": json.loads(message)["id"], "result": len(message)}))


@define(eq=False)
class Client:
    """Whoever started the bridge."""

    stdin: trio.testing.MemorySendStream
    stdout: trio.testing.MemoryReceiveStream

    async def ask(self, line: bytes) -> Any:
        """The answer to a line."""
        with trio.fail_after(WITHIN_S):
            await self.stdin.send_all(line + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                answer += await self.stdout.receive_some(1)
        return json.loads(answer)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with bridged() as client:
        yield client


@asynccontextmanager
async def bridged() -> AsyncIterator[Client]:
    to_bridge, stdin = trio.testing.memory_stream_one_way_pair()
    stdout, from_bridge = trio.testing.memory_stream_one_way_pair()
    async with trio.open_nursery() as nursery:
        port = await nursery.start(WebSocketDoor(measure).listen, "127.0.0.1", 0)

        async def find() -> tuple[str, None]:
            return f"ws://127.0.0.1:{port}/mcp", None

        nursery.start_soon(Bridge(find, stdin, stdout).run)
        yield Client(to_bridge, from_bridge)
        nursery.cancel_scope.cancel()


def line_of(size: int, number: int = 1) -> bytes:
    bare = json.dumps({"jsonrpc": "2.0", "id": number, "method": "x", "params": {"a": ""}})
    return bare.replace('""', '"' + "x" * (size - len(bare)) + '"').encode()


async def test_a_line_at_the_limit_is_led_on(client: Client) -> None:
    assert (await client.ask(line_of(LINE_BYTES)))["result"] == LINE_BYTES


@pytest.mark.parametrize("more", [1, 40_000, 70_000, 2 * LINE_BYTES])
async def test_a_longer_line_is_refused_once_and_the_next_goes_the_same_way_as_before(client: Client, more: int) -> None:
    assert (await client.ask(line_of(200, 1)))["result"] == 200
    error = (await client.ask(line_of(LINE_BYTES + more, 2)))["error"]
    assert str(LINE_BYTES) in error["message"]
    assert await client.ask(line_of(300, 3)) == {"jsonrpc": "2.0", "id": 3, "result": 300}
