"""Clients of fastmcp in both eras, over HTTP and a bridge."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from fastmcp import Client as FastMcp
from fastmcp.client.transports import ClientTransport, StdioTransport, StreamableHttpTransport
from lines import Changed, ProtocolError, met, obey
from mcp import MCPError
from mcp.client.subscriptions import listen
from mcp_types import ResourceUpdatedNotification

MODES = {"legacy": "legacy", "modern": "auto"}


def transport(to: dict[str, Any]) -> ClientTransport:
    if to["way"] == "http":
        return StreamableHttpTransport(to["url"], headers=to["headers"])
    command, *arguments = to["command"]
    return StdioTransport(command, arguments, env=to["environment"], keep_alive=False)


class Client:
    def __init__(self, fastmcp: FastMcp, met: dict[str, Any]) -> None:
        self.fastmcp = fastmcp
        self.met = met

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            result = await self.fastmcp.call_tool(tool, arguments, raise_on_error=False)
        except MCPError as no:
            raise ProtocolError(no.code, no.message) from no
        return {"isError": result.is_error, "text": result.content[0].text, "structuredContent": result.structured_content}

    async def watch(self, uri: str) -> AsyncIterator[str | None]:
        # It has no word of its own for either, so these are the SDK's on its session.
        if self.met["protocol"] < "2026":
            await self.fastmcp.session.subscribe_resource(uri)
            yield None
            return
        async with listen(self.fastmcp.session, resource_subscriptions=[uri]) as changes:
            yield None
            async for change in changes:
                yield change.uri


@asynccontextmanager
async def connected(to: dict[str, Any], changed: Changed) -> AsyncIterator[Client]:
    async def on_message(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            changed(message.params.uri)

    async with FastMcp(transport(to), mode=MODES[to["era"]], message_handler=on_message) as fastmcp:
        session = fastmcp.session
        yield Client(fastmcp, met("fastmcp", session.protocol_version, session.server_info.name, await fastmcp.list_tools()))


if __name__ == "__main__":
    sys.exit(anyio.run(obey, connected))
