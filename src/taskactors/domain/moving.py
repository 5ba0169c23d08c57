"""Moving a task to a state that somebody asked for by name."""

from .caller import Caller
from .events import EventKind, Fact
from .evolving import evolve
from .lifecycle import advance, permit
from .task import Instant, State, Task
from .waiting import settled


def move(task: Task, to: State, caller: Caller, reason: str | None, now: Instant) -> Fact:
    """Walk one step of the table, by the caller's right. Created to InProgress is a claim and is not done here."""
    permit(task, to, caller, reason)
    moved = settled(advance(task, to, now, by_hand=True), now)
    if to is State.BLOCKED:
        moved = evolve(moved, blocked_reason=reason)
    return Fact(EventKind.TASK_MOVED, moved, {"from": task.state, "to": moved.state}).because(reason)


def archive(task: Task, caller: Caller, now: Instant) -> Fact:
    """Put a finished task away for good."""
    return move(task, State.ARCHIVED, caller, None, now)
