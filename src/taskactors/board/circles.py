"""Circles: whether tasks would wait for each other, and in which order."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from ..domain.errors import DependencyCycle, LimitReached
from ..domain.task import Task
from .view import View

EXAMINED_LIMIT = 5_000
"""How many tasks one check looks at; a plan in which one task waits for more than this is none that anybody follows."""


def require_no_circle(view: View, task: Task) -> None:
    """Refuse a task that would wait, through others, for itself. `task` is as it shall become."""

    def waits_for(code: str) -> Iterator[str]:
        found = task if code == task.code else view.find_coded(code)
        return iter(()) if found is None else prerequisites(view, found)

    cycle = circle_from(task.code, waits_for)
    if cycle:
        raise DependencyCycle(cycle=cycle)


def prerequisites(view: View, task: Task) -> Iterator[str]:
    """Codes of what has to be Done before this task can be: its blockers, parts that it waits for, its own if it is decomposed."""
    yield from task.blockers
    for each in task.fan_ins:
        yield from (part.code for part in view.parts_of(each.code))
    if task.decomposed:
        yield from (part.code for part in view.parts_of(task.code))


def circle_from(start: str, waits_for: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
    """The circle that leads from this code back to it; empty when there is none."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        code = waiting.pop()
        for other in waits_for(code):
            if other == start:
                return _path(came_from, start, code)
            if other not in came_from:
                came_from[other] = code
                waiting.append(other)
        if len(came_from) > EXAMINED_LIMIT:
            raise LimitReached(what="the number of tasks that one waits for", limit=EXAMINED_LIMIT, instead="make the plan flatter")
    return ()


def _path(came_from: Mapping[str, str], start: str, last: str) -> tuple[str, ...]:
    line = [last]
    while line[-1] != start:
        line.append(came_from[line[-1]])
    return tuple(reversed(line))
