"""Clients of the Python SDK 1.x, over WebSocket, HTTP and a bridge."""

import sys
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from lines import Changed, ProtocolError, met, obey

# It says that its WebSocket client will go.
warnings.simplefilter("ignore")

from mcp import ClientSession, StdioServerParameters, types  # noqa: E402
from mcp.client.stdio import stdio_client  # noqa: E402
from mcp.client.streamable_http import streamable_http_client  # noqa: E402
from mcp.client.websocket import websocket_client  # noqa: E402
from mcp.shared._httpx_utils import create_mcp_http_client  # noqa: E402
from mcp.shared.exceptions import McpError  # noqa: E402


@asynccontextmanager
async def wires(to: dict[str, Any]) -> AsyncIterator[tuple[Any, Any]]:
    match to["way"]:
        case "ws":
            async with websocket_client(to["url"]) as streams:
                yield streams
        case "http":
            async with (
                create_mcp_http_client(headers=to["headers"]) as http,
                streamable_http_client(to["url"], http_client=http) as streams,
            ):
                yield streams[:2]
        case "bridge":
            command, *arguments = to["command"]
            async with stdio_client(StdioServerParameters(command=command, args=arguments, env=to["environment"])) as streams:
                yield streams


class Client:
    def __init__(self, session: ClientSession, met: dict[str, Any]) -> None:
        self.session = session
        self.met = met

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            result = await self.session.call_tool(tool, arguments)
        except McpError as no:
            raise ProtocolError(no.error.code, no.error.message) from no
        return {"isError": result.isError, "text": result.content[0].text, "structuredContent": result.structuredContent}

    async def watch(self, uri: str) -> AsyncIterator[str | None]:
        await self.session.subscribe_resource(uri)
        yield None


def listening(changed: Changed) -> Any:
    async def on_message(message: Any) -> None:
        if isinstance(message, types.ServerNotification) and isinstance(message.root, types.ResourceUpdatedNotification):
            changed(str(message.root.params.uri))

    return on_message


@asynccontextmanager
async def connected(to: dict[str, Any], changed: Changed) -> AsyncIterator[Client]:
    async with wires(to) as (read, write), ClientSession(read, write, message_handler=listening(changed)) as session:
        hello = await session.initialize()
        tools = (await session.list_tools()).tools
        yield Client(session, met("mcp", str(hello.protocolVersion), hello.serverInfo.name, tools))


if __name__ == "__main__":
    sys.exit(anyio.run(obey, connected))
