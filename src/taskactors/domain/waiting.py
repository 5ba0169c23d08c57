"""Waiting for other tasks: what holds a task back, and what happens to it when a blocker moves."""

from collections.abc import Sequence

from .errors import DependenciesUnmet
from .events import EventKind, Fact
from .evolving import evolve
from .lifecycle import advance
from .task import CLOSED, FINISHED, Instant, State, Task


def meets(blocker: Task) -> bool:
    """A blocker is met once it is Done, also when it was archived later. Cancelled never meets it, archived or not."""
    return blocker.state in FINISHED and blocker.done_at is not None


def called_off(blocker: Task) -> bool:
    """Whether a blocker was cancelled, and so will not be met unless it is reopened."""
    return blocker.state is State.CANCELLED or (blocker.state is State.ARCHIVED and blocker.done_at is None)


def settled(task: Task, now: Instant) -> Task:
    """A task that came back to Created while it still has unmet blockers waits for them instead."""
    return advance(task, State.WAITING_FOR_DEPENDENCY, now) if task.state is State.CREATED and task.unmet else task


def blocker_met(task: Task, blocker: str, now: Instant) -> Fact:
    """One blocker less. The last one frees a task that waits, unless somebody set it waiting by hand or it waits for its parts."""
    fewer = evolve(task, unmet=task.unmet - 1)
    if not _is_freed(fewer):
        return Fact(EventKind.TASK_UPDATED, fewer, {"blocker_met": blocker, "unmet": fewer.unmet})
    freed = advance(fewer, State.CREATED, now)
    return Fact(EventKind.TASK_UNBLOCKED, freed, {"from": task.state, "to": freed.state, "blocker_met": blocker})


def _is_freed(task: Task) -> bool:
    waits = task.state is State.WAITING_FOR_DEPENDENCY and not task.by_hand
    return waits and not task.unmet and not task.decomposed


def blocker_reopened(task: Task, blocker: str, now: Instant) -> Fact:
    """A met blocker is open again. Only a dependant that nobody has started is pulled back."""
    more = evolve(task, unmet=task.unmet + 1)
    after = settled(more, now)
    return Fact(EventKind.TASK_UPDATED, after, {"from": task.state, "to": after.state, "blocker_reopened": blocker, "unmet": more.unmet})


def blocker_cancelled(task: Task, blocker: str) -> Fact:
    """An unmet blocker was called off: the dependant waits on, marked, until somebody decides."""
    marked = evolve(task, cancelled_blockers=task.cancelled_blockers + 1)
    return Fact(EventKind.BLOCKER_CANCELLED, marked, {"blocker": blocker})


def blocker_restored(task: Task, blocker: str) -> Fact:
    """A cancelled blocker was reopened."""
    cleared = evolve(task, cancelled_blockers=task.cancelled_blockers - 1)
    return Fact(EventKind.TASK_UPDATED, cleared, {"blocker_restored": blocker})


def recounted(task: Task, unmet: int, cause: str, now: Instant) -> Fact | None:
    """What follows when parts of a task that this one waits for have come, gone or moved; None when nothing does."""
    if unmet == task.unmet:
        return None
    counted = evolve(task, unmet=unmet)
    if _is_freed(counted):
        freed = advance(counted, State.CREATED, now)
        return Fact(EventKind.TASK_UNBLOCKED, freed, {"from": task.state, "to": freed.state, "blocker_met": cause})
    after = settled(counted, now)
    return Fact(EventKind.TASK_UPDATED, after, {"from": task.state, "to": after.state, "waits_for": cause, "unmet": unmet})


def waits_for_parts(parent: Task) -> bool:
    """Whether it is its parts that will finish a task."""
    return parent.decomposed and parent.state is State.WAITING_FOR_DEPENDENCY


def parts_done(parts: Sequence[Task]) -> bool:
    """Whether a task that waits for its parts is finished by them: all are over, and not all of them were called off."""
    return all(each.state in CLOSED for each in parts) and any(meets(each) for each in parts)


def require_met(task: Task, to: State, unmet: tuple[str, ...]) -> None:
    """Nobody may say by hand that a task waits no longer while it does."""
    if task.state is State.WAITING_FOR_DEPENDENCY and to is State.CREATED and unmet:
        raise DependenciesUnmet(task=task.code, unmet=unmet)
