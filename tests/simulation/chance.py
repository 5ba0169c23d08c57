"""Chance: whatever could go one way or another in a run, drawn from its seed, and the clock that jumps over idle time."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar
from unittest.mock import patch

import trio
from trio._core import _run
from trio.testing import MockClock

from taskactors.actors.clock import Clock

T = TypeVar("T")

MEETINGS_EVERY_S = 5.0


class Chance:
    """One stream of draws. Each purpose has a stream of its own, so that more draws for one change nothing in another."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._random = random.Random(f"{seed} {purpose}")

    def within(self, least: float, most: float) -> float:
        return self._random.uniform(least, most)

    def count(self, least: int, most: int) -> int:
        return self._random.randint(least, most)

    def happens(self, share: float) -> bool:
        """True in that share of all cases."""
        return self._random.random() < share

    def one_of(self, there_are: Sequence[T]) -> T:
        return self._random.choice(there_are)

    def weighted(self, weights: Mapping[T, float]) -> T:
        return self._random.choices(list(weights), list(weights.values()))[0]

    async def pause(self, least: float, most: float) -> None:
        """Let so many simulated seconds pass."""
        await trio.sleep(self.within(least, most))

    async def until_all_meet(self) -> None:
        """Wait for the next of the moments at which everybody acts at once."""
        await trio.sleep_until((trio.current_time() // MEETINGS_EVERY_S + 1) * MEETINGS_EVERY_S)


def jumping_clock() -> MockClock:
    """Time stands still while anybody has something to do, and then jumps to the next moment at which somebody has."""
    return MockClock(autojump_threshold=0)


@contextmanager
def drawn_from(seed: int, wall: Callable[[], float]) -> Iterator[None]:
    """Everything that this process leaves to chance or takes from the machine: the order of tasks, secrets, the wall clock."""
    secret = random.Random(f"{seed} secrets")
    before = _run._r.getstate()
    with ExitStack() as patches:
        patches.enter_context(patch.object(_run, "_ALLOW_DETERMINISTIC_SCHEDULING", True))
        patches.enter_context(patch.object(random.SystemRandom, "randbytes", lambda self, size: secret.randbytes(size)))
        patches.enter_context(patch.object(Clock.__init__, "__defaults__", (wall,)))
        _run._r.seed(seed)
        try:
            yield
        finally:
            _run._r.setstate(before)
