"""The overview: how a project stands, for whoever has to decide what to do about it."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from ..domain.moments import text_of
from ..domain.task import State, Task
from ..storage.keys import last_number, split
from . import layout
from .requests.team import GetProjectOverview
from .standstill import held, is_stalled
from .turns import RECORDS_A_TURN, Turns
from .view import View

Answer = Mapping[str, Any]

SHOWN = 10
"""Of each kind: enough to see what is the matter; list_tasks has the rest."""

AGENTS_SHOWN = 100


def get_project_overview(view: View, request: GetProjectOverview) -> Turns[Answer]:
    """Counts, what stands still and why, what waits longest, and who holds what."""
    counts = view.state_counts()
    waiting: list[dict[str, Any]] = []
    for task in _in(view, State.WAITING_FOR_DEPENDENCY):
        # A task may wait for the parts of others, which are up to a thousand.
        yield
        waiting.append(_with(task, waits_for=list(view.unmet_blockers(task))))
    stalled = yield from _stalled(view)
    answer: dict[str, Any] = {
        "project": view.settings.project,
        "counts": counts,
        "ready": sum(view.ready_counts().values()),
        "oldest_ready": _oldest_ready(view),
        "blocked": [_with(task, why=task.blocked_reason or "no reason given", holder=task.holder) for task in _in(view, State.BLOCKED)],
        "waiting": waiting,
        "in_review": [_with(task, by=task.implementer) for task in _in(view, State.REVIEW)],
        "put_aside": [_with(task, attempts=task.attempts) for task in _in(view, State.QUARANTINED)],
        "stalled": stalled,
        "paused": [{"target": each.target, "by": each.by, "reason": each.reason} for each in view.pauses()],
        "events": view.head_seq(),
    }
    if request.detail == "full":
        answer["agents"] = [
            {"name": agent.name, "role": agent.role, "holding": list(view.held_by(agent.name, SHOWN))}
            for agent in islice(view.agents(), AGENTS_SHOWN)
        ]
        answer["workflows"] = view.workflow_names()
    return answer


def _in(view: View, state: State) -> Iterator[Task]:
    for entry, _ in view.snapshot.range(*layout.tasks_in_state(state), limit=SHOWN):
        yield view.task(last_number(entry))


def _with(task: Task, **facts: Any) -> dict[str, Any]:
    return {"code": task.code, "name": task.name, **{name: value for name, value in facts.items() if value is not None}}


def _oldest_ready(view: View) -> dict[str, Any] | None:
    """The first in the order of work over all lanes; who it is for says why it may still lie there."""
    heads = []
    for entry, _ in view.walk(layout.LANES):
        lane = layout.lane_from(split(entry))
        for head, _ in view.snapshot.range(*layout.ready_in(lane), limit=1):
            heads.append((split(head)[-3:], lane))
    if not heads:
        return None
    (*_, task_id), lane = min(heads)
    task = view.task(int(task_id))
    meant = {"for_agent": lane.owner or None, "for_role": lane.role or None, "needs": list(lane.capabilities) or None}
    return _with(task, waiting_since=text_of(task.updated_at), **meant)


def _stalled(view: View) -> Turns[list[dict[str, Any]]]:
    shown: list[dict[str, Any]] = []
    for examined, task in enumerate(held(view), 1):
        if examined % RECORDS_A_TURN == 0:
            yield
        if is_stalled(view, task):
            shown.append(_standing_still(task))
        if len(shown) == SHOWN:
            break
    return shown


def _standing_still(task: Task) -> dict[str, Any]:
    assert task.claim is not None
    return _with(task, holder=task.holder, unchanged_since=text_of(task.updated_at), ends=text_of(task.claim.deadline))
