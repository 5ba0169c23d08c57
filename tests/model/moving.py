"""The model's moves: one step of the table, who may take it, and what follows from it for others."""

from typing import Any

from tests.model.log import PERSON, No
from tests.model.reservations import Reservations
from tests.model.states import (
    ANYONE,
    APPROVER,
    CLOSED,
    HOLDER,
    MANAGER,
    NOBODY,
    REASON_NEEDED,
    RUNNING,
    SET_BY_HAND,
    SUSPENDED,
    WHO_MAY,
)
from tests.model.work import FAN_INS, Task

S = 1000
DAY = 24 * 3600 * S

Session = dict[str, Any]
Handoff = dict[str, Any]


class Moving(Reservations):
    """What every tool that moves a task has in common."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self.handoffs: list[Handoff] = []
        self.sessions: list[Session] = []

    def touch(self, task: Task, kind: str) -> Task:
        """The task changed: one rev, one event."""
        task.update(rev=task["rev"] + 1, updated_at=self.now)
        self.happened(kind, f"task:{task['id']}")
        return task

    def settle(self, task: Task) -> None:
        if task["state"] == "Created" and task["unmet"]:
            task["state"] = "WaitingForDependency"

    def require_rev(self, task: Task, expected: int | None) -> None:
        if expected not in (None, task["rev"]):
            raise No("conflict")

    def require_fence(self, task: Task, fence: int | None) -> None:
        if fence is not None and (task["holder"] is None or fence != task["fence"]):
            raise No("stale_claim")

    def permit(self, task: Task, by: str, to: str, reason: str | None = None) -> None:
        who = WHO_MAY[task["state"]].get(to)
        if who is None:
            raise No("invalid_transition")
        if (task["state"], to) in REASON_NEEDED and not reason:
            raise No("reason_required")
        if (task["state"], to) == ("InProgress", "Done") and task["review"]:
            raise No("review_required")
        if to == "Done":
            self.require_no_steps_left(task, by)
        if who == APPROVER and task["review"] and by == task["implementer"]:
            raise No("own_review")
        if who == NOBODY:
            raise No("not_allowed")
        if who in (ANYONE, APPROVER) or self.overrides(by):
            return
        if who == HOLDER and by != task["holder"]:
            raise No("not_holder")
        if who != HOLDER and not (who == MANAGER and by in (task["holder"], task["owner"], task["by"])):
            raise No("not_allowed")

    def steps_left(self, task: Task) -> bool:
        return task["workflow"] is not None and task["workflow"]["number"] < task["workflow"]["of"]

    def require_no_steps_left(self, task: Task, by: str) -> None:
        if self.steps_left(task) and not self.overrides(by):
            raise No("steps_remain")

    def walk(self, task: Task, to: str, by_hand: bool = False) -> None:
        """One step, and what is true of whoever arrives there."""
        if to not in WHO_MAY[task["state"]]:
            raise No("invalid_transition")
        before, held = task["state"], task["holder"] is not None
        if (held and to not in RUNNING | SUSPENDED | CLOSED) or (before in CLOSED and to == "Created"):
            task["owner"] = None
        if to not in RUNNING | SUSPENDED:
            task.update(holder=None, ends=None)
        elif to in SUSPENDED:
            task["ends"] = None
        elif before in SUSPENDED:
            task.update(ends=self.now + task["lease"] * S, deadline=self.now + DAY)
        task.update(state=to, by_hand=by_hand and to in SET_BY_HAND)
        if to == "Done":
            task.update(done_at=self.now, blocked_reason=None)
        if to == "InProgress":
            task.update(implementer=task["holder"], blocked_reason=None, started_at=task["started_at"] or self.now)
        if to == "Created" and before == "Quarantined":
            task.update(attempts=0, not_before=None)
        if to == "Created" and before in CLOSED:
            task["done_at"] = None

    # what follows

    def follow(self, task: Task, was: Task | None) -> list[str]:
        """Everything that follows from a task's coming or moving; returns the codes of what it set free."""
        if was is not None:
            self._withdraw_offer(task, was)
            self._end_session(task, was)
            self.follow_claim(task, was)
        freed = self._tell_dependants(task, was)
        if was is not None:
            self._tell_of_dead_end(task, was)
        return freed

    def offer_of(self, task: Task) -> Handoff | None:
        """The offer that nobody has decided."""
        return next((each for each in self.handoffs if each["code"] == task["code"] and each["state"] in ("open", "in_review")), None)

    def _withdraw_offer(self, task: Task, was: Task) -> None:
        offer = self.offer_of(task)
        if offer is None or task["state"] == "PendingHandoff" or was["state"] not in SUSPENDED:
            return
        if (task["state"], task["holder"]) != (was["state"], was["holder"]):
            offer["state"] = "withdrawn"

    def session_of(self, code: str, name: str) -> Session | None:
        return next((each for each in self.sessions if (each["code"], each["agent"], each["ended_at"]) == (code, name, None)), None)

    def _end_session(self, task: Task, was: Task) -> None:
        if was["holder"] is None or (task["holder"] == was["holder"] and task["state"] in RUNNING):
            return
        session = self.session_of(task["code"], was["holder"])
        if session is not None:
            self.close(session)
            session["unsigned"] = True
            self.happened("session_ended", f"session:{session['id']}", task["code"])

    def close(self, session: Session) -> None:
        """Its pause, if it was in one, does not count."""
        if session["paused_at"] is not None:
            session.update(paused_ms=session["paused_ms"] + self.now - session["paused_at"], paused_at=None)
        session["ended_at"] = self.now

    def _tell_dependants(self, task: Task, was: Task | None) -> list[str]:
        freed = []
        if was is not None:
            met, was_met, off, was_off = self.met(task), self.met(was), self.called_off(task), self.called_off(was)
            for each in self.tasks:
                if task["code"] not in self.named(each, "blocks") or each["state"] == "Archived" or (met, off) == (was_met, was_off):
                    continue
                each["unmet"] += was_met - met
                freed += self._told(each, "blocker_cancelled" if off and not was_met else "task_updated")
        if was is None or was["state"] != task["state"] or was["parent"] != task["parent"]:
            for whole in sorted({each["parent"] for each in (task, was) if each and each["parent"]}):
                freed += self._recount(whole) + self._finish(self.find(whole))
        return freed

    def _told(self, task: Task, kind: str) -> list[str]:
        waited = task["state"] == "WaitingForDependency"
        if waited and not (task["by_hand"] or task["decomposed"] or task["unmet"]):
            task["state"] = "Created"
            self.touch(task, "task_unblocked")
            return [task["code"]]
        self.settle(task)
        self.touch(task, kind)
        return []

    def _recount(self, whole: str) -> list[str]:
        """Parts of a task have come, gone or moved: whoever waits for them looks again."""
        freed = []
        for each in self.tasks:
            if whole in self.named(each, *FAN_INS) and each["state"] != "Archived" and len(self.waits_for(each)) != each["unmet"]:
                each["unmet"] = len(self.waits_for(each))
                freed += self._told(each, "task_updated")
        return freed

    def _finish(self, whole: Task) -> list[str]:
        """A decomposed task is Done with the last of its parts, unless all of them were called off."""
        parts = self.parts_of(whole["code"])
        if not whole["decomposed"] or whole["state"] != "WaitingForDependency":
            return []
        if any(part["state"] not in CLOSED for part in parts) or not any(map(self.met, parts)):
            return []
        was = dict(whole)
        self.walk(whole, "Done")
        whole["percent"] = 100
        self.touch(whole, "task_completed")
        return self._tell_dependants(whole, was)

    def _tell_of_dead_end(self, task: Task, was: Task) -> None:
        """Whoever plans hears of a task that was given up while others wait for it, the person of one that failed too often."""
        if task["state"] == was["state"] or task["state"] not in ("Quarantined", "Cancelled"):
            return
        if any(task["code"] in self.named(each, "blocks") for each in self.in_state("WaitingForDependency")):
            self.tell("role:architect", "blocker", task["code"], importance="high")
        if task["state"] == "Quarantined" and task["attempts"] > was["attempts"]:
            self.tell(PERSON, "blocker", task["code"], importance="high")
