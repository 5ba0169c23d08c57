"""Workflows: named steps that a task goes through, from hand to hand where they need different abilities."""

from attrs import frozen

from .agent import Agent
from .caller import Caller, Kind
from .claiming import renewed
from .errors import NoWorkflow
from .events import EventKind, Fact
from .evolving import evolve
from .finishing import complete, require_holder, require_other_reviewer
from .lifecycle import DEADLINE_MS, advance, require_step, steps_left
from .task import Instant, Result, State, Task, WorkflowPosition
from .waiting import settled


@frozen(kw_only=True)
class WorkStep:
    """One step: what whoever does it must be able to do, when it is over, and what its output should tell the next."""

    id: str
    name: str
    required_capability: str | None = None
    exit_conditions: tuple[str, ...] = ()
    handoff_template: str | None = None


@frozen(kw_only=True)
class Workflow:
    """The steps, in order. Defined again it is a new `rev`; tasks on their way end under the one they began with."""

    id: int
    name: str
    rev: int
    steps: tuple[WorkStep, ...]
    defined_by: str
    defined_at: Instant


def placed(task: Task, workflow: Workflow, number: int) -> Task:
    """The task at that step, counted from 1: it needs what the step needs, besides what it needs itself."""
    step = workflow.steps[number - 1]
    own = set(task.required_capabilities) - {task.workflow.added if task.workflow else None}
    added = step.required_capability if step.required_capability not in own else None
    position = WorkflowPosition(workflow.name, step.id, workflow.id, workflow.rev, number, len(workflow.steps), added)
    return evolve(task, workflow=position, required_capabilities=_with(own, added))


def still_placed(task: Task) -> Task:
    """After its own needs were changed: it still needs what its step needs."""
    added = task.workflow.added if task.workflow else None
    return evolve(task, required_capabilities=_with(set(task.required_capabilities), added)) if added else task


def _with(own: set[str], added: str | None) -> tuple[str, ...]:
    return tuple(sorted(own | ({added} if added else set())))


def require_workflow(task: Task) -> WorkflowPosition:
    """Refuse a step of a task that has none."""
    if task.workflow is None:
        raise NoWorkflow(task=task.code)
    return task.workflow


def finish_step(task: Task, caller: Caller, holder: Agent, fence: int, workflow: Workflow, result: Result, now: Instant) -> Fact:
    """The holder has finished a step. The last one finishes the task; one that its holder is unsure of is reviewed first.

    The task stays with its holder when they can do the next step, too; else it is ready for whoever can.
    """
    require_holder(task, caller, fence)
    if not steps_left(task):
        return complete(task, caller, fence, result, now)
    require_step(task, State.REVIEW)
    unsure = result.confidence is not None and result.confidence < task.confidence_threshold
    after = advance(task, State.REVIEW, now) if unsure else _gone_on(task, holder, workflow, now)
    data = _told(task, after) | {"fence": fence}
    return Fact(EventKind.STEP_FINISHED, after, data if result.confidence is None else data | {"confidence": result.confidence})


def approve_step(task: Task, caller: Caller, holder: Agent | None, workflow: Workflow, now: Instant) -> Fact:
    """A step that was reviewed is good, and the task goes on to the next."""
    require_other_reviewer(task, caller)
    after = _gone_on(task, holder, workflow, now)
    return Fact(EventKind.TASK_REVIEWED, after, _told(task, after) | {"verdict": "approve"})


def _gone_on(task: Task, holder: Agent | None, workflow: Workflow, now: Instant) -> Task:
    assert task.workflow is not None
    moved = evolve(placed(task, workflow, task.workflow.number + 1), percent=None)
    if task.claim is None or holder is None or not _can(holder, moved):
        return settled(advance(moved, State.CREATED, now), now)
    if moved.state is not State.IN_PROGRESS:
        return advance(moved, State.IN_PROGRESS, now)
    started = evolve(moved, claim=evolve(task.claim, deadline=now + DEADLINE_MS))
    kept = renewed(started, task.claim.lease_s, now).after
    assert isinstance(kept, Task)
    return kept


def _can(agent: Agent, task: Task) -> bool:
    return agent.kind is Kind.HUMAN or set(task.required_capabilities) <= set(agent.capabilities)


def _told(before: Task, after: Task) -> dict[str, object]:
    assert before.workflow is not None
    assert after.workflow is not None
    data: dict[str, object] = {"from": before.state, "to": after.state, "workflow": before.workflow.name, "step": before.workflow.step}
    return data | {"next_step": after.workflow.step} if after.workflow.step != before.workflow.step else data
