"""The doctor's connections: what a client would do, over HTTP and over WebSocket, with the token a client of ours would show."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .checks import LOOK, OK, PROBLEM, WITHIN_S, Check, here

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER_BYTES = 1 << 20

ROUND_TRIP_WITHIN_S = 10.0
"""Loading what speaks the protocol takes a moment on a busy machine, and is not the server's fault."""

TRUST = "set SSL_CERT_FILE to its certificate, or to that of whoever signed it; clients need the same (Node's have NODE_EXTRA_CA_CERTS)"
NEW_TOKEN = "use the token in the data folder's local.token, or make one with `taskactors token`"


TOKEN_REFUSED = (401, 403)
REFUSED = (*TOKEN_REFUSED, 421, 429)
"""Statuses of requests that were not let in, or not now."""


class HttpRefused(OSError):
    """The server's no over HTTP, with its reason."""

    def __init__(self, status_code: int, said: str) -> None:
        super().__init__(f"refused with {status_code}: {said.strip()[:300]}")
        self.status_code = status_code


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
        why = f"{url} does not answer a request for /health ({str(error) or type(error).__name__})"
        return Check(name, PROBLEM, why, TRUST if _is_untrusted(error) else LOOK)
    if not isinstance(told, dict):
        return Check(
            name, PROBLEM, f"{url} answers {answer.status} to a request for /health: {body.decode(errors='replace').strip()[:200]}", LOOK
        )
    if told.keys() <= {"status"}:
        return Check(name, PROBLEM, "the server does not accept it" if token else "there is none to show to the server", NEW_TOKEN)
    return Check(name, OK, "accepted over HTTP" if token else "none is needed over HTTP")


def round_trip(url: str, token: str | None) -> Check:
    """That a client can connect, over WebSocket or HTTP as the address says, introduce itself, list the tools and call one."""
    import trio
    from httpx2 import HTTPError
    from mcp import MCPError

    from ..transports.dialing import Rejected

    name = f"MCP over {'WebSocket' if url.startswith('ws') else 'HTTP'}"
    began = time.monotonic()
    try:
        status = trio.run(_asked, here(url), token)
    except BaseExceptionGroup as group:
        error = next(_within(group))
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
    except (OSError, ValueError, Rejected, MCPError, HTTPError, trio.TooSlowError, trio.BrokenResourceError) as failed:
        error = failed
    else:
        return Check(name, OK, f"listed the tools and called health_check in {(time.monotonic() - began) * 1000:.0f} ms: {status}")
    return Check(name, PROBLEM, f"{url}: {_why(error)}", _remedy(error))


async def _asked(url: str, token: str | None) -> str:
    import trio
    from httpx2 import AsyncClient, Response
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    from ..transports.websocket_client import WebSocketTransport

    async def refused(response: Response) -> None:
        # The SDK would only say that there was an error.
        if response.status_code in REFUSED:
            await response.aread()
            raise HttpRefused(response.status_code, response.text)

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with trio.fail_after(ROUND_TRIP_WITHIN_S):
        async with AsyncClient(headers=headers, timeout=ROUND_TRIP_WITHIN_S, event_hooks={"response": [refused]}) as http:
            to = WebSocketTransport(url, token) if url.startswith("ws") else streamable_http_client(url, http_client=http)
            async with Client(to) as client:
                tools = await client.list_tools()
                answer = await client.call_tool("health_check", {})
    told = answer.structured_content
    return f"{len(tools.tools)} tools, {told.get('status') if isinstance(told, dict) else 'no status'}"


def _within(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for each in group.exceptions:
        if isinstance(each, BaseExceptionGroup):
            yield from _within(each)
        else:
            yield each


def _why(error: BaseException) -> str:
    import trio

    from ..transports.dialing import Rejected

    if isinstance(error, trio.TooSlowError):
        return f"no answer within {ROUND_TRIP_WITHIN_S:g} s"
    if isinstance(error, Rejected):
        said = (error.body or b"").decode(errors="replace").strip()
        return f"refused with {error.status_code}{f': {said[:300]}' if said else ''}"
    return str(error) or type(error).__name__


def _remedy(error: BaseException) -> str:
    from ..transports.dialing import Rejected

    if isinstance(error, Rejected | HttpRefused) and error.status_code in TOKEN_REFUSED:
        return NEW_TOKEN
    return TRUST if _is_untrusted(error) else LOOK


def _is_untrusted(error: BaseException) -> bool:
    """Whether it is the certificate that was not trusted, at the bottom of whatever it was wrapped into."""
    below = error.__cause__ or error.__context__
    return isinstance(error, SSLCertVerificationError) or (below is not None and _is_untrusted(below))
