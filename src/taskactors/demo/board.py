"""The board as an MCP client sees it: tool calls on one WebSocket, and refusals as exceptions."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import trio
from mcp import Client
from mcp.shared.exceptions import MCPError

from ..transports.websocket_client import WebSocketTransport

ANSWER_WITHIN_S = 40.0
"""The server answers everything within 30 s, if only to say that it is late."""

PAGE = 100
REFUSAL_KEY = "taskactors/refusal"

Json = Mapping[str, Any]


class Refused(Exception):
    """The server said no; `code` is the refusal's stable code."""

    def __init__(self, refusal: Json) -> None:
        super().__init__(f"{refusal['code']}: {refusal['cause']}")
        self.code = str(refusal["code"])
        self.cause = str(refusal["cause"])


class Lost(Exception):
    """The server went away, or never was there."""


class Board:
    """One connection. Calls may be made from several tasks at once."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def call(self, tool: str, /, **arguments: Any) -> Json:
        """The answer of a tool; None means not given. Raises Refused or Lost."""
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            result = await self._client.call_tool(tool, given, read_timeout_seconds=ANSWER_WITHIN_S)
        except (MCPError, trio.BrokenResourceError, trio.ClosedResourceError) as gone:
            raise Lost(f"{tool} was not answered ({gone})") from gone
        if result.is_error:
            raise Refused((result.meta or {})[REFUSAL_KEY])
        answer: Json = result.structured_content or {}
        return answer

    async def tasks(self, **which: Any) -> list[Json]:
        """Every task that matches, newest first, however many pages that takes."""
        found: list[Json] = []
        cursor: str | None = None
        while True:
            page = await self.call("list_tasks", limit=PAGE, detail="full", cursor=cursor, **which)
            found += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return found


@asynccontextmanager
async def connected(url: str, agent: str | None = None) -> AsyncIterator[Board]:
    """A connection as an agent, or as the person here. Raises Lost when there can be none."""
    address = f"{url}?agent={quote(agent)}" if agent else url
    try:
        async with Client(WebSocketTransport(address)) as client:
            yield Board(client)
    except OSError as gone:
        raise Lost(f"{url} cannot be reached ({gone})") from gone


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first exception in a group that is none itself."""
    first = group.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first
