"""Units of work on tasks as such: create, change, assign, move, read, archive."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import fields

from ..domain import claiming, moving, waiting
from ..domain.caller import Kind
from ..domain.codes import CODE_LENGTHS, is_prefix, numbered
from ..domain.errors import DuplicateCode, InvalidArguments, LimitReached, NotFound, TaskClosed
from ..domain.events import EventKind, Fact
from ..domain.evolving import evolve
from ..domain.task import Dependency, DependencyKind, Instant, State, Task
from ..domain.workflow import placed, still_placed
from . import wire
from .additions import with_artifacts, with_labels, with_note
from .aftermath import follow
from .change import Change
from .circles import require_no_circle
from .claims import claim_for
from .crowding import require_room
from .requests import tasks as ask
from .view import View

Answer = Mapping[str, Any]

PARENTS_LIMIT = 256
"""How deep tasks are parts of parts: the end of the last part may end them all, and nobody finds their way in anything deeper."""


def create_task(change: Change, request: ask.CreateTask) -> Answer:
    """A new task, ready at once unless it waits for others or for its time."""
    code = _free_code(change, request.code)
    parent, blockers = split_parent(change, tuple([dependency(change, each) for each in request.depends_on]), _parent(change, request))
    _require_distinct(blockers)
    _require_above(change, code, parent)
    owner = change.introduce(request.owner_agent_name).name if request.owner_agent_name else None
    task = Task(
        id=change.next_number("task"),
        code=code,
        name=request.name.strip(),
        description=request.description.strip(),
        state=State.CREATED,
        inserted_at=change.now,
        updated_at=change.now,
        created_by=change.acting().name,
        owner_agent_name=owner,
        role=request.role,
        required_capabilities=tuple(sorted(set(request.required_capabilities))),
        priority_score=request.priority_score,
        labels=_distinct(request.labels),
        parent_code=parent,
        depends_on=blockers,
        acceptance_criteria=request.acceptance_criteria,
        estimated_effort=request.estimated_effort,
        due_at=_instant(request.due_at),
        not_before=_later(request.not_before, change.now),
        confidence_threshold=request.confidence_threshold,
        requires_review=request.requires_review,
        lease_s=request.lease_s,
    )
    if request.workflow is not None:
        task = placed(task, change.workflow(request.workflow), 1)
    require_room(change, None, task)
    task = waiting.settled(counting_blockers(change, task), change.now)
    change.require_lane(task)
    created = change.record_task(Fact(EventKind.TASK_CREATED, task, {"code": code, "to": task.state}))
    if created.parent_code is not None:
        require_no_circle(change, created)
    follow(change, None, created)
    return wire.task(created)


def _free_code(change: Change, wanted: str) -> str:
    if not is_prefix(wanted):
        if change.find_coded(wanted):
            raise DuplicateCode(task=wanted)
        return wanted
    series = wanted.upper()
    while True:
        code = numbered(series, change.next_number(f"code:{series}"))
        if len(code) > CODE_LENGTHS[1]:
            raise LimitReached(what=f"the series {series}", limit=10 ** (CODE_LENGTHS[1] - len(series) - 1), instead="use another prefix")
        if change.find_coded(code) is None:
            return code


def dependency(change: Change, given: str | ask.DependsOn) -> Dependency:
    """A dependency as it was named, with the code as the other task has it. Raises NotFound."""
    named = ask.DependsOn(given) if isinstance(given, str) else given
    return Dependency(change.task_coded(named.code).code, named.kind)


def _require_distinct(dependencies: Sequence[Dependency]) -> None:
    codes = [each.code for each in dependencies]
    if len(codes) > len(set(codes)):
        doubled = sorted({code for code in codes if codes.count(code) > 1})
        raise InvalidArguments(tool="create_task", problems=(f"depends_on: {', '.join(doubled)} is named more than once",))


def split_parent(change: Change, dependencies: tuple[Dependency, ...], parent: str | None) -> tuple[str | None, tuple[Dependency, ...]]:
    """A dependency on a parent is the parent; the others stay what they are."""
    if not dependencies:
        return parent, ()
    parents = [each.code for each in dependencies if each.kind is DependencyKind.PARENT_CHILD]
    if len({*parents, *([parent] if parent else [])}) > 1:
        raise InvalidArguments(tool="create_task", problems=("depends_on: a task is a part of one other",))
    others = tuple(each for each in dependencies if each.kind is not DependencyKind.PARENT_CHILD)
    return (parents[0] if parents else parent), others


def counting_blockers(change: Change, task: Task) -> Task:
    """The task with what it waits for counted anew."""
    if not task.depends_on and not task.unmet and not task.cancelled_blockers:
        return task
    blockers = [change.task_coded(code) for code in task.blockers]
    cancelled = sum(waiting.called_off(each) for each in blockers)
    return evolve(task, unmet=len(change.unmet_blockers(task)), cancelled_blockers=cancelled)


def _parent(change: Change, request: ask.CreateTask | ask.UpdateTask) -> str | None:
    code, task_id = request.parent_code, request.parent_task_id
    if task_id is None:
        return change.task_coded(code).code if code else None
    parent = change.task(task_id)
    if code is not None and code.upper() != parent.code.upper():
        raise NotFound(kind="task", named=f"{task_id} with code {code}", nearest=(parent.code,))
    return parent.code


def _require_above(change: Change, code: str, parent: str | None) -> None:
    """Refuse a parent that is below the task itself, or too far down. Raises InvalidArguments, LimitReached."""
    line = [code]
    while parent is not None:
        if parent == code:
            raise InvalidArguments(tool="update_task", problems=(f"parent_code: {' is a part of '.join((*line, code))}, which cannot be",))
        if len(line) > PARENTS_LIMIT:
            raise LimitReached(what="the number of tasks that one is a part of", limit=PARENTS_LIMIT, instead="choose a parent higher up")
        line.append(parent)
        parent = change.task_coded(parent).parent_code


def _distinct(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(labels))


def _instant(moment: datetime | None) -> Instant | None:
    return wire.instant_of(moment) if moment is not None else None


def _later(moment: datetime | None, now: Instant) -> Instant | None:
    instant = _instant(moment)
    return instant if instant is not None and instant > now else None


PLAIN_FIELDS = (
    "role",
    "priority_score",
    "acceptance_criteria",
    "estimated_effort",
    "confidence_threshold",
    "requires_review",
    "lease_s",
)
"""Fields of UpdateTask that are taken as given."""


def update_task(change: Change, request: ask.UpdateTask) -> Answer:
    """Change what is given and nothing else; adding never conflicts. An archived task stays as it is."""
    task = change.named(request)
    change.require_rev(task.code, task.rev, request.expected_rev, lambda: wire.task(task))
    if task.state is State.ARCHIVED:
        raise TaskClosed(task=task.code, state=task.state)
    edited = _with_additions(change, _edited(change, task, request), request)
    if request.owner_agent_name is not None and request.owner_agent_name != task.owner_agent_name:
        fact = claiming.assign(edited, change.introduce(request.owner_agent_name).name, change.caller, change.now)
        edited = fact.after if isinstance(fact.after, Task) else edited
    if edited == task:
        return wire.task(task)
    require_room(change, task, edited)
    change.require_lane(edited)
    changed = [each.name for each in fields(Task) if getattr(task, each.name) != getattr(edited, each.name)]
    after = change.record_task(Fact(EventKind.TASK_UPDATED, edited, {"fields": changed}))
    if after.parent_code is not None and after.parent_code != task.parent_code:
        require_no_circle(change, after)
    follow(change, task, after)
    return wire.task(after)


def _edited(change: Change, task: Task, request: ask.UpdateTask) -> Task:
    given: dict[str, Any] = {name: value for name in PLAIN_FIELDS if (value := getattr(request, name)) is not None}
    if request.name is not None:
        given["name"] = request.name.strip()
    if request.description is not None:
        given["description"] = request.description.strip()
    if request.required_capabilities is not None:
        given["required_capabilities"] = tuple(sorted(set(request.required_capabilities)))
    if request.parent_code or request.parent_task_id:
        given["parent_code"] = _parent(change, request)
    if request.due_at is not None:
        given["due_at"] = _instant(request.due_at)
    if request.not_before is not None:
        given["not_before"] = _later(request.not_before, change.now)
    given |= {name: () if isinstance(getattr(task, name), tuple) else None for name in request.clear}
    _require_above(change, task.code, given.get("parent_code"))
    return still_placed(evolve(task, **given))


def _with_additions(change: Change, task: Task, request: ask.UpdateTask) -> Task:
    labels = request.labels if request.labels is not None else task.labels
    labels = tuple(label for label in _distinct((*labels, *request.add_labels)) if label not in request.remove_labels)
    added = with_labels(task, labels)
    if request.add_note is not None:
        added = with_note(added, change.acting().name, request.add_note, change.now)
    return with_artifacts(added, request.add_artifacts)


def assign_task(change: Change, request: ask.AssignTask) -> Answer:
    """Give a task to one agent."""
    task = change.named(request)
    change.require_rev(task.code, task.rev, request.expected_rev, lambda: wire.task(task))
    fact = claiming.assign(task, change.introduce(request.new_owner_agent_name).name, change.caller, change.now)
    if isinstance(fact.after, Task):
        change.require_lane(fact.after)
    assigned = change.record_task(fact)
    follow(change, task, assigned)
    return wire.task(assigned)


def set_task_state(change: Change, request: ask.SetTaskState) -> Answer:
    """Walk one step of the table. Created to InProgress is a claim; leaving for good frees or informs dependants."""
    task = change.named(request)
    change.require_rev(task.code, task.rev, request.expected_rev, lambda: wire.task(task))
    claiming.require_fence(task, request.fence)
    if task.state is State.CREATED and request.state is State.IN_PROGRESS:
        return wire.task(claim_for(change, task, _claimant(change, task), None, request.reason))
    waiting.require_met(task, request.state, change.unmet_blockers(task))
    moved = change.record_task(moving.move(task, request.state, change.caller, request.reason, change.now))
    follow(change, task, moved)
    return wire.task(moved)


def _claimant(change: Change, task: Task) -> str:
    """A person who starts an assigned task starts it for its owner; everybody else claims for themselves."""
    return task.owner_agent_name if change.caller.kind is Kind.HUMAN and task.owner_agent_name else change.caller.name


def archive_task(change: Change, request: ask.ArchiveTask) -> Answer:
    """Put a finished task away for good."""
    task = change.named(request)
    change.require_rev(task.code, task.rev, request.expected_rev, lambda: wire.task(task))
    return wire.task(change.record_task(moving.archive(task, change.caller, change.now)))


def get_task_by_id(view: View, request: ask.GetTaskById) -> Answer:
    """One task by its id."""
    return wire.task(view.task(request.id), request.detail)


def get_task_by_code(view: View, request: ask.GetTaskByCode) -> Answer:
    """One task by its code."""
    return wire.task(view.task_coded(request.code), request.detail)
