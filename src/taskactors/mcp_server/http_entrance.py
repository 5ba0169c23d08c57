"""The entrance over HTTP: one life of that surface, which takes requests before the SDK is there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import trio
from attrs import Factory, define

from ..actors.calls import Connection
from .entrance import Entrance

if TYPE_CHECKING:
    from .over_http import McpOverHttp

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


@define(eq=False)
class HttpEntrance:
    """Serves each request as soon as there are sessions. `handle` may be called while `running` is."""

    entrance: Entrance
    _over_http: McpOverHttp | None = None
    _there: trio.Event = Factory(trio.Event)
    _waiting: dict[trio.CancelScope, Connection] = Factory(dict)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the sessions while the block runs."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._keep_sessions)
            yield
            nursery.cancel_scope.cancel()

    async def handle(self, scope: MutableMapping[str, Any], receive: Receive, send: Send, connection: Connection) -> None:
        """One request of a client that was admitted."""
        with trio.CancelScope() as here:
            self._waiting[here] = connection
            try:
                await self._there.wait()
            finally:
                del self._waiting[here]
        if not here.cancel_called and self._over_http is not None:
            await self._over_http.handle(scope, receive, send, connection)

    @property
    def sessions(self) -> int:
        """How many sessions are open."""
        return 0 if self._over_http is None else self._over_http.sessions

    def wind_down(self) -> None:
        """The end is near: what would go on for ever ends with what it still has to say."""
        if self._over_http is not None:
            self._over_http.wind_down()

    def revoke(self, token: str) -> None:
        """A token is worth nothing any more: what was asked with it ends, now."""
        for here, connection in self._waiting.items():
            if connection.token == token:
                here.cancel()
        if self._over_http is not None:
            self._over_http.revoke(token)

    async def _keep_sessions(self) -> None:
        surface = await self.entrance.surface()
        from .over_http import McpOverHttp

        over_http = McpOverHttp(surface, self.entrance.front)
        async with over_http.running():
            self._over_http = over_http
            self._there.set()
            await trio.sleep_forever()
