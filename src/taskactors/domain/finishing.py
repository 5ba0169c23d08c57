"""Finishing work: its holder reports how far it is and hands it in, and somebody else looks at it."""

from enum import StrEnum

from .caller import Caller
from .claiming import renewed, require_fence
from .errors import InvalidTransition, LimitReached, NotHolder, OwnReview, TaskClosed
from .events import EventKind, Fact
from .evolving import evolve
from .lifecycle import DEADLINE_MS, advance, allowed_from, permit, require_no_steps_left
from .task import CLOSED, RUNNING, Instant, Note, Result, Seconds, State, Task

FINDINGS_LIMIT = 100
"""A task that was sent back this often with something new needs a person, not another finding."""


class Verdict(StrEnum):
    APPROVE = "approve"
    SEND_BACK = "send_back"


def require_holder(task: Task, caller: Caller, fence: int) -> None:
    """Refuse a write by anybody but the holder of this very claim; people and coordinators may stand in, with its fence."""
    require_fence(task, fence)
    if task.state in CLOSED:
        raise TaskClosed(task=task.code, state=task.state)
    if task.claim is None or not (caller.name == task.holder or caller.may_override):
        raise NotHolder(task=task.code, caller=caller.name, holder=task.holder)


def renew(task: Task, caller: Caller, fence: int, lease_s: Seconds | None, now: Instant) -> Task:
    """The same claim with its lease started again; a suspended one has none that runs, and stays as it is."""
    require_holder(task, caller, fence)
    assert task.claim is not None
    if task.state not in RUNNING:
        return task
    after = renewed(task, lease_s or task.claim.lease_s, now).after
    assert isinstance(after, Task)
    return after


def progress(task: Task, caller: Caller, fence: int, percent: int | None, now: Instant) -> Fact:
    """A sign that the work moves: the lease starts again and so does the deadline, which no other sign of life moves."""
    require_holder(task, caller, fence)
    assert task.claim is not None
    said = evolve(task, claim=evolve(task.claim, deadline=now + DEADLINE_MS), percent=task.percent if percent is None else percent)
    moved = renew(said, caller, fence, None, now)
    return Fact(EventKind.TASK_PROGRESSED, moved, {"fence": fence, "percent": moved.percent} if percent is not None else {"fence": fence})


def complete(task: Task, caller: Caller, fence: int, result: Result, now: Instant) -> Fact:
    """Hand the work in. It is Done, or goes to Review when it needs one or its holder is less sure than the task asks for."""
    require_holder(task, caller, fence)
    require_no_steps_left(task, caller)
    unsure = result.confidence is not None and result.confidence < task.confidence_threshold
    handed_in = evolve(task, requires_review=task.requires_review or unsure, result=result, percent=100)
    to = State.REVIEW if handed_in.requires_review else State.DONE
    permit(handed_in, to, caller, None)
    done = advance(handed_in, to, now)
    data: dict[str, object] = {"from": task.state, "to": to, "fence": fence}
    return Fact(EventKind.TASK_COMPLETED, done, data if result.confidence is None else data | {"confidence": result.confidence})


def require_in_review(task: Task, verdict: Verdict) -> None:
    """Refuse a verdict on what nobody has handed in; other ways to the same state have rules of their own."""
    if task.state is not State.REVIEW:
        to = State.DONE if verdict is Verdict.APPROVE else State.IN_PROGRESS
        raise InvalidTransition(
            task=task.code, state=task.state, to=to, allowed=tuple(each for each in allowed_from(task.state) if each is not to)
        )


def require_other_reviewer(task: Task, caller: Caller) -> None:
    """Refuse a review of one's own work."""
    if caller.name == task.implementer:
        raise OwnReview(task=task.code, implementer=caller.name)


def review(task: Task, caller: Caller, verdict: Verdict, findings: tuple[str, ...], now: Instant) -> Fact:
    """Approve what was handed in, or send it back with what was found: to its holder, or to everybody when there is none."""
    back = State.IN_PROGRESS if task.claim else State.CREATED
    to = State.DONE if verdict is Verdict.APPROVE else back
    permit(task, to, caller, None)
    after = advance(noted(task, caller, findings, now), to, now)
    return Fact(EventKind.TASK_REVIEWED, after, {"from": task.state, "to": to, "verdict": verdict, "findings": len(findings)})


def noted(task: Task, caller: Caller, findings: tuple[str, ...], now: Instant) -> Task:
    """The task with what its reviewer found. Raises LimitReached."""
    after = evolve(task, findings=(*task.findings, *(Note(now, caller.name, each) for each in findings)))
    if len(after.findings) > FINDINGS_LIMIT:
        raise LimitReached(what=f"the number of findings of {task.code}", limit=FINDINGS_LIMIT, instead="ask a person what to do with it")
    return after
