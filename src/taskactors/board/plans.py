"""Units of work on plans: many tasks at once, and what they wait for."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..domain import waiting
from ..domain.errors import DependencyCycle, InvalidArguments, InvalidTransition, NotAllowed, TaskClosed
from ..domain.events import EventKind, Fact
from ..domain.evolving import evolve
from ..domain.lifecycle import advance, allowed_from
from ..domain.task import CLOSED, Dependency, DependencyKind, State, Task
from . import wire
from .aftermath import follow
from .change import Change
from .circles import circle_from, require_no_circle
from .crowding import require_room
from .requests import plans as ask
from .requests.tasks import CreateTask, DependsOn
from .tasks import counting_blockers, create_task, dependency

Answer = Mapping[str, Any]


def plan_tasks(change: Change, request: ask.PlanTasks) -> Answer:
    """Create a whole tree of tasks or none of them. Under a parent, the parent is done when its parts are."""
    parent = change.task_coded(request.parent) if request.parent else None
    if parent is not None:
        _require_decomposable(change, parent)
    codes: dict[str, str] = {}
    items: list[dict[str, Any]] = []
    for planned in in_order(request.tasks):
        created = create_task(change, _as_request(planned, codes, parent))
        codes[planned.ref] = str(created["code"])
        items.append({"ref": planned.ref, "code": created["code"], "id": created["id"], "state": created["state"]})
    order = {planned.ref: place for place, planned in enumerate(request.tasks)}
    items.sort(key=lambda item: order[item["ref"]])
    if parent is None:
        return {"items": items}
    return {"items": items, "parent": wire.task(_decomposed(change, parent), "brief")}


def in_order(tasks: Sequence[ask.PlannedTask]) -> list[ask.PlannedTask]:
    """Each after those that it names; every ref must be of one. Raises DependencyCycle."""
    by_ref = {task.ref: task for task in tasks}

    def names(ref: str) -> list[str]:
        task = by_ref[ref]
        named = [each if isinstance(each, str) else each.code for each in task.depends_on]
        return [each for each in (*named, *([task.parent] if task.parent else [])) if each in by_ref]

    for ref in by_ref:
        if cycle := circle_from(ref, names):
            raise DependencyCycle(cycle=cycle)
    done: dict[str, ask.PlannedTask] = {}
    left = list(tasks)
    while left:
        free = next(task for task in left if all(ref in done for ref in names(task.ref)))
        left.remove(free)
        done[free.ref] = free
    return list(done.values())


def _as_request(planned: ask.PlannedTask, codes: Mapping[str, str], parent: Task | None) -> CreateTask:
    above = codes.get(planned.parent, planned.parent) if planned.parent else parent.code if parent else None
    return CreateTask(
        code=planned.code,
        name=planned.name,
        description=planned.description,
        owner_agent_name=planned.assignee,
        role=planned.role,
        required_capabilities=planned.required_capabilities,
        priority_score=planned.priority_score,
        labels=planned.labels,
        parent_code=above,
        depends_on=tuple(_resolved(each, codes) for each in planned.depends_on),
        acceptance_criteria=planned.acceptance_criteria,
        estimated_effort=planned.estimated_effort,
        requires_review=planned.requires_review,
        workflow=planned.workflow,
    )


def _resolved(given: str | DependsOn, codes: Mapping[str, str]) -> str | DependsOn:
    if isinstance(given, str):
        return codes.get(given, given)
    return DependsOn(codes.get(given.code, given.code), given.kind)


def _require_decomposable(change: Change, parent: Task) -> None:
    if parent.state in CLOSED:
        raise TaskClosed(task=parent.code, state=parent.state)
    if parent.claim is not None and change.caller.name != parent.holder and not change.caller.may_override:
        raise NotAllowed(what=f"decomposing {parent.code}", who_may=f"{parent.holder}, who holds it, a person or a coordinator")
    if not parent.decomposed and parent.state not in (
        State.CREATED,
        State.IN_PROGRESS,
        State.PENDING_DECOMPOSITION,
        State.WAITING_FOR_DEPENDENCY,
    ):
        to = State.PENDING_DECOMPOSITION
        raise InvalidTransition(task=parent.code, state=parent.state, to=to, allowed=allowed_from(parent.state))


def _decomposed(change: Change, parent: Task) -> Task:
    """The parent waits for its parts from now on, and its claim, if it had one, has ended."""
    parent = change.task(parent.id)
    marked = evolve(parent, decomposed=True)
    if marked.state is not State.WAITING_FOR_DEPENDENCY:
        if marked.state is not State.PENDING_DECOMPOSITION:
            marked = advance(marked, State.PENDING_DECOMPOSITION, change.now)
        marked = advance(marked, State.WAITING_FOR_DEPENDENCY, change.now)
    # It ends with its parts, so it does not wait to be ended by hand.
    marked = evolve(marked, by_hand=False)
    require_no_circle(change, marked)
    if marked == parent:
        return parent
    after = change.record_task(Fact(EventKind.TASK_MOVED, marked, {"from": parent.state, "to": marked.state, "decomposed": True}))
    follow(change, parent, after)
    return after


def edit_dependencies(change: Change, request: ask.EditDependencies) -> Answer:
    """Add and remove what a task waits for; it waits, or is free, at once. Raises DependencyCycle."""
    task = change.named(request)
    change.require_rev(task.code, task.rev, request.expected_rev, lambda: wire.task(task))
    if task.state in CLOSED:
        raise TaskClosed(task=task.code, state=task.state)
    removed = {change.task_coded(code).code for code in request.remove}
    added = {each.code: each for each in (dependency(change, given) for given in request.add)}
    parents = [each.code for each in added.values() if each.kind is DependencyKind.PARENT_CHILD]
    if parents:
        raise InvalidArguments(tool="edit_dependencies", problems=("add: make it a part of another with update_task and parent_code",))
    kept = [each for each in task.depends_on if each.code not in removed and each.code not in added]
    wanted = (*kept, *added.values())
    edited = counting_blockers(change, evolve(task, depends_on=wanted))
    if added:
        require_room(change, task, edited)
        # To wait for less never closes a circle, and is the way out for a task that waits for too much to be looked through.
        require_no_circle(change, edited)
    if set(wanted) == set(task.depends_on):
        return wire.task(task)
    moved = _settled(change, task, edited)
    change.require_lane(moved)
    data: dict[str, object] = {"added": _said(added.values()), "removed": sorted(removed), "from": task.state, "to": moved.state}
    after = change.record_task(Fact(EventKind.DEPENDENCIES_CHANGED, moved, data))
    follow(change, task, after)
    return wire.task(after)


def _said(dependencies: Iterable[Dependency]) -> list[dict[str, str]]:
    return [{"code": each.code, "kind": each.kind} for each in dependencies]


def _settled(change: Change, before: Task, edited: Task) -> Task:
    """Where it stands with its new dependencies. Work that somebody holds stops for a new blocker, if they or a person say so."""
    if edited.state is State.IN_PROGRESS and edited.unmet > before.unmet:
        if change.caller.name != before.holder and not change.caller.may_override:
            raise NotAllowed(
                what=f"stopping {before.code} for a blocker", who_may=f"{before.holder}, who holds it, a person or a coordinator"
            )
        return advance(edited, State.WAITING_FOR_DEPENDENCY, change.now)
    if edited.state is State.WAITING_FOR_DEPENDENCY and not edited.unmet and not edited.by_hand and not edited.decomposed:
        return advance(edited, State.CREATED, change.now)
    return waiting.settled(edited, change.now)
