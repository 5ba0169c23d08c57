"""Units of work on workflows: define the steps, finish one."""

from collections.abc import Mapping
from typing import Any

from ..domain.events import EventKind
from ..domain.evolving import evolve
from ..domain.knowledge import Entry, EntryKind
from ..domain.task import Result, Task
from ..domain.workflow import Workflow, WorkStep, finish_step, require_workflow
from . import layout, wire
from .additions import with_artifacts
from .aftermath import follow
from .change import Change
from .knowledge import keep_entry
from .requests import workflows as ask
from .steps import step_of

Answer = Mapping[str, Any]


def define_workflow(change: Change, request: ask.DefineWorkflow) -> Answer:
    """The steps under this name from now on; the same again changes nothing."""
    steps = tuple(
        WorkStep(
            id=each.id,
            name=each.name.strip(),
            required_capability=each.required_capability,
            exit_conditions=each.exit_conditions,
            handoff_template=each.handoff_template,
        )
        for each in request.steps
    )
    known = change.workflow(request.name) if change.snapshot.get(layout.workflow_named(request.name)) is not None else None
    if known is not None and known.steps == steps:
        return wire.workflow(known)
    defined = Workflow(
        id=known.id if known else change.next_number("workflow"),
        name=request.name,
        rev=known.rev + 1 if known else 1,
        steps=steps,
        defined_by=change.acting().name,
        defined_at=change.now,
    )
    change.keep_workflow(defined)
    change.note(EventKind.WORKFLOW_DEFINED, f"workflow:{defined.id}", name=defined.name, rev=defined.rev, steps=[each.id for each in steps])
    return wire.workflow(defined)


def advance_task_workflow(change: Change, request: ask.AdvanceTaskWorkflow) -> Answer:
    """Finish a step; its output stays with the task for whoever does the next."""
    task = change.named(request)
    workflow = change.workflow_of(require_workflow(task))
    holder = change.introduce(task.holder or change.caller.name)
    result = Result(request.output, (), request.confidence)
    fact = finish_step(task, change.caller, holder, request.fence, workflow, result, change.now)
    assert isinstance(fact.after, Task)
    after = change.record_task(evolve(fact, after=with_artifacts(fact.after, request.artifacts)))
    _keep_output(change, task, workflow, holder.name, request.output)
    freed = follow(change, task, after)
    return wire.task(after) | step_of(change, after) | {"unblocked": list(freed)}


def _keep_output(change: Change, task: Task, workflow: Workflow, author: str, output: str) -> None:
    assert task.workflow is not None
    step = workflow.steps[task.workflow.number - 1]
    entry = Entry(
        id=change.next_number("entry"),
        title=f"{task.code}: {step.name}"[:200],
        body=output,
        kind=EntryKind.STEP_OUTPUT,
        author=author,
        created_at=change.now,
        task_id=task.id,
        task_code=task.code,
        tags=(workflow.name, step.id),
    )
    keep_entry(change, entry)
