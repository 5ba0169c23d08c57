"""Arrivals: one task that waits for the bytes of all clients, instead of each client's own.

For every wait of a task for a socket Trio asks the system twice, and switches to that task and back: that is more than it costs
to read a call, and most calls need no task at all.
"""

from __future__ import annotations

from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING, Any, Protocol

import trio

if TYPE_CHECKING:
    from trio.lowlevel import RunVar

IN_A_ROW = 64
"""Sockets read before other tasks have their turn: with a call from each that is about a millisecond."""


class Source(Protocol):
    """Something with a file descriptor that may have come to hold something to read."""

    def fileno(self) -> int: ...

    def arrived(self) -> bool:
        """Read once, without waiting; whether to be told again. It never raises."""
        ...


class Arrivals:
    """All sources of one Trio run that wait to be read, level-triggered: who leaves something unread is told again."""

    def __init__(self) -> None:
        self._selector: Any = DefaultSelector()
        self._waiting: dict[int, Source] = {}

    @staticmethod
    def here() -> Arrivals:
        """Those of this Trio run."""
        try:
            return _of_this_run.get()
        except LookupError:
            arrivals = Arrivals()
            _of_this_run.set(arrivals)
            trio.lowlevel.spawn_system_task(arrivals._tell)
            return arrivals

    def tell(self, source: Source) -> None:
        """Tell this source from now on. Nothing when it is told already."""
        number = source.fileno()
        if number not in self._waiting:
            self._waiting[number] = source
            self._selector.register(number, EVENT_READ)

    def forget(self, source: Source) -> None:
        """Tell this source nothing more; before it is closed, because its number is another's then. Twice is once."""
        number = source.fileno()
        if self._waiting.get(number) is source:
            del self._waiting[number]
            self._selector.unregister(number)

    async def _tell(self) -> None:
        try:
            while True:
                await trio.lowlevel.wait_readable(self._selector.fileno())
                for count, (key, _) in enumerate(self._selector.select(0), 1):
                    # Another may have forgotten it meanwhile.
                    source = self._waiting.get(key.fd)
                    if source is not None and not source.arrived():
                        self.forget(source)
                    if count % IN_A_ROW == 0:
                        await trio.lowlevel.checkpoint()
        finally:
            self._selector.close()


_of_this_run: RunVar[Arrivals] = trio.lowlevel.RunVar("arrivals")
