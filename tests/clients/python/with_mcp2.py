"""Clients of the Python SDK 2.x in both eras, over HTTP and a bridge, and over WebSocket by our own transport where that is installed."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from lines import Changed, ProtocolError, met, obey
from mcp import Client as Sdk
from mcp import MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_types import ResourceUpdatedNotification

MODES = {"legacy": "legacy", "modern": "auto"}


@asynccontextmanager
async def transport(to: dict[str, Any]) -> AsyncIterator[Any]:
    match to["way"]:
        case "ws":
            from taskactors.transports.websocket_client import WebSocketTransport

            yield WebSocketTransport(to["url"])
        case "http":
            async with create_mcp_http_client(headers=to["headers"]) as http:
                yield streamable_http_client(to["url"], http_client=http)
        case "bridge":
            command, *arguments = to["command"]
            yield stdio_client(StdioServerParameters(command=command, args=arguments, env=to["environment"]))


class Client:
    def __init__(self, sdk: Sdk, met: dict[str, Any]) -> None:
        self.sdk = sdk
        self.met = met

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            result = await self.sdk.call_tool(tool, arguments)
        except MCPError as no:
            raise ProtocolError(no.code, no.message) from no
        return {"isError": result.is_error, "text": result.content[0].text, "structuredContent": result.structured_content}

    async def watch(self, uri: str) -> AsyncIterator[str | None]:
        if self.met["protocol"] < "2026":
            await self.sdk.session.subscribe_resource(uri)
            yield None
            return
        async with self.sdk.listen(resource_subscriptions=[uri]) as changes:
            yield None
            async for change in changes:
                yield change.uri


@asynccontextmanager
async def connected(to: dict[str, Any], changed: Changed) -> AsyncIterator[Client]:
    async def on_message(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            changed(message.params.uri)

    async with transport(to) as wires, Sdk(wires, mode=MODES[to["era"]], message_handler=on_message) as sdk:
        tools = (await sdk.list_tools()).tools
        yield Client(sdk, met("mcp", sdk.protocol_version, sdk.server_info.name, tools))


if __name__ == "__main__":
    # Our own transport is trio's.
    sys.exit(anyio.run(obey, connected, backend=sys.argv[1]))
