"""The feed: tells watchers that the log has grown. The log itself is the queue; nobody owns a copy of it."""

import trio


class Feed:
    """How far a project's store has committed. A watcher remembers a number and waits until the feed has passed it."""

    def __init__(self) -> None:
        self.seq = 0
        self.commits = 0
        self._watchers = trio.lowlevel.ParkingLot()

    def committed(self, seq: int) -> None:
        """One more durable commit; the last event now has this number."""
        self.seq = seq
        self.commits += 1
        self._watchers.unpark_all()

    async def past(self, commits: int) -> int:
        """Wait until there were more commits than that; returns how many there are."""
        while self.commits <= commits:
            await self._watchers.park()
        return self.commits
