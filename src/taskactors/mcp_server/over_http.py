"""MCP over streamable HTTP: the SDK's sessions and streams, with our identity on every request."""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from ..actors.calls import Connection, TellingFront
from ..domain.token import LOCAL_ID
from .asking import IN_SCOPE
from .bodies import BODY_BYTES, Receive, Scope, Send, answer, looked_at
from .peer import Peer
from .server import McpSurface

SESSIONS_LIMIT = 2_000
"""As many as there may be connections of the other kind. Who opens one more has the oldest of their own that rests ended for it."""

PER_TOKEN_LIMIT = 64
"""Of them with one agent's token; it needs one, and a client that forgets its session at every start must not use up everybody's."""


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
        if scope["method"] == "POST":
            receive, malformed = await looked_at(receive)
            if malformed is not None:
                await answer(send, malformed)
                return
        peer = Peer(connection, self._front, self._nursery)
        scope[IN_SCOPE] = peer
        if connection.token is not None:
            # A session belongs to the token that it was opened with; to every other its id means nothing.
            scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=connection.token, scopes=[]))
        if _opens_a_session(scope):
            await self._make_room(connection.token)
        with trio.CancelScope() as here:
            self._peers[peer] = here
            try:
                await self._sessions.asgi_app(scope, receive, send)
            finally:
                del self._peers[peer]
                peer.close()

    async def _make_room(self, token: str | None) -> None:
        """End the session of this token that has rested longest, when there is no room for one more."""
        sessions, owners = self._sessions._server_instances, self._sessions._session_owners
        theirs = [each for each in sessions if owners[each]["client_id"] == token] if token is not None else list(sessions)
        limit = SESSIONS_LIMIT if token in (None, LOCAL_ID) else PER_TOKEN_LIMIT
        if len(theirs) < limit and len(sessions) < SESSIONS_LIMIT:
            return
        ends = {each: scope.deadline for each in theirs if (scope := sessions[each].idle_scope) is not None}
        oldest = min(ends, key=ends.__getitem__, default=None)
        # One in use has no end, and is not ended for another; there may be room for that, else it hears that there is none.
        if oldest is not None and ends[oldest] != math.inf:
            await self._sessions._discard_session(oldest, sessions[oldest])

    def revoke(self, token: str) -> None:
        """A token is worth nothing any more: what was asked with it ends, now."""
        for peer, here in self._peers.items():
            if peer.connection.token == token:
                here.cancel()


def _opens_a_session(scope: Scope) -> bool:
    """Whether the library begins a session for this request: it names none, and no version that does without."""
    headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
    version = headers.get(MCP_PROTOCOL_VERSION_HEADER.encode())
    return MCP_SESSION_ID_HEADER.encode() not in headers and (version is None or version in HANDSHAKE_PROTOCOL_VERSIONS)
