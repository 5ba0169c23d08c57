"""A wire without sockets, on which time can jump."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import trio
from attrs import define

from taskactors.actors.calls import Connection
from taskactors.actors.profiles import PROFILES
from taskactors.actors.wires import Taken
from taskactors.mcp_server.server import McpSurface
from tests.support.fake_front import FakeFront


@define(eq=False)
class InMemory:
    """The wire, and the client at its other end."""

    to_server: trio.MemorySendChannel[str]
    at_server: trio.MemoryReceiveChannel[str]
    to_client: trio.MemorySendChannel[str]
    at_client: trio.MemoryReceiveChannel[str]

    async def receive(self, taken: Taken | None = None) -> str:
        while True:
            frame = await self.at_server.receive()
            if taken is None or not taken(frame):
                return frame

    async def send(self, frame: str | bytes) -> None:
        self.post(frame if isinstance(frame, bytes) else frame.encode())

    def post(self, frame: bytes) -> None:
        self.to_client.send_nowait(frame.decode())

    async def say(self, message: Mapping[str, Any]) -> None:
        await self.to_server.send(json.dumps(message))

    async def heard(self) -> list[Any]:
        """All that has come, up to the next answer."""
        messages = [json.loads(await self.at_client.receive())]
        while "id" not in messages[-1]:
            messages.append(json.loads(await self.at_client.receive()))
        return messages


@asynccontextmanager
async def in_memory(front: FakeFront) -> AsyncIterator[InMemory]:
    """A client of the MCP server before a front."""
    wire = InMemory(*trio.open_memory_channel[str](100), *trio.open_memory_channel[str](100))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(McpSurface(front, PROFILES).serve, wire, Connection(id="c", project="default"))
        yield wire
        nursery.cancel_scope.cancel()
