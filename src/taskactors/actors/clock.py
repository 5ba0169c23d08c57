"""The clock: wall time that never jumps, because within one run it only follows the monotonic clock."""

import time
from collections.abc import Callable
from copy import copy

import trio

from ..domain.task import Instant

MS = 1000


class Clock:
    """Milliseconds since the epoch. Made inside a trio run; never earlier than `not_before`, the last moment already recorded."""

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._began = trio.current_time()
        self._epoch = round(wall() * MS)

    def twin(self) -> "Clock":
        """Another that shows the same now, and can be set apart from this one."""
        return copy(self)

    def not_before(self, moment: Instant) -> None:
        """Go on from a moment that was already recorded, when the wall clock was set back since."""
        self._epoch += max(0, moment - self.now())

    def now(self) -> Instant:
        return self._epoch + int((trio.current_time() - self._began) * MS)

    def seconds_until(self, moment: Instant) -> float:
        """How long to sleep until a moment; 0 when it has passed."""
        return max(0, moment - self.now()) / MS
