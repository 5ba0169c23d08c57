"""Units of work on sessions: the time that agents spend on their tasks."""

from collections.abc import Mapping
from typing import Any

from ..domain import session as clock
from ..domain.errors import NotAllowed, NotHolder, SessionClosed
from ..domain.events import EventKind, Fact
from ..domain.evolving import evolve
from ..domain.session import Session
from ..domain.task import RUNNING, Task
from . import wire
from .change import Change
from .requests import claims as ask

Answer = Mapping[str, Any]


def start_work_session(change: Change, request: ask.StartWorkSession) -> Answer:
    """Start the clock for the holder; an open session is returned as it is, or goes on if it was paused and that is asked."""
    task = change.named(request)
    me = change.acting().name
    if task.holder != me or task.state not in RUNNING:
        raise NotHolder(task=task.code, caller=me, holder=task.holder)
    session = change.open_session(task.id, me)
    if session is None:
        session = Session(id=change.next_number("session"), task_id=task.id, task_code=task.code, agent_name=me, started_at=change.now)
        change.record(Fact(EventKind.SESSION_STARTED, session, {"task": task.code, "agent": me}))
    elif request.resume and session.paused_at is not None:
        session = _recorded(change, EventKind.SESSION_RESUMED, clock.resumed(session, change.now))
    return wire.session(session, change.now)


def end_work_session(change: Change, request: ask.EndWorkSession) -> Answer:
    """Stop the clock, for good or for a pause; only its own agent may, or a person."""
    session = change.session(request.session_id)
    if session.agent_name != change.caller.name and not change.caller.may_override:
        raise NotAllowed(what=f"ending work session {session.id}", who_may=f"{session.agent_name}, a person or a coordinator")
    if session.ended_at is not None and not session.unsigned:
        raise SessionClosed(session_id=session.id, ended_at=session.ended_at)
    noted = _noted(session, request)
    if session.ended_at is not None:
        return wire.session(_recorded(change, EventKind.SESSION_NOTED, evolve(noted, unsigned=False)), change.now)
    if not request.pause:
        return wire.session(_recorded(change, EventKind.SESSION_ENDED, clock.ended(noted, change.now)), change.now)
    paused = clock.paused(noted, change.now)
    return wire.session(_recorded(change, EventKind.SESSION_PAUSED, paused) if paused != session else session, change.now)


def _noted(session: Session, request: ask.EndWorkSession) -> Session:
    score = request.productivity_score
    return evolve(session, notes=request.notes or session.notes, productivity_score=session.productivity_score if score is None else score)


def end_with_claim(change: Change, before: Task, after: Task) -> None:
    """Whoever holds a task no more, or has handed it in or offered it, does not work on it."""
    holder = before.holder
    if holder is None or (after.holder == holder and after.state in RUNNING):
        return
    session = change.open_session(before.id, holder)
    if session is not None:
        _recorded(change, EventKind.SESSION_ENDED, evolve(clock.ended(session, change.now), unsigned=True))


def _recorded(change: Change, kind: EventKind, session: Session) -> Session:
    change.record(Fact(kind, session, {"task": session.task_code, "minutes": session.active_minutes(change.now)}))
    return session
