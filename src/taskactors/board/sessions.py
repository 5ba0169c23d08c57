"""Units of work on sessions: the time that agents spend on their tasks."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from ..domain.errors import NotAllowed, NotHolder, SessionClosed
from ..domain.events import EventKind, Fact
from ..domain.session import Session
from . import wire
from .change import Change
from .requests import claims as ask

Answer = Mapping[str, Any]


def start_work_session(change: Change, request: ask.StartWorkSession) -> Answer:
    """Start the clock for the holder; an open session is returned as it is."""
    task = change.named(request)
    me = change.acting().name
    if task.holder != me:
        raise NotHolder(task=task.code, caller=me, holder=task.holder)
    session = change.open_session(task.id, me)
    if session is None:
        session = Session(id=change.next_number("session"), task_id=task.id, task_code=task.code, agent_name=me, started_at=change.now)
        change.record(Fact(EventKind.SESSION_STARTED, session, {"task": task.code, "agent": me}))
    return wire.session(session, change.now)


def end_work_session(change: Change, request: ask.EndWorkSession) -> Answer:
    """Stop the clock; only its own agent may, or a person."""
    session = change.session(request.session_id)
    if session.agent_name != change.caller.name and not change.caller.may_override:
        raise NotAllowed(what=f"ending work session {session.id}", who_may=f"{session.agent_name}, a person or a coordinator")
    if session.ended_at is not None:
        raise SessionClosed(session_id=session.id, ended_at=session.ended_at)
    ended = evolve(session, ended_at=change.now, notes=request.notes, productivity_score=request.productivity_score)
    change.record(Fact(EventKind.SESSION_ENDED, ended, {"task": session.task_code, "minutes": ended.active_minutes(change.now)}))
    return wire.session(ended, change.now)
