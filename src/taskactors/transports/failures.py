"""Failures: how often an address came without a good token lately, so that guessing and broken loops cost us little."""

from collections import OrderedDict
from collections.abc import Callable

import trio
from attrs import Factory, define

LIMIT = 20
"""Failures of one address within a window: far more than a person makes who mistypes, far fewer than a loop makes."""

WINDOW_S = 60.0

ADDRESSES_LIMIT = 1_024
"""Addresses remembered at once; the oldest is forgotten, which lets it try again and nothing more."""


@define(eq=False)
class Failures:
    """Counts failures by address. It never keeps out anybody who has a good token: all of a machine may share one address."""

    clock: Callable[[], float] = trio.current_time
    _counted: OrderedDict[str, tuple[float, int]] = Factory(OrderedDict)

    def note(self, address: str) -> bool:
        """Count one more; False when there were too many within the window."""
        now = self.clock()
        began, count = self._counted.pop(address, (now, 0))
        if now - began > WINDOW_S:
            began, count = now, 0
        self._counted[address] = (began, count + 1)
        if len(self._counted) > ADDRESSES_LIMIT:
            self._counted.popitem(last=False)
        return count < LIMIT
