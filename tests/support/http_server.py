"""The HTTP surface before a front that does what a test tells it, and a client for it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import trio

from taskactors.actors.profiles import PROFILES
from taskactors.mcp_server.offered import NOTHING_MORE, Offer
from taskactors.mcp_server.over_http import McpOverHttp
from taskactors.mcp_server.server import McpSurface
from taskactors.transports.admission import Admission
from taskactors.transports.http import HttpDoor
from tests.support.fake_front import FakeFront

JSON = {"content-type": "application/json"}


async def figures() -> tuple[str, bytes]:
    return "text/plain", b"figures"


@asynccontextmanager
async def serving_http(
    front: FakeFront, admission: Admission | None = None, more: Offer = NOTHING_MORE, tls: tuple[str, str] | None = None
) -> AsyncIterator[tuple[str, HttpDoor, McpOverHttp]]:
    """The server's address without a path, its door, and its MCP surface."""
    over_http = McpOverHttp(McpSurface(front, PROFILES, more), front)
    door = HttpDoor(front, over_http.handle, figures, lambda: front.conditions, admission or Admission(), tls)
    async with over_http.running(), trio.open_nursery() as nursery:
        port = await nursery.start(door.listen, "127.0.0.1", 0)
        yield f"http://127.0.0.1:{port}", door, over_http
        over_http.wind_down()
        await door.drain()


async def posted(url: str, body: bytes, headers: Mapping[str, str] = JSON) -> httpx2.Response:
    """The reply to a body."""
    async with httpx2.AsyncClient() as client:
        return await client.post(url, content=body, headers=headers)


async def called(url: str, method: str, params: Any = None, number: Any = 1) -> Any:
    """The reply to one JSON-RPC request."""
    async with httpx2.AsyncClient() as client:
        request = {"jsonrpc": "2.0", "id": number, "method": method, **({} if params is None else {"params": params})}
        return (await client.post(f"{url}/rpc", json=request)).json()
