"""What a task's move means to the tasks that depend on it, in the same transaction."""

from ..domain import waiting
from ..domain.events import Fact
from ..domain.task import State, Task
from ..storage.keys import split
from . import layout
from .change import Change


def carry_over(change: Change, before: Task, after: Task) -> tuple[str, ...]:
    """Tell every dependant what its blocker did; returns the codes of those that became ready."""
    if before.state is after.state:
        return ()
    freed = []
    for dependant in _dependants(change, after):
        fact = _consequence(change, before, after, dependant)
        if fact is None:
            continue
        told = change.record_task(fact)
        if told.state is State.CREATED and dependant.state is State.WAITING_FOR_DEPENDENCY:
            freed.append(told.code)
    return tuple(freed)


def _dependants(change: Change, blocker: Task) -> list[Task]:
    return [change.task(int(split(entry)[2])) for entry, _ in change.walk(layout.dependants(blocker.code))]


def _consequence(change: Change, before: Task, after: Task, dependant: Task) -> Fact | None:
    if dependant.state is State.ARCHIVED:
        return None
    met, was_met = waiting.meets(after), waiting.meets(before)
    off, was_off = waiting.called_off(after), waiting.called_off(before)
    if met and not was_met:
        return waiting.blocker_met(dependant, after.code, change.now)
    if was_met and not met:
        return waiting.blocker_reopened(dependant, after.code, change.now)
    if off and not was_off:
        return waiting.blocker_cancelled(dependant, after.code)
    if was_off and not off:
        return waiting.blocker_restored(dependant, after.code)
    return None
