"""The load: agents that each wait for an answer before they ask again, on as little client as there can be.

A full client would cost more than the server and be what is measured; these build and read their JSON by msgspec alone.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import trio
from attrs import Factory, define, frozen
from trio_websocket import WebSocketConnection, open_websocket_url

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
MESSAGE_SIZE = 1 << 20


class Failed(Exception):
    """An answer that is no success: then nothing that was timed means anything."""


@frozen
class Timing:
    """What one stretch of load gave: calls in a second, and each call's time in milliseconds, sorted."""

    rate: float
    times_ms: Sequence[float]

    def percentile(self, share: float) -> float:
        return self.times_ms[min(len(self.times_ms) - 1, int(len(self.times_ms) * share))]


@define(eq=False)
class Agent:
    """One connection."""

    connection: WebSocketConnection
    name: str
    _number: int = 0

    async def ask(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        await self.connection.send_message(
            msgspec.json.encode({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}).decode()
        )
        while True:
            answer = msgspec.json.decode(await self.connection.get_message())
            if answer.get("id") == self._number:
                return answer.get("result")

    async def greet(self) -> None:
        await self.ask("initialize", HELLO)
        await self.connection.send_message('{"jsonrpc":"2.0","method":"notifications/initialized"}')

    async def call(self, tool: str, /, **arguments: Any) -> Any:
        result = await self.ask("tools/call", {"name": tool, "arguments": arguments})
        if not isinstance(result, dict) or result.get("isError"):
            raise Failed(f"{tool}: {result}")
        return result["structuredContent"]


@define(eq=False)
class Team:
    """Connected agents, for use with `async with`."""

    url: str
    size: int
    greets: bool
    agents: list[Agent] = Factory(list)
    _stack: AsyncExitStack = Factory(AsyncExitStack)

    async def __aenter__(self) -> "Team":
        for number in range(self.size):
            name = f"agent-{number}"
            opening = open_websocket_url(f"{self.url}?agent={name}", subprotocols=["mcp"], max_message_size=MESSAGE_SIZE)
            agent = Agent(await self._stack.enter_async_context(opening), name)
            if self.greets:
                await agent.greet()
            self.agents.append(agent)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def run(self, turn: Callable[[Agent], Awaitable[int]], seconds: float) -> Timing:
        """Every agent takes turns until the time is over; a turn returns how many calls it made."""
        calls, times = 0, []
        began = trio.current_time()

        async def work(agent: Agent) -> None:
            nonlocal calls
            while (start := trio.current_time()) - began < seconds:
                made = await turn(agent)
                calls += made
                times.append((trio.current_time() - start) * 1000 / made)

        async with trio.open_nursery() as nursery:
            for agent in self.agents:
                nursery.start_soon(work, agent)
        return Timing(calls / (trio.current_time() - began), sorted(times))
