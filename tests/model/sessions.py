"""The model's work sessions: the time that agents spend on their tasks, without the pauses."""

from typing import Any

from tests.model.log import No
from tests.model.states import RUNNING
from tests.model.workflows import Workflows


class Sessions(Workflows):
    """At most one is open for an agent and a task."""

    def start_work_session(self, by: str, code: str, resume: bool = False) -> dict[str, Any]:
        task = self.find(code)
        self.introduce(by)
        if task["holder"] != by or task["state"] not in RUNNING:
            raise No("not_holder")
        session = self.session_of(task["code"], by)
        if session is None:
            session = EMPTY_SESSION | {"id": len(self.sessions) + 1, "code": task["code"], "agent": by, "started_at": self.now}
            self.sessions.append(session)
            self.happened("session_started", f"session:{session['id']}", task["code"])
        elif resume and session["paused_at"] is not None:
            session.update(paused_ms=session["paused_ms"] + self.now - session["paused_at"], paused_at=None)
            self.happened("session_resumed", f"session:{session['id']}", task["code"])
        return self.shown_session(session)

    def end_work_session(self, by: str, session_id: int, pause: bool = False, notes: str | None = None) -> dict[str, Any]:
        if session_id > len(self.sessions):
            raise No("not_found")
        session = self.sessions[session_id - 1]
        if session["agent"] != by and not self.overrides(by):
            raise No("not_allowed")
        if session["ended_at"] is not None and not session["unsigned"]:
            raise No("session_closed")
        was = dict(session)
        session["notes"] = notes or session["notes"]
        if session["ended_at"] is not None:
            session["unsigned"] = False
            kind = "session_noted"
        elif pause:
            session["paused_at"] = session["paused_at"] or self.now
            kind = "session_paused"
        else:
            self.close(session)
            kind = "session_ended"
        if session != was:
            self.happened(kind, f"session:{session_id}", session["code"])
        return self.shown_session(session)

    def shown_session(self, session: dict[str, Any]) -> dict[str, Any]:
        """With the minutes worked in it up to now."""
        until = session["ended_at"] or session["paused_at"] or self.now
        worked = until - session["started_at"] - session["paused_ms"]
        return session | {"minutes": round(worked / 60_000, 1)}


EMPTY_SESSION = {"ended_at": None, "paused_at": None, "paused_ms": 0, "notes": None, "unsigned": False}
