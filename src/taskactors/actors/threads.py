"""Threads: blocking work off the loop, with places that each owner has for itself, so that nobody waits for another's work."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import trio

OffLoop = Callable[..., Awaitable[Any]]
"""Runs a blocking function while the loop goes on: a thread, or in place where time is a test's own."""

PROJECT_THREADS = 16
"""More than a project ever uses at once (its store, two desks of four, a backup, an audit): within one nobody waits, either."""


def own_threads(at_most: int = PROJECT_THREADS) -> OffLoop:
    """Runs blocking functions on threads, so many of this owner's at once. Trio's own limit is one for the whole process."""
    return partial(trio.to_thread.run_sync, limiter=trio.CapacityLimiter(at_most))


def uncancelled() -> bool:
    """Asked in a thread that does long work: whether whoever waits for it still does. Raises Cancelled if not."""
    with suppress(RuntimeError):
        # Where blocking work is done in place there is no thread, and nobody who could cancel it.
        trio.from_thread.check_cancelled()
    return True
