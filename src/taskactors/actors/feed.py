"""The feed: tells watchers what was committed. The log itself is the queue; nobody owns a copy of it."""

from collections.abc import Callable, Sequence

import trio

Listener = Callable[[Sequence[object]], None]
"""Hears what the units of one commit told. Called on the loop, before those who asked are answered; it never waits or raises."""


class Feed:
    """How far a project's store has committed. A watcher remembers a number and waits until the feed has passed it."""

    def __init__(self) -> None:
        self.seq = 0
        self.commits = 0
        self._watchers = trio.lowlevel.ParkingLot()
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Hear everything that is told from now on, for as long as the project lives."""
        self._listeners.append(listener)

    def committed(self, seq: int, told: Sequence[object] = ()) -> None:
        """One more durable commit; the last event now has this number."""
        self.seq = seq
        self.commits += 1
        self._watchers.unpark_all()
        if told:
            for listener in self._listeners:
                listener(told)

    async def past(self, commits: int) -> int:
        """Wait until there were more commits than that; returns how many there are."""
        while self.commits <= commits:
            await self._watchers.park()
        return self.commits
