"""Pushing: tells a connected client which of the resources and lists it asked about have changed, in the way of its era.

Nothing is queued for a client: what has changed and was not said yet is a set, so one that reads slowly hears less often.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping

import trio
from attrs import Factory, define
from mcp.shared.subscriptions import PromptsListChanged, ResourcesListChanged, ResourceUpdated, ServerEvent, ToolsListChanged

WANTED_LIMIT = 256
"""Resources that one subscription may name: far more than an agent can look at."""

LISTS: Mapping[str, ServerEvent] = {
    "lists/tools": ToolsListChanged(),
    "lists/prompts": PromptsListChanged(),
    "lists/resources": ResourcesListChanged(),
}
"""Under which names it is heard that a list itself has changed."""

Naming = Callable[[str], str | None]
"""Under which name the changes of a resource are heard of; None for one that never changes or is not there."""


Pushed = Callable[[float], None]
"""Is told how long something that has changed took to be said."""


@define(eq=False)
class Subscription:
    """What one client wants to hear about, and what of it has changed since it was told, with the moment from which it waits."""

    naming: Naming
    pushed: Pushed
    _wanted: dict[str, dict[ServerEvent, None]] = Factory(dict)
    _changed: dict[ServerEvent, float] = Factory(dict)
    _news: trio.Event = Factory(trio.Event)
    _over: bool = False

    def want(self, uris: Iterable[str]) -> list[str]:
        """Hear about these too; returns those that there are, up to the limit."""
        taken: list[str] = []
        for uri in uris:
            name, update = self.naming(uri), ResourceUpdated(uri)
            if name is None or (update not in self._updates() and len(self._updates()) >= WANTED_LIMIT):
                continue
            self._wanted.setdefault(name, {})[update] = None
            taken.append(uri)
        return taken

    def want_list(self, name: str) -> None:
        """Hear also when that list has changed."""
        self._wanted[name] = {LISTS[name]: None}

    def forget(self, uri: str) -> None:
        """Hear about it no more."""
        update = ResourceUpdated(uri)
        for updates in self._wanted.values():
            updates.pop(update, None)
        self._changed.pop(update, None)

    def hear(self, names: frozenset[str]) -> None:
        """Something has changed."""
        for name in sorted(names & self._wanted.keys()):
            for each in self._wanted[name]:
                self._changed.setdefault(each, trio.current_time())
        if self._changed:
            self._news.set()

    def end(self) -> None:
        """Say what has changed so far, and then that it is over."""
        self._over = True
        self._news.set()

    async def news(self) -> AsyncIterator[ServerEvent]:
        """Each thing that has changed, again whenever it has changed again; until the end."""
        while True:
            changed, self._changed = self._changed, {}
            for each, changed_at in changed.items():
                yield each
                # Whoever comes for the next has handed this one on.
                self.pushed(trio.current_time() - changed_at)
            if self._changed:
                continue
            if self._over:
                return
            self._news = trio.Event()
            await self._news.wait()

    def _updates(self) -> Mapping[ServerEvent, None]:
        return {update: None for updates in self._wanted.values() for update in updates if isinstance(update, ResourceUpdated)}
