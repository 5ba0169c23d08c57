"""Everything that is wrong with a plan, told without a server by the very rules that it checks with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..actors.arguments import Arguments
from ..board.plans import in_order
from ..board.requests.plans import PlanTasks, doubled_refs
from ..domain.codes import code_problem
from ..domain.errors import DependencyCycle, InvalidArguments

ARGUMENTS = Arguments(PlanTasks)
FIRST = "tasks[0]"


def problems_of(plan: dict[str, Any]) -> list[str]:
    """A line each, starting with its path. What only the board knows, such as which other tasks exist, is not looked at."""
    tasks = plan.get("tasks")
    if not isinstance(tasks, list) or not tasks:
        return list(_refused(plan))
    # Each task by itself: what is wrong with one must not hide what is wrong with another.
    stand_ins = [{"ref": f"{place}", "code": "A", "name": "n", "description": "d"} for place in range(len(tasks))]
    found = [*_refused(plan | {"tasks": stand_ins})]
    for place, task in enumerate(tasks):
        found += [problem.replace(FIRST, f"tasks[{place}]", 1) for problem in _refused({"tasks": [task]})]
        if isinstance(task, dict) and isinstance(code := task.get("code"), str) and (problem := code_problem(code)):
            found.append(f"tasks[{place}].code: {problem}")
    found += doubled_refs([task.get("ref") if isinstance(task, dict) else None for task in tasks])
    return list(dict.fromkeys(found)) or list(_circle(plan))


def _refused(plan: dict[str, Any]) -> Iterator[str]:
    try:
        ARGUMENTS.structure(plan, "plan_tasks")
    except InvalidArguments as invalid:
        yield from (problem.replace("there is no such argument", "there is no such key") for problem in invalid.problems)


def _circle(plan: dict[str, Any]) -> Iterator[str]:
    try:
        in_order(ARGUMENTS.structure(plan, "plan_tasks").tasks)
    except DependencyCycle as circle:
        yield f"tasks: {circle.cause()}"
