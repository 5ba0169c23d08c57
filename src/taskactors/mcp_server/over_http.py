"""MCP over streamable HTTP: the SDK's sessions and streams, with our identity on every request."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import trio
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from ..actors.calls import Connection, TellingFront
from .asking import IN_SCOPE
from .peer import Peer
from .server import McpSurface

BODY_BYTES = 1 << 20
"""The largest request, as on every other way in."""

SESSIONS_LIMIT = 2_000
"""As many as there may be connections of the other kind."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class McpOverHttp:
    """One life of the HTTP surface. `handle` may be called while `running` is."""

    def __init__(self, surface: McpSurface, front: TellingFront) -> None:
        self._front = front
        self._sessions = StreamableHTTPSessionManager(app=surface.server, max_request_body_size=BODY_BYTES, max_sessions=SESSIONS_LIMIT)
        self._nursery: trio.Nursery | None = None
        self._peers: dict[Peer, trio.CancelScope] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the sessions while the block runs."""
        async with trio.open_nursery() as nursery, self._sessions.run():
            self._nursery = nursery
            yield
            nursery.cancel_scope.cancel()

    @property
    def sessions(self) -> int:
        """How many sessions are open; the library keeps that to itself."""
        return len(self._sessions._server_instances)

    def wind_down(self) -> None:
        """The end is near: what would go on for ever ends with what it still has to say."""
        for peer in self._peers:
            peer.end()

    async def handle(self, scope: Scope, receive: Receive, send: Send, connection: Connection) -> None:
        """One request of a client that was admitted."""
        assert self._nursery is not None
        peer = Peer(connection, self._front, self._nursery)
        scope[IN_SCOPE] = peer
        if connection.token is not None:
            # A session belongs to the token that it was opened with; to every other its id means nothing.
            scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=connection.token, scopes=[]))
        with trio.CancelScope() as here:
            self._peers[peer] = here
            try:
                await self._sessions.asgi_app(scope, receive, send)
            finally:
                del self._peers[peer]
                peer.close()

    def revoke(self, token: str) -> None:
        """A token is worth nothing any more: what was asked with it ends, now."""
        for peer, here in self._peers.items():
            if peer.connection.token == token:
                here.cancel()
