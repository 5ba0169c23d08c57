"""The doctor's connections: what a client would do, over HTTP and over WebSocket, with the token a client of ours would show."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .checks import LOOK, OK, PROBLEM, WITHIN_S, Check, here

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER_BYTES = 1 << 20

ROUND_TRIP_WITHIN_S = 10.0
"""Loading what speaks the protocol takes a moment on a busy machine, and is not the server's fault."""

NEW_TOKEN = "use the token in the data folder's local.token, or make one with `taskactors token`"


def token_accepted(url: str, token: str | None) -> Check:
    """That the server's HTTP port lets this token in: it tells how it is in full only to those it knows."""
    name = "token"
    try:
        parts = urlsplit(here(url))
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=WITHIN_S)
        try:
            connection.request("GET", "/health", headers={"Authorization": f"Bearer {token}"} if token else {})
            answer = connection.getresponse()
            body = answer.read(ANSWER_BYTES)
        finally:
            connection.close()
        told = json.loads(body) if answer.status in (200, 503) else None
    except (OSError, HTTPException, ValueError) as error:
        return Check(name, PROBLEM, f"{url} does not answer a request for /health ({str(error) or type(error).__name__})", LOOK)
    if not isinstance(told, dict):
        return Check(
            name, PROBLEM, f"{url} answers {answer.status} to a request for /health: {body.decode(errors='replace').strip()[:200]}", LOOK
        )
    if told.keys() <= {"status"}:
        return Check(name, PROBLEM, "the server does not accept it" if token else "there is none to show to the server", NEW_TOKEN)
    return Check(name, OK, "accepted over HTTP" if token else "none is needed over HTTP")


def round_trip(url: str, token: str | None) -> Check:
    """That a client can connect over WebSocket, introduce itself and call a tool."""
    import trio
    from mcp import MCPError

    from ..transports.websocket_client import Rejected

    name = "MCP over WebSocket"
    began = time.monotonic()
    try:
        status = trio.run(_asked, here(url), token)
    except BaseExceptionGroup as group:
        error = next(_within(group))
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
    except (OSError, ValueError, Rejected, MCPError, trio.TooSlowError, trio.BrokenResourceError) as failed:
        error = failed
    else:
        return Check(name, OK, f"connected and called health_check in {(time.monotonic() - began) * 1000:.0f} ms: {status}")
    return Check(name, PROBLEM, f"{url}: {_why(error)}", _remedy(error))


async def _asked(url: str, token: str | None) -> str:
    import trio
    from mcp import Client

    from ..transports.websocket_client import WebSocketTransport

    with trio.fail_after(ROUND_TRIP_WITHIN_S):
        async with Client(WebSocketTransport(url, token)) as client:
            answer = await client.call_tool("health_check", {})
    told = answer.structured_content
    return str(told.get("status")) if isinstance(told, dict) else "no status"


def _within(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _within(each)
        else:
            yield each


def _why(error: BaseException) -> str:
    import trio

    from ..transports.websocket_client import Rejected

    if isinstance(error, trio.TooSlowError):
        return f"no answer within {ROUND_TRIP_WITHIN_S:g} s"
    if isinstance(error, Rejected):
        said = (error.body or b"").decode(errors="replace").strip()
        return f"refused with {error.status_code}{f': {said[:300]}' if said else ''}"
    return str(error) or type(error).__name__


def _remedy(error: BaseException) -> str:
    from ..transports.websocket_client import Rejected

    if isinstance(error, Rejected) and error.status_code in (401, 403):
        return NEW_TOKEN
    return LOOK
