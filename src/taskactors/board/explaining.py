"""Explaining why a task is offered to an agent or not."""

from collections.abc import Iterator
from typing import Any

from ..domain.agent import Agent
from ..domain.caller import Kind
from ..domain.matching import covers, is_ready, lane_of
from ..domain.moments import text_of
from ..domain.task import RUNNING, State, Task
from ..storage.keys import last_number
from . import layout
from .turns import Turns
from .view import View

OPEN_STATES = (State.CREATED, State.WAITING_FOR_DEPENDENCY, State.IN_PROGRESS, State.BLOCKED, State.QUARANTINED)
"""Where work is that somebody may ask about: not what is finished, nor what waits for a decision."""


def explained(view: View, me: Agent, capabilities: frozenset[str], limit: int) -> Turns[list[dict[str, Any]]]:
    """For open tasks, oldest first: whether they are offered to this agent, and why not."""
    found: list[dict[str, Any]] = []
    for task in _open(view, limit):
        if task.unmet:
            # A task may wait for the parts of others, which are up to a thousand.
            yield
        why = reason(view, task, me, capabilities)
        found.append({"code": task.code, "offered": why is None, **({"why": why} if why else {})})
    return found


def reason(view: View, task: Task, me: Agent, capabilities: frozenset[str]) -> str | None:
    """Why a task is not offered to this agent, in one sentence; None when it is."""
    if task.state in RUNNING:
        return f"held by {task.holder}"
    if task.state is State.QUARANTINED:
        return f"put aside after {task.attempts} failed attempts, until a person or a coordinator decides"
    if task.unmet:
        return f"waits for {', '.join(view.unmet_blockers(task))}"
    if task.state is not State.CREATED:
        return f"is {task.state}"
    if task.not_before is not None:
        return f"kept back until {text_of(task.not_before)}"
    assert is_ready(task)
    lane = lane_of(task)
    if me.kind is Kind.HUMAN or covers(lane, me, capabilities):
        return None
    if lane.owner not in ("", me.name):
        return f"assigned to {lane.owner}"
    if lane.owner == "" and lane.role not in ("", me.role):
        return f"for role {lane.role}, and you are {me.role}"
    return f"needs {', '.join(sorted(set(lane.capabilities) - capabilities))}, which you have not registered"


def _open(view: View, limit: int) -> Iterator[Task]:
    for state in OPEN_STATES:
        for entry, _ in view.snapshot.range(*layout.tasks_in_state(state), limit=limit):
            yield view.task(last_number(entry))
