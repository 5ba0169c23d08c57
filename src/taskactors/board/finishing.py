"""Units of work of whoever holds a task, up to its end: keep the claim, say how far it is, hand it in; and of whoever reviews it."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from ..domain import finishing
from ..domain.events import EventKind, Fact
from ..domain.message import Message
from ..domain.task import Result, State, Task
from . import wire
from .additions import with_artifacts, with_note
from .change import Change
from .dependants import carry_over
from .requests import finishing as ask

Answer = Mapping[str, Any]


def renew_claim(change: Change, request: ask.RenewClaim) -> Answer:
    """Start the lease again, at once and on disk."""
    task = change.named(request)
    renewed = finishing.renew(task, change.caller, request.fence, request.lease_s, change.now)
    return _brief(change.keep(renewed) if renewed != task else task)


def report_progress(change: Change, request: ask.ReportProgress) -> Answer:
    """Say how far the work is; lease and deadline start again."""
    task = change.named(request)
    fact = finishing.progress(task, change.caller, request.fence, request.percent, change.now)
    assert isinstance(fact.after, Task)
    noted = with_note(fact.after, change.acting().name, request.note, change.now) if request.note else fact.after
    told = with_artifacts(noted, request.artifacts)
    return _brief(change.record_task(evolve(fact, after=told)))


def complete_task(change: Change, request: ask.CompleteTask) -> Answer:
    """Hand the work in, with what was done and how that is known; says what it set free."""
    task = change.named(request)
    result = Result(request.summary, request.evidence, request.confidence, request.files)
    done = change.record_task(finishing.complete(task, change.caller, request.fence, result, change.now))
    _end_session(change, done, task.holder)
    freed = carry_over(change, task, done)
    return wire.task(done) | {"unblocked": list(freed)}


def review_task(change: Change, request: ask.ReviewTask) -> Answer:
    """Approve the work of another or send it back; the findings stay with the task and reach whoever did it."""
    task = change.named(request)
    change.introduce(change.caller.name)
    reviewed = change.record_task(finishing.review(task, change.caller, request.verdict, request.findings, change.now))
    if request.findings and (author := task.holder or task.implementer) is not None and author != change.caller.name:
        _tell_author(change, reviewed, author, request.findings)
    freed = carry_over(change, task, reviewed)
    return wire.task(reviewed) | {"unblocked": list(freed)}


def _brief(task: Task) -> Answer:
    return wire.task(task, "brief")


def _end_session(change: Change, task: Task, agent: str | None) -> None:
    """Whoever hands a task in does not work on it any more."""
    session = change.open_session(task.id, agent) if agent else None
    if session is not None:
        ended = evolve(session, ended_at=change.now)
        change.record(Fact(EventKind.SESSION_ENDED, ended, {"task": task.code, "minutes": ended.active_minutes(change.now)}))


def _tell_author(change: Change, task: Task, author: str, findings: tuple[str, ...]) -> None:
    sent_back = task.state is not State.DONE
    message = Message(
        id=change.next_number("message"),
        author_agent_name=change.caller.name,
        by=change.caller.by,
        to=author,
        message_type="review",
        content="\n".join((f"{task.code} was {'sent back' if sent_back else 'approved'}:", *(f"- {each}" for each in findings))),
        created_at=change.now,
        task_id=task.id,
        task_code=task.code,
    )
    facts = {"from": message.author_agent_name, "to": author, "message_type": "review", "task": task.code}
    change.record(Fact(EventKind.MESSAGE_SENT, message, facts))
