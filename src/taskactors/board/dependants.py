"""What a task's move means to the tasks that depend on it, in the same transaction."""

from collections.abc import Callable, Sequence
from functools import partial

from ..domain import waiting
from ..domain.events import EventKind, Fact
from ..domain.evolving import evolve
from ..domain.lifecycle import advance
from ..domain.task import Instant, State, Task
from ..storage.keys import last_number
from . import layout
from .change import Change

Consequence = Callable[[Task], Fact]
"""What a blocker's move means to a task that waits for it."""


def carry_over(change: Change, before: Task | None, after: Task) -> tuple[str, ...]:
    """Tell every dependant what its blocker did, and whoever waits for the parts of a task what one of them did.

    `before` is None for a task that is new. Returns the codes of those that became ready.
    """
    freed: list[str] = []
    # A list and no recursion: the end of the last part may end hundreds of tasks, each a part of the next.
    left: list[tuple[Task | None, Task] | str] = [(before, after)]
    while left:
        match left.pop():
            case str(parent):
                freed += _recorded(change, [(each, _recount(change, each, parent)) for each in _waiting_for_parts(change, parent)])
                left += _finish_parent(change, parent)
            case was, now:
                freed += _tell_dependants(change, was, now)
                left += sorted(_parents_concerned(was, now), reverse=True)
    return tuple(freed)


def _tell_dependants(change: Change, before: Task | None, after: Task) -> list[str]:
    consequence = _consequence(before, after, change.now) if before is not None else None
    if consequence is None:
        return []
    if not (dependants := _dependants(change, after)):
        return []
    return _recorded(change, [(each, consequence(each)) for each in dependants if each.state is not State.ARCHIVED])


def _parents_concerned(before: Task | None, after: Task) -> set[str]:
    was = before.parent_code if before else None
    if was == after.parent_code and (was is None or (before is not None and before.state is after.state)):
        return set()
    return {code for code in (was, after.parent_code) if code}


def _recorded(change: Change, facts: Sequence[tuple[Task, Fact | None]]) -> list[str]:
    freed = []
    for dependant, fact in facts:
        if fact is None:
            continue
        told = change.record_task(fact)
        if told.state is State.CREATED and dependant.state is State.WAITING_FOR_DEPENDENCY:
            freed.append(told.code)
    return freed


def _dependants(change: Change, blocker: Task) -> list[Task]:
    return [change.task(last_number(entry)) for entry, _ in change.walk(layout.dependants(blocker.code))]


def _waiting_for_parts(change: Change, parent: str) -> list[Task]:
    return [change.task(last_number(entry)) for entry, _ in change.walk(layout.fan_ins(parent))]


def _recount(change: Change, dependant: Task, parent: str) -> Fact | None:
    if dependant.state is State.ARCHIVED:
        return None
    return waiting.recounted(dependant, len(change.unmet_blockers(dependant)), parent, change.now)


def _finish_parent(change: Change, code: str) -> list[tuple[Task | None, Task]]:
    """A decomposed task is Done with the last of its parts: how it moved, if it did."""
    parent = change.task_coded(code)
    if not waiting.waits_for_parts(parent) or not waiting.parts_done(list(change.parts_of(code))):
        return []
    done = advance(evolve(parent, percent=100), State.DONE, change.now)
    return [(parent, change.record_task(Fact(EventKind.TASK_COMPLETED, done, {"from": parent.state, "to": done.state, "by_parts": True})))]


def _consequence(before: Task, after: Task, now: Instant) -> Consequence | None:
    """None when it means nothing to anybody, as most moves do: then nobody has to be looked up."""
    met, was_met = waiting.meets(after), waiting.meets(before)
    if met and not was_met:
        return partial(waiting.blocker_met, blocker=after.code, now=now)
    if was_met and not met:
        return partial(waiting.blocker_reopened, blocker=after.code, now=now)
    off, was_off = waiting.called_off(after), waiting.called_off(before)
    if off and not was_off:
        return partial(waiting.blocker_cancelled, blocker=after.code)
    if was_off and not off:
        return partial(waiting.blocker_restored, blocker=after.code)
    return None
