"""Commits: on the loop while the disk is quick, off it while it is slow or the batch is large, and back again."""

from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors.commits import BYTES_LIMIT, QUICK_S, SLOW_FOR_S, WRITES_LIMIT, Commits
from taskactors.storage.engine import Writes

SMALL: Writes = [(b"key", b"value"), (b"other", None)]


class Disk:
    """One that takes as long as it is told to, and remembers from where it was used."""

    def __init__(self, clock: MockClock) -> None:
        self.takes_s = 0.0
        self.off_loop: list[bool] = []
        self.commits = Commits(self._off_loop)
        self._clock = clock
        self._is_off = False

    async def _off_loop(self, work: Callable[..., Any], *arguments: Any) -> Any:
        await trio.lowlevel.checkpoint()
        self._is_off = True
        try:
            return work(*arguments)
        finally:
            self._is_off = False

    def commit(self, writes: Writes, batch_id: bytes) -> None:
        self.off_loop.append(self._is_off)
        self._clock.jump(self.takes_s)

    async def take(self, writes: Writes = SMALL) -> bool:
        """Whether this commit was made off the loop."""
        await self.commits.make(self.commit, writes, b"id")
        return self.off_loop[-1]


@pytest.fixture
def disk(mock_clock: MockClock) -> Disk:
    return Disk(mock_clock)


async def test_a_quick_disk_is_written_to_on_the_loop(disk: Disk, mock_clock: MockClock) -> None:
    disk.takes_s = QUICK_S / 2
    assert [await disk.take() for _ in range(5)] == [False] * 5


async def test_a_slow_disk_holds_the_loop_up_once_and_is_tried_again_after_a_while(disk: Disk, mock_clock: MockClock) -> None:
    disk.takes_s = 4 * QUICK_S
    assert [await disk.take() for _ in range(3)] == [False, True, True]
    mock_clock.jump(SLOW_FOR_S)
    assert [await disk.take() for _ in range(2)] == [False, True]
    disk.takes_s = 0
    mock_clock.jump(SLOW_FOR_S)
    assert [await disk.take() for _ in range(3)] == [False] * 3


@pytest.mark.parametrize("writes", [[(b"key", b"x" * (BYTES_LIMIT + 1))], [(b"key", None)] * (WRITES_LIMIT + 1)], ids=["long", "many"])
async def test_a_large_batch_is_never_written_on_the_loop(disk: Disk, writes: Writes, mock_clock: MockClock) -> None:
    assert await disk.take(writes)
    assert not await disk.take()


async def test_a_commit_that_fails_slowly_counts_as_slow(disk: Disk, mock_clock: MockClock) -> None:
    def fail(writes: Writes, batch_id: bytes) -> None:
        disk.commit(writes, batch_id)
        raise OSError("no")

    disk.takes_s = 2 * QUICK_S
    with pytest.raises(OSError, match="no"):
        await disk.commits.make(fail, SMALL, b"id")
    assert await disk.take()
