"""Crowding: how many tasks one may wait for, how many may wait for it, and how many may be its parts."""

from ..domain.errors import LimitReached
from ..domain.task import DEPENDENCIES_LIMIT, Task
from . import layout
from .change import Change

DEPENDANTS_LIMIT = 1_000
"""A task's end is told to all that wait for it in one commit, for which everybody waits: a fifth of a second for so many."""


def require_room(change: Change, before: Task | None, after: Task) -> None:
    """Refuse a task that waits for more than it may, or is one more of those that wait for or are parts of another. Raises LimitReached."""
    if len(after.depends_on) > max(DEPENDENCIES_LIMIT, len(before.depends_on) if before else 0):
        raise LimitReached(
            what=f"the number of dependencies of {after.code}",
            limit=DEPENDENCIES_LIMIT,
            instead="put a task in between that waits for some of them",
        )
    blockers, fan_ins = (before.blockers, before.fan_ins) if before else ((), ())
    for code in after.blockers:
        if code not in blockers:
            _require_fewer(change, layout.dependants(code), f"the number of tasks that wait for {code}")
    for each in after.fan_ins:
        if each not in fan_ins:
            _require_fewer(change, layout.fan_ins(each.code), f"the number of tasks that wait for parts of {each.code}")
    if after.parent_code and (before is None or before.parent_code != after.parent_code):
        _require_fewer(change, layout.tasks_under(after.parent_code), f"the number of direct parts of {after.parent_code}")


def _require_fewer(change: Change, there: layout.Span, what: str) -> None:
    if len(change.snapshot.range(*there, limit=DEPENDANTS_LIMIT)) >= DEPENDANTS_LIMIT:
        raise LimitReached(what=what, limit=DEPENDANTS_LIMIT, instead="put tasks in between that some of them go under or wait for")
