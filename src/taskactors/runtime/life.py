"""One life of a child: from its start, through being ready, to whatever ended it."""

from __future__ import annotations

import math
from collections.abc import Callable

import trio

from taskactors.runtime.actor import Place
from taskactors.runtime.child import Child
from taskactors.runtime.errors import cause_of
from taskactors.runtime.observe import Observer


class Life:
    """Runs a child once. `on_ready` is told how many seconds it took to be ready, if it ever is."""

    def __init__(self, child: Child, observe: Observer, on_ready: Callable[[float], None]) -> None:
        self._child = child
        self._observe = observe
        self._on_ready = on_ready
        self._ready = False
        self._cut = False
        self._scope = trio.CancelScope()
        self._began_at = math.nan

    async def live(self) -> BaseException | None:
        """Run to the end. Answers the crash (TimeoutError when it was not ready in time), or None: it returned or was cut."""
        child = self._child
        self._began_at = trio.current_time()
        # The scope's own deadline is the whole watch over the start: being ready lifts it.
        self._scope.deadline = self._began_at + child.start_within_s
        try:
            with self._scope:
                await child.run(Place(child.address, child.mailbox, self._observe, self._came_up))
        except BaseException as error:
            if (crash := cause_of(error)) is None:
                raise
            return crash
        if self._scope.cancelled_caught and not self._cut:
            return TimeoutError(f"not ready within {child.start_within_s:g} s")
        return None

    def cut(self) -> None:
        """End it now."""
        self._cut = True
        self._scope.cancel()

    def _came_up(self) -> None:
        # Ready in the very moment it was given up is too late: it is being cancelled already.
        if self._ready or self._scope.cancel_called:
            return
        self._ready = True
        self._scope.deadline = math.inf
        self._on_ready(trio.current_time() - self._began_at)
