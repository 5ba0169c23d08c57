"""The peer: what the surface keeps about one connected client while its wire lasts."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import trio
from attrs import Factory, define, field

from ..actors.calls import Connection, Json, TellingFront, UnknownTool
from ..actors.faults import internal
from ..actors.listeners import Unlisten
from ..domain.errors import Refusal
from .pushing import Naming, Subscription

T = TypeVar("T")

LISTENS_LIMIT = 8
"""Streams of changes that one client may have open; one can name all that it wants to know."""


@define(eq=False)
class Peer:
    """One client: who it is, and what it wants to hear about."""

    connection: Connection
    front: TellingFront
    nursery: trio.Nursery
    _open: dict[Subscription, Unlisten] = Factory(dict)
    standing: Subscription | None = field(default=None)
    """What it subscribed to for as long as it is connected, as clients of the older era do."""

    async def call(self, tool: str, arguments: Mapping[str, Any], shown: Callable[[Json], T]) -> T:
        """The answer of a tool, as it is shown. Raises Refusal and UnknownTool; what is broken in us becomes a refusal, too."""
        try:
            return shown(await self.front.call(self.connection, tool, arguments))
        except (Refusal, UnknownTool):
            raise
        except Exception as error:
            # The client must hear something, and never the error's own text.
            raise internal(error, "a call failed", tool=tool) from error

    @property
    def may_listen(self) -> bool:
        """Whether there is room for one more stream."""
        return len(self._open) < LISTENS_LIMIT

    def listen(self, naming: Naming) -> Subscription:
        """A new subscription, which hears from now on until `leave`."""
        subscription = Subscription(naming, partial(self.front.pushed, self.connection.project))
        self._open[subscription] = self.front.listen(self.connection.project, subscription.hear)
        return subscription

    def leave(self, subscription: Subscription) -> None:
        """It hears no more; leaving twice is nothing."""
        unlisten = self._open.pop(subscription, None)
        if unlisten is not None:
            unlisten()

    def end(self) -> None:
        """Let every subscription end by itself, with what it still has to say."""
        for subscription in self._open:
            subscription.end()

    def close(self) -> None:
        """The client is gone."""
        for subscription in tuple(self._open):
            self.leave(subscription)
