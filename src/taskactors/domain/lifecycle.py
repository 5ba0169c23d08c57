"""The state table and the one function that walks it: no task changes its state anywhere else.

The table is law: the rule here, the drawing in the documentation and the tests all read it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import frozen

from .caller import Caller
from .errors import InvalidTransition, NotAllowed, NotHolder, OwnReview, ReasonRequired, ReviewRequired, StepsRemain
from .evolving import evolve
from .task import CLOSED, RUNNING, SUSPENDED, Claim, Instant, State, Task


class Who(StrEnum):
    """Who may take a step by asking for that state."""

    ANYONE = "anyone"
    HOLDER = "the holder, a person or a coordinator"
    MANAGER = "its holder, owner or creator, a person or a coordinator"
    PERSON = "a person or a coordinator"
    APPROVER = "anyone but the implementer, when a review is required"
    BOARD = "the board itself"


@frozen
class Step:
    """One edge: who may take it, what it is called, and whether it needs a reason."""

    who: Who
    label: str
    needs_reason: bool = False


def _steps(**by_state: Step) -> Mapping[State, Step]:
    return {State[name]: step for name, step in by_state.items()}


_QUARANTINE = Step(Who.MANAGER, "put aside")
_CANCEL = Step(Who.MANAGER, "called off")
_REOPEN = Step(Who.ANYONE, "reopened", needs_reason=True)
_GIVE_UP = Step(Who.HOLDER, "released or expired")

TABLE: Mapping[State, Mapping[State, Step]] = {
    State.CREATED: _steps(
        IN_PROGRESS=Step(Who.ANYONE, "claimed"),
        WAITING_FOR_DEPENDENCY=Step(Who.ANYONE, "has to wait"),
        PENDING_DECOMPOSITION=Step(Who.ANYONE, "too big"),
        QUARANTINED=_QUARANTINE,
        CANCELLED=_CANCEL,
    ),
    State.IN_PROGRESS: _steps(
        BLOCKED=Step(Who.HOLDER, "stuck"),
        REVIEW=Step(Who.HOLDER, "ready for review"),
        DONE=Step(Who.HOLDER, "finished"),
        PENDING_HANDOFF=Step(Who.HOLDER, "offered to another"),
        PENDING_DECOMPOSITION=Step(Who.HOLDER, "too big; claim ends"),
        WAITING_FOR_DEPENDENCY=Step(Who.HOLDER, "a blocker was found; claim ends"),
        CREATED=_GIVE_UP,
        QUARANTINED=_QUARANTINE,
        CANCELLED=_CANCEL,
    ),
    State.BLOCKED: _steps(
        IN_PROGRESS=Step(Who.HOLDER, "goes on"),
        CREATED=_GIVE_UP,
        QUARANTINED=_QUARANTINE,
        CANCELLED=_CANCEL,
    ),
    State.REVIEW: _steps(
        DONE=Step(Who.APPROVER, "approved"),
        IN_PROGRESS=Step(Who.ANYONE, "sent back"),
        CREATED=Step(Who.ANYONE, "sent back, holder gone"),
        QUARANTINED=_QUARANTINE,
        CANCELLED=_CANCEL,
    ),
    State.PENDING_HANDOFF: _steps(
        IN_PROGRESS=Step(Who.HOLDER, "accepted, declined or expired"),
        CREATED=_GIVE_UP,
        QUARANTINED=_QUARANTINE,
        CANCELLED=_CANCEL,
    ),
    State.PENDING_DECOMPOSITION: _steps(
        WAITING_FOR_DEPENDENCY=Step(Who.ANYONE, "children planned"),
        CREATED=Step(Who.ANYONE, "small enough after all"),
        QUARANTINED=_QUARANTINE,
        CANCELLED=_CANCEL,
    ),
    State.WAITING_FOR_DEPENDENCY: _steps(
        CREATED=Step(Who.ANYONE, "all met"),
        DONE=Step(Who.BOARD, "last child done"),
        PENDING_DECOMPOSITION=Step(Who.ANYONE, "too big"),
        QUARANTINED=_QUARANTINE,
        CANCELLED=_CANCEL,
    ),
    State.QUARANTINED: _steps(
        CREATED=Step(Who.PERSON, "kicked", needs_reason=True),
        CANCELLED=_CANCEL,
    ),
    State.DONE: _steps(ARCHIVED=Step(Who.ANYONE, "archived"), CREATED=_REOPEN),
    State.CANCELLED: _steps(ARCHIVED=Step(Who.ANYONE, "archived"), CREATED=_REOPEN),
    State.ARCHIVED: {},
}


DEADLINE_MS = 24 * 3600 * 1000
"""However alive its holder, a claim without reported progress ends after a day: a looping agent must lose it in the end."""

KEEPS_CLAIM = RUNNING | SUSPENDED
KEEPS_OWNER = KEEPS_CLAIM | CLOSED

HELD = frozenset({State.WAITING_FOR_DEPENDENCY, State.PENDING_DECOMPOSITION, State.PENDING_HANDOFF})
"""States that, when somebody sets them by hand, last until somebody ends them by hand."""


def allowed_from(state: State) -> tuple[State, ...]:
    """The states that a task in `state` may go to."""
    return tuple(TABLE[state])


def require_step(task: Task, to: State) -> Step:
    """The step from where the task stands to `to`; refuses with InvalidTransition when there is none."""
    step = TABLE[task.state].get(to)
    if step is None:
        raise InvalidTransition(task=task.code, state=task.state, to=to, allowed=allowed_from(task.state))
    return step


def steps_left(task: Task) -> bool:
    """Whether there are steps of its workflow to come."""
    return task.workflow is not None and task.workflow.number < task.workflow.of


def require_no_steps_left(task: Task, caller: Caller) -> None:
    """Refuse to finish a task amid its workflow; people and coordinators may."""
    if steps_left(task) and not caller.may_override:
        assert task.workflow is not None
        raise StepsRemain(
            task=task.code, workflow=task.workflow.name, step=task.workflow.step, left=task.workflow.of - task.workflow.number
        )


def permit(task: Task, to: State, caller: Caller, reason: str | None) -> None:
    """Refuse a step that this caller may not take by asking for it; see `Who`."""
    step = require_step(task, to)
    if step.needs_reason and not reason:
        raise ReasonRequired(task=task.code, state=task.state, to=to)
    if to is State.DONE and task.state is State.IN_PROGRESS and task.requires_review:
        raise ReviewRequired(task=task.code)
    if to is State.DONE:
        require_no_steps_left(task, caller)
    _permit_person(task, step.who, caller)


def _permit_person(task: Task, who: Who, caller: Caller) -> None:
    match who:
        case Who.BOARD:
            raise _not_allowed(task, who)
        case Who.APPROVER if task.requires_review and caller.name == task.implementer:
            raise OwnReview(task=task.code, implementer=caller.name)
        case Who.HOLDER if not (caller.may_override or caller.name == task.holder):
            raise NotHolder(task=task.code, caller=caller.name, holder=task.holder)
        case Who.MANAGER if not (caller.may_override or caller.name in (task.holder, task.owner_agent_name, task.created_by)):
            raise _not_allowed(task, who)
        case Who.PERSON if not caller.may_override:
            raise _not_allowed(task, who)
        case _:
            return


def _not_allowed(task: Task, who: Who) -> NotAllowed:
    return NotAllowed(what=f"that step of {task.code}", who_may=who)


def advance(task: Task, to: State, now: Instant, by_hand: bool = False) -> Task:
    """The task in its next state, with everything that follows from being there.

    A claim stops in Review and PendingHandoff, restarts in full with the same fence when work goes on, and ends on the
    way to any other state; ended before the work was, it leaves no owner. `done_at` is set by Done, kept by Archived and
    cleared by reopening only.
    """
    require_step(task, to)
    claim = _claim_in(task, to, now)
    held = by_hand and to in HELD
    arriving = _on_arrival(task, to, claim, now)
    return evolve(task, state=to, claim=claim, owner_agent_name=_owner_in(task, to), updated_at=now, by_hand=held, **arriving)


def _on_arrival(task: Task, to: State, claim: Claim | None, now: Instant) -> dict[str, Any]:
    if to is State.DONE:
        return {"done_at": now, "blocked_reason": None}
    if to is State.IN_PROGRESS:
        return {"started_at": task.started_at or now, "implementer": claim.agent if claim else None, "blocked_reason": None}
    if to is not State.CREATED:
        return {}
    if task.state is State.QUARANTINED:
        # Whoever kicks it has decided that it may be tried again from the start.
        return {"attempts": 0, "not_before": None}
    return {"done_at": None} if task.state in CLOSED else {}


def _owner_in(task: Task, to: State) -> str | None:
    # Waiting work that still belonged to whoever once held it would be offered to nobody else, however long they are gone.
    given_up = task.claim is not None and to not in KEEPS_OWNER
    reopened = task.state in CLOSED and to is State.CREATED
    return None if given_up or reopened else task.owner_agent_name


def _claim_in(task: Task, to: State, now: Instant) -> Claim | None:
    if task.claim is None or to not in KEEPS_CLAIM:
        return None
    if to in SUSPENDED:
        return evolve(task.claim, expires_at=None)
    if task.state in SUSPENDED:
        return evolve(task.claim, expires_at=now + task.claim.lease_s * 1000, deadline=now + DEADLINE_MS)
    return task.claim
