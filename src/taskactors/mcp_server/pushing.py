"""Pushing: tells a connected client which of the resources it asked about have changed, in the way of its era.

Nothing is queued for a client: what has changed and was not said yet is a set, so one that reads slowly hears less often.
"""

from collections.abc import AsyncIterator, Iterable, Mapping

import trio
from attrs import Factory, define

from ..actors.calls import Connection
from .resources import update_name

WANTED_LIMIT = 256
"""Resources that one subscription may name: far more than an agent can look at."""


@define(eq=False)
class Subscription:
    """The resources that one client wants to hear about, and those that have changed since it was told."""

    connection: Connection
    _wanted: dict[str, set[str]] = Factory(dict)
    _changed: dict[str, None] = Factory(dict)
    _news: trio.Event = Factory(trio.Event)
    _over: bool = False

    def want(self, uris: Iterable[str]) -> list[str]:
        """Hear about these too; returns those that there are, up to the limit."""
        taken: list[str] = []
        for uri in uris:
            name = update_name(uri, self.connection)
            if name is None or (uri not in self._uris() and len(self._uris()) >= WANTED_LIMIT):
                continue
            self._wanted.setdefault(name, set()).add(uri)
            taken.append(uri)
        return taken

    def forget(self, uri: str) -> None:
        """Hear about it no more."""
        for uris in self._wanted.values():
            uris.discard(uri)
        self._changed.pop(uri, None)

    def hear(self, names: frozenset[str]) -> None:
        """Something has changed."""
        for name in names & self._wanted.keys():
            self._changed |= dict.fromkeys(sorted(self._wanted[name]))
        if self._changed:
            self._news.set()

    def end(self) -> None:
        """Say what has changed so far, and then that it is over."""
        self._over = True
        self._news.set()

    async def news(self) -> AsyncIterator[str]:
        """The address of each resource that has changed, again whenever it has changed again; until the end."""
        while True:
            changed, self._changed = self._changed, {}
            for uri in changed:
                yield uri
            if self._changed:
                continue
            if self._over:
                return
            self._news = trio.Event()
            await self._news.wait()

    def _uris(self) -> Mapping[str, None]:
        return {uri: None for uris in self._wanted.values() for uri in uris}
