"""What a task's move means to the tasks that depend on it, in the same transaction."""

from collections.abc import Sequence

from ..domain import waiting
from ..domain.events import EventKind, Fact
from ..domain.evolving import evolve
from ..domain.lifecycle import advance
from ..domain.task import State, Task
from ..storage.keys import split
from . import layout
from .change import Change


def carry_over(change: Change, before: Task | None, after: Task) -> tuple[str, ...]:
    """Tell every dependant what its blocker did, and whoever waits for the parts of a task what one of them did.

    `before` is None for a task that is new. Returns the codes of those that became ready.
    """
    moved = before is not None and before.state is not after.state
    facts = [(each, _consequence(change, before, after, each)) for each in _dependants(change, after)] if moved and before else []
    freed = _recorded(change, facts)
    parents = {code for code in (before.parent_code if before else None, after.parent_code) if code}
    if moved or before is None or before.parent_code != after.parent_code:
        for parent in sorted(parents):
            freed += _recorded(change, [(each, _recount(change, each, parent)) for each in _waiting_for_parts(change, parent)])
            freed += _finish_parent(change, parent)
    return tuple(freed)


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
    return [change.task(int(split(entry)[2])) for entry, _ in change.walk(layout.dependants(blocker.code))]


def _waiting_for_parts(change: Change, parent: str) -> list[Task]:
    return [change.task(int(split(entry)[2])) for entry, _ in change.walk(layout.fan_ins(parent))]


def _recount(change: Change, dependant: Task, parent: str) -> Fact | None:
    if dependant.state is State.ARCHIVED:
        return None
    return waiting.recounted(dependant, len(change.unmet_blockers(dependant)), parent, change.now)


def _finish_parent(change: Change, code: str) -> list[str]:
    """A decomposed task is Done with the last of its parts, and so may be what it is a part of."""
    parent = change.task_coded(code)
    if not waiting.parts_done(parent, list(change.parts_of(code))):
        return []
    done = advance(evolve(parent, percent=100), State.DONE, change.now)
    finished = change.record_task(Fact(EventKind.TASK_COMPLETED, done, {"from": parent.state, "to": done.state, "by_parts": True}))
    return list(carry_over(change, parent, finished))


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
