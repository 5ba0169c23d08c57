"""The step that a task is at, for whoever has it in hand."""

from typing import Any

from ..domain.task import Task
from . import wire
from .view import View


def step_of(view: View, task: Task) -> dict[str, Any]:
    """What the task's step asks for, under `step`; nothing for a task without a workflow."""
    if task.workflow is None:
        return {}
    return {"step": wire.step(view.workflow_of(task.workflow).steps[task.workflow.number - 1])}
