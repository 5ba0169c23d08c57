"""Clients of LangChain's adapters, over WebSocket, HTTP and a bridge: the server's tools as the tools of LangChain."""

import sys
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
from lines import Changed, ProtocolError, met, obey

# The SDK says that its WebSocket client will go.
warnings.simplefilter("ignore")

from langchain_core.tools import BaseTool  # noqa: E402
from langchain_mcp_adapters.client import MultiServerMCPClient  # noqa: E402
from langchain_mcp_adapters.tools import load_mcp_tools  # noqa: E402
from mcp import ClientSession, types  # noqa: E402
from mcp.shared.exceptions import McpError  # noqa: E402


def connection(to: dict[str, Any]) -> dict[str, Any]:
    match to["way"]:
        case "ws":
            return {"transport": "websocket", "url": to["url"]}
        case "http":
            return {"transport": "streamable_http", "url": to["url"], "headers": to["headers"]}
        case _:
            command, *arguments = to["command"]
            return {"transport": "stdio", "command": command, "args": arguments, "env": to["environment"]}


class Client:
    def __init__(self, session: ClientSession, tools: list[BaseTool], met: dict[str, Any]) -> None:
        self.session = session
        self.tools = {tool.name: tool for tool in tools}
        self.met = met

    async def call(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        if tool not in self.tools:
            return await self._called_by_name(tool, arguments)
        said = await self.tools[tool].ainvoke({"type": "tool_call", "id": "1", "name": tool, "args": arguments})
        structured = said.artifact and said.artifact["structured_content"]
        return {"isError": said.status == "error", "text": said.content[0]["text"], "structuredContent": structured}

    async def watch(self, uri: str) -> AsyncIterator[str | None]:
        await self.session.subscribe_resource(uri)
        yield None

    async def _called_by_name(self, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            result = await self.session.call_tool(tool, arguments)
        except McpError as no:
            raise ProtocolError(no.error.code, no.error.message) from no
        return {"isError": result.isError, "text": result.content[0].text}


@asynccontextmanager
async def connected(to: dict[str, Any], changed: Changed) -> AsyncIterator[Client]:
    async def on_message(message: Any) -> None:
        if isinstance(message, types.ServerNotification) and isinstance(message.root, types.ResourceUpdatedNotification):
            changed(str(message.root.params.uri))

    servers = {"board": connection(to) | {"session_kwargs": {"message_handler": on_message}}}
    async with MultiServerMCPClient(servers).session("board", auto_initialize=False) as session:
        hello = await session.initialize()
        tools = await load_mcp_tools(session)
        yield Client(session, tools, met("langchain-mcp-adapters", str(hello.protocolVersion), hello.serverInfo.name, tools))


if __name__ == "__main__":
    sys.exit(anyio.run(obey, connected))
