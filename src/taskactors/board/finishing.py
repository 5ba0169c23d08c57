"""Units of work of whoever holds a task, up to its end: keep the claim, say how far it is, hand it in; and of whoever reviews it."""

from collections.abc import Mapping
from typing import Any

from ..domain import finishing, handing_off
from ..domain.events import Fact
from ..domain.evolving import evolve
from ..domain.lifecycle import steps_left
from ..domain.task import Result, State, Task
from ..domain.workflow import approve_step
from . import wire
from .additions import with_artifacts, with_note
from .aftermath import follow
from .change import Change
from .handoffs import announce
from .requests import finishing as ask
from .telling import tell

Answer = Mapping[str, Any]


def renew_claim(change: Change, request: ask.RenewClaim) -> Answer:
    """Start the lease again, at once and on disk."""
    task = change.named(request)
    renewed = finishing.renew(task, change.caller, request.fence, request.lease_s, change.now)
    return brief(change.keep(renewed) if renewed != task else task)


def report_progress(change: Change, request: ask.ReportProgress) -> Answer:
    """Say how far the work is; lease and deadline start again."""
    task = change.named(request)
    fact = finishing.progress(task, change.caller, request.fence, request.percent, change.now)
    assert isinstance(fact.after, Task)
    noted = with_note(fact.after, change.acting().name, request.note, change.now) if request.note else fact.after
    told = with_artifacts(noted, request.artifacts)
    return brief(change.record_task(evolve(fact, after=told)))


def complete_task(change: Change, request: ask.CompleteTask) -> Answer:
    """Hand the work in, with what was done and how that is known; says what it set free."""
    task = change.named(request)
    result = Result(request.summary, request.evidence, request.confidence, request.files)
    done = change.record_task(finishing.complete(task, change.caller, request.fence, result, change.now))
    freed = follow(change, task, done)
    return wire.task(done) | {"unblocked": list(freed)}


def review_task(change: Change, request: ask.ReviewTask) -> Answer:
    """Approve the work of another or send it back; the findings stay with the task and reach whoever did it."""
    task = change.named(request)
    finishing.require_in_review(task, request.verdict)
    change.introduce(change.caller.name)
    reviewed = change.record_task(_reviewed(change, task, request))
    if request.findings and (author := task.holder or task.implementer) is not None and author != change.caller.name:
        _tell_author(change, reviewed, author, request.findings)
    freed = follow(change, task, reviewed)
    return wire.task(reviewed) | {"unblocked": list(freed)}


def _reviewed(change: Change, task: Task, request: ask.ReviewTask) -> Fact:
    """What the verdict does. Work that was reviewed because its holder offered it is not finished, but handed on."""
    offer = change.open_handoff(task)
    if request.verdict is finishing.Verdict.SEND_BACK or (offer is None and not steps_left(task)):
        return finishing.review(task, change.caller, request.verdict, request.findings, change.now)
    if offer is None:
        return _step_approved(change, task, request)
    finishing.require_other_reviewer(task, change.caller)
    noted = finishing.noted(task, change.caller, request.findings, change.now)
    fact, forward = handing_off.put_forward(noted, offer, change.now)
    change.keep_handoff(forward)
    announce(change, forward)
    return fact


def _step_approved(change: Change, task: Task, request: ask.ReviewTask) -> Fact:
    """A step that was reviewed is not the end of the task."""
    assert task.workflow is not None
    noted = finishing.noted(task, change.caller, request.findings, change.now)
    holder = change.introduce(task.holder) if task.holder else None
    return approve_step(noted, change.caller, holder, change.workflow_of(task.workflow), change.now)


def brief(task: Task) -> Answer:
    """A task after a step that its holder knows all about."""
    return wire.task(task, "brief")


def _tell_author(change: Change, task: Task, author: str, findings: tuple[str, ...]) -> None:
    sent_back = task.state is not State.DONE
    lines = (f"{task.code} was {'sent back' if sent_back else 'approved'}:", *(f"- {each}" for each in findings))
    tell(change, author, "review", "\n".join(lines), task, author=change.caller.name)
