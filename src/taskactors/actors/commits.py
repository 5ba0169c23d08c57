"""Commits: where a batch is made durable. On the loop while the disk is quick, on a thread while it is not."""

from collections.abc import Callable

import trio
from attrs import define

from ..storage.engine import Writes
from .threads import OffLoop

QUICK_S = 0.005
"""What a commit may take on the loop: no call holds it for longer."""

SLOW_FOR_S = 10.0
"""So long after one that took longer, commits go to a thread; then one on the loop tries whether the disk is quick again."""

WRITES_LIMIT = 2_000
BYTES_LIMIT = 1 << 20
"""Beyond either a commit is not quick on any disk: a full batch of small changes has some six hundred writes."""


@define(eq=False)
class Commits:
    """Commits one batch after the other.

    To hand a batch to a thread costs as much processor time as it takes to write it, because the two take turns with the
    interpreter; while a good disk flushes there is nothing else to do anyway. A slow disk would hold up everybody.
    """

    off_loop: OffLoop
    _slow_until: float = float("-inf")

    async def make(self, commit: Callable[[Writes, bytes], None], writes: Writes, batch_id: bytes) -> None:
        """Raises what `commit` raises."""
        began = trio.current_time()
        if began < self._slow_until or not _is_small(writes):
            await self.off_loop(commit, writes, batch_id)
            return
        try:
            commit(writes, batch_id)
        finally:
            ended = trio.current_time()
            if ended - began > QUICK_S:
                self._slow_until = ended + SLOW_FOR_S


def _is_small(writes: Writes) -> bool:
    return len(writes) <= WRITES_LIMIT and sum([len(value) for _, value in writes if value is not None]) <= BYTES_LIMIT
