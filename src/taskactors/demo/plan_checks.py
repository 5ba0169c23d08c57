"""Checks between the tasks of a plan: that they can be put in an order, and that what shall happen to each can happen."""

from collections.abc import Iterator, Sequence

from .plan import Plan, PlannedTask

Finding = tuple[int, str, str]
"""The place of a task in the plan, the key that is at fault, and what is wrong with it."""


def checked(plan: Plan) -> Iterator[Finding]:
    """Everything that is wrong between tasks and with what shall happen to them."""
    codes = [task.code.upper() for task in plan.tasks]
    for place, task in enumerate(plan.tasks):
        if task.code.upper() in codes[:place]:
            yield place, "code", f"there is another task {task.code}"
        yield from ((place, "depends_on", what) for what in _dependencies(task, codes))
        yield from ((place, key, what) for key, what in _happenings(plan, task))
    if cycle := _cycle(plan.tasks):
        yield codes.index(cycle[0].upper()), "depends_on", f"the tasks wait for each other: {' → '.join([*cycle, cycle[0]])}"


def _dependencies(task: PlannedTask, codes: Sequence[str]) -> Iterator[str]:
    named = [code.upper() for code in task.depends_on]
    for code in task.depends_on:
        if code.upper() not in codes:
            yield f"there is no task {code}"
    for code in sorted({code for code in named if named.count(code) > 1}):
        yield f"{code} is named more than once"


def _happenings(plan: Plan, task: PlannedTask) -> Iterator[tuple[str, str]]:
    able = plan.can_do(task)
    for key, exchange in [*(("questions", each) for each in task.questions), *([("blocked", task.blocked)] if task.blocked else [])]:
        if any(member.role == exchange.to for member in able):
            yield key, f"{exchange.to} may be the one who works on it; ask another role"
    if task.sent_back and not task.requires_review:
        yield "sent_back", "only a review sends a task back; add requires_review = true"
    if task.put_aside and (task.fails or task.crash):
        yield "put_aside", "it fails until it is put aside; leave out what else goes wrong with it"
    if task.handoff is not None:
        yield from (("handoff", what) for what in _handoff(plan, task, task.handoff.to))
    if task.crash:
        yield from (("crash", what) for what in _crash(plan, task, task.crash))


def _crash(plan: Plan, task: PlannedTask, victim: str) -> Iterator[str]:
    able = [member.role for member in plan.can_do(task)]
    if victim not in able:
        yield f"{victim} cannot be killed while it works on it: it is not able to"
    elif len(able) == 1:
        yield f"nobody but {victim} can take it over; leave out its role, and give another role its capabilities"


def _handoff(plan: Plan, task: PlannedTask, taker: str) -> Iterator[str]:
    member = plan.member_of(taker)
    if member in plan.can_do(task):
        yield f"{taker} may be the one who works on it first; offer it to another role"
    elif lacking := sorted(set(task.capabilities) - set(member.capabilities)):
        yield f"{taker} cannot take it over: it needs {', '.join(lacking)}"


def _cycle(tasks: Sequence[PlannedTask]) -> list[str]:
    """The codes of tasks that wait for each other in a circle, beginning with the first in the plan; empty when there is none."""
    left = {task.code.upper(): task for task in tasks}
    while free := [code for code, task in left.items() if not any(each.upper() in left for each in task.depends_on)]:
        for code in free:
            del left[code]
    if not left:
        return []
    # Whatever is left waits for something that is left, so following that leads around in the end.
    line: list[str] = []
    code = next(iter(left))
    while code not in line:
        line.append(code)
        code = next(each.upper() for each in left[code].depends_on if each.upper() in left)
    return [left[each].code for each in line[line.index(code) :]]


def in_order(tasks: Sequence[PlannedTask]) -> tuple[PlannedTask, ...]:
    """The tasks, each after those that it depends on, otherwise as they are in the plan. There must be no cycle."""
    done: list[PlannedTask] = []
    left = list(tasks)
    while left:
        known = {task.code.upper() for task in done}
        free = next(task for task in left if all(code.upper() in known for code in task.depends_on))
        left.remove(free)
        done.append(free)
    return tuple(done)
