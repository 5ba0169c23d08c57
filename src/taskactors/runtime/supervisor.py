"""Children kept alive: started in order, restarted one for one from a shared budget, stopped in reverse with a deadline each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import trio

from taskactors.runtime.actor import Place
from taskactors.runtime.address import Address
from taskactors.runtime.child import Child
from taskactors.runtime.errors import ReturnedEarly, StartFailed, TooManyRestarts
from taskactors.runtime.life import Life
from taskactors.runtime.observe import ActorCrashedEvent, ActorRestarted, ActorStarted, ActorStopped, BudgetSpent, Observer, guarded
from taskactors.runtime.restarts import RestartBudget

__all__ = ["Child", "Supervisor"]

# A nested supervisor has the time of all its children, and this much more, so that it is never cut in the very moment in which
# it cuts the last of them itself.
SETTLING_S = 1.0


@dataclass(slots=True, eq=False)
class _Seat:
    """Where a started child is in its lives."""

    child: Child
    life: Life | None = None
    been_up: bool = False
    stopping: bool = False
    ended: bool = False


class Supervisor:
    """Keeps its children alive until it is stopped, cancelled, or its budget is spent. No two children share a name."""

    def __init__(self, name: str, children: Sequence[Child], budget: RestartBudget, observe: Observer) -> None:
        self.name = name
        self.children = tuple(children)
        self._by_name = {child.name: child for child in self.children}
        if len(self._by_name) < len(self.children):
            raise ValueError(f"two children of {name} have the same name: {[child.name for child in self.children]}")
        self._budget = budget
        self._observe = guarded(observe)
        self._change = trio.lowlevel.ParkingLot()
        self._has_run = False
        self._has_ended = False
        self._running = False
        self._stop_asked = False
        self._begin()

    def address(self, name: str) -> Address:
        """The address of the child of that name; KeyError when there is none."""
        return self._by_name[name].address

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Start the children in order, each ready before the next (then `task_status.started()`), and keep them alive.

        Returns after `stop`. Raises StartFailed when a first start fails and TooManyRestarts when the budget is spent, each
        itself, never in a group, and after the others were stopped in reverse. Cancelled from outside, it unwinds at once. However it
        ends, its places are closed for good, so it can run only once.
        """
        if self._has_run:
            raise RuntimeError(f"{self.name} has run already")
        self._has_run = True
        try:
            if self._stop_asked:
                task_status.started()
            else:
                await self._run_once(task_status.started, parent=None)
        finally:
            self._end()
            self._has_ended = True
            self._change.unpark_all()

    async def ended(self) -> None:
        """Wait until `run` has ended, in whatever way; the way itself is told to whoever runs it."""
        await self._until(lambda: self._has_ended)

    async def stop(self) -> None:
        """Stop the children in reverse and wait for it: each box is closed and drained within the child's `stop_within_s`, then
        the child is cancelled; whoever is still queued hears ActorGone. Any number of times, also before `run`.

        A supervisor that is a child is stopped by its parent; stopped from elsewhere, its parent takes that for a crash.
        """
        self._stop_asked = True
        self._wind_down()
        await self._until(lambda: not self._running)
        self._end()

    def as_child(self, capacity: int = 1, stop_within_s: float | None = None, start_within_s: float | None = None) -> Child:
        """This supervisor as somebody's child, ready when all of its own are. It takes no letters; its children's addresses stay valid
        when it is restarted as a whole. Unless given, its times are its children's together.
        """
        stop_s = sum(child.stop_within_s for child in self.children) + SETTLING_S
        start_s = sum(child.start_within_s for child in self.children) + SETTLING_S
        return Child(
            self.name,
            self._run_as_child,
            capacity=capacity,
            stop_within_s=stop_s if stop_within_s is None else stop_within_s,
            start_within_s=start_s if start_within_s is None else start_within_s,
            inner=self.children,
        )

    async def _run_as_child(self, place: Place) -> None:
        if not self._stop_asked:
            await self._run_once(place.ready, parent=place)

    def _begin(self) -> None:
        self._parent: Place | None = None
        self._left = self._budget
        self._seats: list[_Seat] = []
        self._fault: BaseException | None = None
        self._over = False
        self._scope = trio.CancelScope()

    async def _run_once(self, up: Callable[[], None], parent: Place | None) -> None:
        self._begin()
        self._running = True
        self._parent = parent
        for child in self.children:
            child.mailbox.observed_by(self._observe)
            child.mailbox.resume()
        try:
            async with trio.open_nursery() as nursery:
                self._scope = nursery.cancel_scope
                if parent is not None:
                    nursery.start_soon(self._heed, parent)
                await self._start_in_order(nursery)
                if self._fault is None:
                    up()  # also when a stop cut the start short: whoever waits for the start shall not take it for a failure
                await self._until(lambda: self._over)
                for seat in reversed(self._seats):
                    await self._stop_seat(seat)
                nursery.cancel_scope.cancel()  # nobody needs to heed the parent any more
        finally:
            self._running = False
            self._change.unpark_all()
        if self._fault is not None:
            raise self._fault

    async def _heed(self, parent: Place) -> None:
        await parent.until_stopped()
        self._wind_down()

    async def _start_in_order(self, nursery: trio.Nursery) -> None:
        for child in self.children:
            if self._over:
                return
            await self._start(_Seat(child), nursery)

    async def _start(self, seat: _Seat, nursery: trio.Nursery) -> None:
        self._seats.append(seat)
        nursery.start_soon(self._keep, seat)
        await self._until(lambda: seat.been_up or self._over)

    async def _keep(self, seat: _Seat) -> None:
        """Life after life of one child, until it shall stop or is given up."""
        try:
            while not seat.stopping:
                crash = await self._live_once(seat)
                if crash is None or not self._lives_again(seat, crash):
                    return
                await trio.lowlevel.checkpoint_if_cancelled()
        finally:
            seat.ended = True
            self._change.unpark_all()

    async def _live_once(self, seat: _Seat) -> BaseException | None:
        seat.life = Life(seat.child, self._observe, partial(self._came_up, seat))
        crash = await seat.life.live()
        if crash is None and not seat.stopping:
            crash = ReturnedEarly(seat.child.name)
        if crash is not None:
            self._observe(ActorCrashedEvent(seat.child.name, crash))
        return crash

    def _came_up(self, seat: _Seat, took_s: float) -> None:
        name = seat.child.name
        self._observe(ActorRestarted(name, took_s) if seat.been_up else ActorStarted(name, took_s))
        seat.been_up = True
        self._change.unpark_all()

    def _lives_again(self, seat: _Seat, crash: BaseException) -> bool:
        """Whether a crashed child is restarted. Until it is told to stop itself it is, also while others are stopping and rely on it."""
        name = seat.child.name
        if not isinstance(crash, Exception):
            # The interpreter's own (KeyboardInterrupt, SystemExit) concerns the process, not this child.
            self._fault = crash
            self._scope.cancel()
            return False
        if seat.stopping:
            return False
        if not seat.been_up:
            self._give_up(StartFailed(self.name, name, crash), over=seat.child)
            return False
        left = self._left.spend(trio.current_time())
        if left is None:
            self._observe(BudgetSpent(self.name, name, crash))
            self._give_up(TooManyRestarts(self.name, name, crash), over=seat.child)
            return False
        self._left = left
        return True

    async def _stop_seat(self, seat: _Seat) -> None:
        child = seat.child
        for_good = self._ends_for_good
        was_alive = not seat.ended
        seat.stopping = True
        if for_good:
            child.mailbox.close()
        else:
            child.mailbox.pause()
        with trio.move_on_after(child.stop_within_s):
            await self._until(lambda: seat.ended)
        cut = not seat.ended
        if cut and seat.life is not None:
            seat.life.cut()
        await self._until(lambda: seat.ended)
        abandoned = child.end() if for_good else 0
        if was_alive:
            self._observe(ActorStopped(child.name, cut, abandoned))

    @property
    def _ends_for_good(self) -> bool:
        """Whether the places end with this run; otherwise the parent may restart us, and letters wait for that."""
        return self._parent is None or self._stop_asked or self._parent.mailbox.closed

    def _give_up(self, fault: Exception, over: Child) -> None:
        if self._fault is None:
            self._fault = fault
        if self._ends_for_good:
            over.end()  # at once: its siblings, while they stop, shall not wait for its answers
        self._wind_down()

    def _wind_down(self) -> None:
        self._over = True
        self._change.unpark_all()

    def _end(self) -> None:
        for child in reversed(self.children):
            child.end()

    async def _until(self, so: Callable[[], bool]) -> None:
        while not so():
            await self._change.park()
