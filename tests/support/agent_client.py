"""A small MCP client of the tests' own: JSON over a WebSocket, so that a test sees exactly what goes over the wire."""

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
}
ANSWER_WITHIN_S = 30.0


class Refused(Exception):
    """A tool said no."""

    def __init__(self, refusal: dict[str, Any]) -> None:
        super().__init__(refusal["cause"])
        self.code: str = refusal["code"]
        self.facts: dict[str, Any] = refusal["facts"]


class Lost(Exception):
    """The connection ended before the answer came."""


class AgentClient:
    """One connection; one call at a time."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self.socket = socket
        self._ids = itertools.count(1)

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured answer of a tool. Raises Refused, or Lost when the server goes away."""
        reply = await self.request("tools/call", {"name": tool, "arguments": arguments})
        result: dict[str, Any] = reply["result"]
        if result.get("isError"):
            raise Refused(result["_meta"]["taskactors/refusal"])
        structured: dict[str, Any] = result["structuredContent"]
        assert json.loads(result["content"][0]["text"]) == structured
        return structured

    async def request(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The whole reply to a request."""
        number = next(self._ids)
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": {**params, "_meta": ENVELOPE}}
        try:
            with trio.fail_after(ANSWER_WITHIN_S):
                await self.socket.send_message(json.dumps(message))
                reply: dict[str, Any] = json.loads(await self.socket.get_message())
        except (ConnectionClosed, trio.TooSlowError) as gone:
            raise Lost from gone
        assert reply["id"] == number
        return reply


@asynccontextmanager
async def connected(url: str, agent: str | None = None, token: str | None = None) -> AsyncIterator[AgentClient]:
    """A connection, as an agent or as the local person. Raises Lost when it cannot be had or is cut."""
    address = f"{url}?agent={agent}" if agent else url
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    try:
        async with open_websocket_url(address, subprotocols=["mcp"], extra_headers=headers, disconnect_timeout=1) as socket:
            try:
                yield AgentClient(socket)
            finally:
                # The library leaves the socket open when the server was the first to go.
                with trio.CancelScope(shield=True):
                    await socket.aclose()
                    await socket._stream.aclose()
    except (OSError, ConnectionClosed) as gone:
        raise Lost from gone
