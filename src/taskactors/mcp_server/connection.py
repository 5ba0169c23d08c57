"""One client's connection: what of it is under way, and how much that may be."""

from collections.abc import Callable

import trio
from attrs import Factory, define
from mcp.shared.dispatcher import coerce_request_id
from mcp_types import INVALID_REQUEST

from .envelope import Malformed
from .frames import Id

IN_FLIGHT_LIMIT = 32
"""Requests of one connection under way at once. An agent needs one or two; more than this is a loop gone wrong."""

TOO_MANY = 429
"""Our own code for a request that was not taken: MCP leaves positive codes to us."""

RETRY_AFTER_MS = 200
"""By then most calls are answered."""

Stop = Callable[[], None]


@define(eq=False)
class UnderWay:
    """The requests of one connection that were taken and have not ended: by an answer, or unanswered because they were cancelled.

    "7" and 7 are one key, as they are to the SDK, which gives a cancellation of the one to the other.
    """

    _stops: dict[Id, Stop | None] = Factory(dict)
    _none: trio.Event | None = None

    def take(self, request_id: Id, stop: Stop | None = None) -> Id | Malformed:
        """Take a request: the key that it is under way with, or why it cannot be taken now."""
        key = coerce_request_id(request_id)
        if key in self._stops:
            return Malformed(INVALID_REQUEST, "Invalid Request: a request with this id is still under way", request_id)
        if len(self._stops) >= IN_FLIGHT_LIMIT:
            said = f"{IN_FLIGHT_LIMIT} requests of this connection are under way; nothing was done, try again in {RETRY_AFTER_MS} ms"
            return Malformed(TOO_MANY, said, request_id, {"retry_after_ms": RETRY_AFTER_MS})
        self._stops[key] = stop
        return key

    def stopped_by(self, key: Id, stop: Stop) -> None:
        """How to stop a request that was taken before that was known; nothing if it has ended since."""
        if key in self._stops:
            self._stops[key] = stop

    def end(self, key: Id) -> None:
        """A request that was taken has ended."""
        self._stops.pop(key, None)
        if self._none is not None and not self._stops:
            self._none.set()

    def stop(self, request_id: Id) -> None:
        """Its client wants no answer any more; nothing for an id that nothing is under way with."""
        stop = self._stops.get(coerce_request_id(request_id))
        if stop is not None:
            stop()

    def stop_all(self) -> None:
        """The client is gone."""
        for stop in list(self._stops.values()):
            if stop is not None:
                stop()

    async def until_none(self) -> None:
        """Wait until everything that was taken has ended."""
        while self._stops:
            self._none = trio.Event()
            await self._none.wait()
