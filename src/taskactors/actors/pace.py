"""Pace: how fast one caller may call, so that a loop gone wrong in one agent takes nothing from the others."""

from collections import OrderedDict
from collections.abc import Callable

import trio
from attrs import Factory, define

from .refusals import TooManyCalls

CALLS_PER_S = 1_000
"""Many times what an agent that works needs, and a fraction of what the server can do."""

BURST = 2 * CALLS_PER_S
"""So many may come at once, after a while of quiet."""

CALLERS_LIMIT = 4_096
"""Callers remembered at once; one that is forgotten has been quiet for longer than all of those."""


@define(eq=False)
class Pace:
    """A bucket for each caller that fills with time."""

    clock: Callable[[], float] = trio.current_time
    _full_at: OrderedDict[str, float] = Factory(OrderedDict)
    """When each caller's bucket will be full again: all that has to be kept of it."""

    def take(self, caller: str) -> None:
        """One more call. Raises TooManyCalls."""
        now = self.clock()
        full_at = max(self._full_at.get(caller, now), now) + 1 / CALLS_PER_S
        if full_at - now > BURST / CALLS_PER_S:
            raise TooManyCalls(per_s=CALLS_PER_S, retry_after_ms=max(1, round(1000 * (full_at - now) - 1000 * BURST / CALLS_PER_S)))
        self._full_at[caller] = full_at
        self._full_at.move_to_end(caller)
        if len(self._full_at) > CALLERS_LIMIT:
            self._full_at.popitem(last=False)
