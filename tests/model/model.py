"""The model: what a project must say and hold after any calls, in plain dictionaries, by the rules that users are told.

It shares no rule, key or index with the server: it looks through everything for every answer, and copies everything to undo.
"""

import pickle
from collections.abc import Mapping
from typing import Any

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
from tests.model.team import PERSON, No, Team, newcomer

S = 1000
DAY = 24 * 3600 * S
QUIET = 3600 * S
LEASE_S = 900
GRACE = 60 * S
ATTEMPTS = 3
POINT_OF_PRIORITY = 10 * 3600 * S
BACK_OFF_S = {"transient": (30, 1), "logic_error": (60, 2), "environmental": (60, 2)}

Task = dict[str, Any]
Given = Mapping[str, Any]


class Model(Team):
    """One project. `call` answers what must be in the live answer, or raises No and has changed nothing."""

    def __init__(self, now: int) -> None:
        super().__init__()
        self.now = now
        self.tasks: list[Task] = []
        self.series: dict[str, int] = {}
        self.kept: dict[tuple[str, str, str], tuple[Given, dict[str, Any], int]] = {}

    def call(self, by: str, tool: str, given: Given) -> dict[str, Any]:
        before = pickle.dumps(self.__dict__)
        try:
            return copied(self._once(by, tool, given))
        except No:
            self.__dict__ = pickle.loads(before)
            raise

    def _once(self, by: str, tool: str, given: Given) -> dict[str, Any]:
        arguments = {name: value for name, value in given.items() if name != "idempotency_key"}
        if (key := given.get("idempotency_key")) is None:
            answer: dict[str, Any] = getattr(self, tool)(by, **arguments)
            return answer
        if (by, tool, key) in self.kept:
            first, answer, _ = self.kept[by, tool, key]
            if first != arguments:
                raise No("idempotency_key_reused")
            return answer | {"replayed": True}
        answer = getattr(self, tool)(by, **arguments)
        if answer.get("items") != []:
            self.kept[by, tool, key] = arguments, copied(answer), self.now + DAY
        return answer

    # looking

    def find(self, code: str) -> Task:
        for task in self.tasks:
            if task["code"].upper() == code.upper():
                return task
        raise No("not_found")

    def whole_code(self, code: str) -> str:
        return str(self.find(code)["code"])

    def met(self, task: Task) -> bool:
        return task["state"] in ("Done", "Archived") and task["done_at"] is not None

    def called_off(self, task: Task) -> bool:
        return task["state"] == "Cancelled" or (task["state"] == "Archived" and task["done_at"] is None)

    def unmet(self, task: Task) -> list[Task]:
        return [blocker for blocker in map(self.find, task["blockers"]) if not self.met(blocker)]

    def held_by(self, name: str) -> list[str]:
        return [task["code"] for task in self.tasks if task["holder"] == name and task["state"] in RUNNING]

    def listed(self, **wanted: str) -> list[str]:
        """Codes, newest first."""
        fits = (task for task in reversed(self.tasks) if all(task[name] == value for name, value in wanted.items()))
        return [task["code"] for task in fits]

    def offered_to(self, name: str) -> list[str]:
        """Codes of what an agent may start now, in the order of work."""
        me = self.agents.get(name) or newcomer(name)

        def fits(task: Task) -> bool:
            meant = task["owner"] == name or (task["owner"] is None and task["role"] in (None, me["role"]))
            return meant and task["state"] == "Created" and task["not_before"] is None and set(task["needs"]) <= set(me["can"])

        def place(task: Task) -> tuple[float, int]:
            return task["inserted_at"] - task["priority"] * POINT_OF_PRIORITY, task["id"]

        return [task["code"] for task in sorted(filter(fits, self.tasks), key=place)]

    # tasks

    def create_task(self, by: str, code: str, depends_on: list[str], **given: Any) -> Task:
        if code.isalpha():
            code = self._next_in(code.upper())
        elif any(task["code"].upper() == code.upper() for task in self.tasks):
            raise No("duplicate_code")
        blockers = [self.find(each)["code"] for each in depends_on]
        if len(set(blockers)) < len(blockers):
            raise No("invalid_arguments")
        if given.get("owner"):
            self.introduce(given["owner"])
        self.introduce(by)
        task = EMPTY_TASK | {"notes": [], "id": len(self.tasks) + 1, "code": code, "blockers": blockers, "by": by, **given}
        task |= {"needs": sorted(set(given.get("needs", ()))), "inserted_at": self.now, "updated_at": self.now}
        self.tasks.append(task)
        self.events += 1
        self._settle(task)
        return task

    def _next_in(self, series: str) -> str:
        taken = {task["code"].upper() for task in self.tasks}
        while True:
            self.series[series] = self.series.get(series, 0) + 1
            if (code := f"{series}-{self.series[series]:03}") not in taken:
                return code

    def _touch(self, task: Task) -> Task:
        """The task changed: one rev, one event."""
        task["rev"] += 1
        task["updated_at"] = self.now
        self.events += 1
        return task

    def _settle(self, task: Task) -> None:
        if task["state"] == "Created" and self.unmet(task):
            task["state"] = "WaitingForDependency"

    def _require_rev(self, task: Task, expected: int | None) -> None:
        if expected not in (None, task["rev"]):
            raise No("conflict")

    def _require_fence(self, task: Task, fence: int | None) -> None:
        if fence is not None and (task["holder"] is None or fence != task["fence"]):
            raise No("stale_claim")

    def update_task(self, by: str, code: str, expected_rev: int | None = None, **given: Any) -> Task:
        task = self.find(code)
        self._require_rev(task, expected_rev)
        if task["state"] == "Archived":
            raise No("task_closed")
        note = given.pop("note", None)
        if note:
            self.introduce(by)
            task["notes"].append({"at": self.now, "by": by, "text": note})
        changes = any(task[name] != value for name, value in given.items())
        task.update(given)
        return self._touch(task) if note or changes else task

    def assign_task(self, by: str, code: str, to: str, expected_rev: int | None = None) -> Task:
        task = self.find(code)
        self._require_rev(task, expected_rev)
        self.introduce(to)
        if task["state"] in CLOSED:
            raise No("task_closed")
        if task["holder"] and by != task["holder"] and not self.overrides(by):
            raise No("not_holder")
        if task["holder"] not in (None, to):
            if task["state"] == "PendingHandoff":
                self._walk(task, "InProgress", by_hand=False)
            running = task["state"] in RUNNING
            ends = self.now + task["lease"] * S if running else None
            task.update(holder=to, fence=task["fence"] + 1, claimed_at=self.now, ends=ends, deadline=self.now + DAY)
            if running:
                task["implementer"] = to
        task["owner"] = to
        return self._touch(task)

    # claims

    def claim_task(self, by: str, code: str, lease_s: int | None = None) -> Task:
        task = self.find(code)
        self.introduce(by)
        if task["holder"] == by and task["state"] in RUNNING:
            task["lease"] = lease_s or task["lease"]
            task["ends"] = min(self.now + task["lease"] * S, task["deadline"])
            return task
        self._require_claimable(task, by)
        lease = lease_s or task["lease_s"] or LEASE_S
        reason = task["blocked_reason"]
        task.update(owner=by, holder=by, fence=task["fence"] + 1, lease=lease, claimed_at=self.now)
        task.update(ends=self.now + lease * S, deadline=self.now + DAY)
        self._walk(task, "InProgress", by_hand=False)
        task["blocked_reason"] = reason
        return self._touch(task)

    def _require_claimable(self, task: Task, by: str) -> None:
        agent = self.agents.get(by, {})
        if task["state"] != "Created":
            raise No("not_claimable")
        if task["owner"] not in (None, by):
            raise No("assigned_to_another")
        if (task["not_before"] or 0) > self.now:
            raise No("not_yet")
        if by != PERSON and not set(task["needs"]) <= set(agent["can"]):
            raise No("lacks_capabilities")
        if agent.get("limit") is not None and len(self.held_by(by)) >= agent["limit"]:
            raise No("too_many_tasks")

    def release_task(
        self, by: str, code: str, fence: int | None = None, failure: str | None = None, not_before_s: int | None = None
    ) -> Task:
        task = self.find(code)
        self._require_fence(task, fence)
        if task["holder"] is None:
            raise No("invalid_transition" if task["state"] in CLOSED else "not_holder")
        if by != task["holder"] and not self.overrides(by):
            raise No("not_holder")
        self._end_claim(task, failure)
        if not_before_s:
            task["not_before"] = self.now + not_before_s * S
        self._touch(task)
        self._tell_of_dead_end(task, failed=failure is not None)
        return task

    def _end_claim(self, task: Task, failure: str | None) -> None:
        self._walk(task, "Created", by_hand=False)
        if failure is not None:
            task["attempts"] += 1
            first, factor = BACK_OFF_S.get(failure, (0, 1))
            if task["attempts"] >= ATTEMPTS:
                task["state"] = "Quarantined"
            elif first:
                task["not_before"] = self.now + first * factor ** (task["attempts"] - 1) * S
        self._settle(task)

    # states

    def set_task_state(
        self, by: str, code: str, state: str, reason: str | None = None, fence: int | None = None, expected_rev: int | None = None
    ) -> Task:
        task = self.find(code)
        self._require_rev(task, expected_rev)
        self._require_fence(task, fence)
        if (task["state"], state) == ("Created", "InProgress"):
            return self.claim_task(task["owner"] or by if by == PERSON else by, code)
        if (task["state"], state) == ("WaitingForDependency", "Created") and self.unmet(task):
            raise No("dependencies_unmet")
        self._permit(task, by, state, reason)
        was_met, was_off = self.met(task), self.called_off(task)
        self._walk(task, state, by_hand=True)
        if state == "Blocked":
            task["blocked_reason"] = reason
        self._settle(task)
        self._touch(task)
        self._tell_dependants(task, was_met, was_off)
        if state in ("Quarantined", "Cancelled"):
            self._tell_of_dead_end(task, failed=False)
        return task

    def archive_task(self, by: str, code: str, expected_rev: int | None = None) -> Task:
        return self.set_task_state(by, code, "Archived", expected_rev=expected_rev)

    def _permit(self, task: Task, by: str, to: str, reason: str | None) -> None:
        who = WHO_MAY[task["state"]].get(to)
        if who is None:
            raise No("invalid_transition")
        if (task["state"], to) in REASON_NEEDED and not reason:
            raise No("reason_required")
        if (task["state"], to) == ("InProgress", "Done") and task["review"]:
            raise No("review_required")
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

    def _walk(self, task: Task, to: str, by_hand: bool) -> None:
        """One step, and what is true of whoever arrives there."""
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

    def _tell_dependants(self, blocker: Task, was_met: bool, was_off: bool) -> None:
        met, off = self.met(blocker), self.called_off(blocker)
        if (met, off) == (was_met, was_off):
            return
        for task in self.tasks:
            if blocker["code"] not in task["blockers"] or task["state"] == "Archived":
                continue
            self._touch(task)
            self._settle(task)
            if met and task["state"] == "WaitingForDependency" and not task["by_hand"] and not self.unmet(task):
                task["state"] = "Created"

    def _tell_of_dead_end(self, task: Task, failed: bool) -> None:
        """Whoever plans hears of a task that was given up while others wait for it, the person of one that failed too often."""
        if task["state"] not in ("Quarantined", "Cancelled"):
            return
        if any(task["code"] in each["blockers"] and each["state"] == "WaitingForDependency" for each in self.tasks):
            self.tell("role:architect", task["code"])
        if task["state"] == "Quarantined" and failed:
            self.tell(PERSON, task["code"])

    # time

    def sweep(self, last_calls: Mapping[str, tuple[int, bool]]) -> None:
        """Whatever is due is done. `last_calls` tells when an agent last called, and whether it is still connected."""
        self.kept = {key: each for key, each in self.kept.items() if each[2] > self.now}
        while due := sorted((self._look_at(task), task["id"]) for task in self.tasks if task["ends"] and self._look_at(task) <= self.now):
            for _, number in due:
                self._look_at_lease(self.tasks[number - 1], last_calls)
        for task in self.tasks:
            if task["not_before"] is not None and task["not_before"] <= self.now:
                task["not_before"] = None

    def _look_at(self, task: Task) -> int:
        """When something is to be done about a lease: a warning, or its end."""
        return int(min(task["ends"], task["deadline"], *(at for at, _ in self._warnings(task))))

    def _warnings(self, task: Task) -> list[tuple[int, int]]:
        """When each end that its holder was not warned of is to be warned of."""
        ahead = [(task["deadline"] - DAY // 5, task["deadline"])]
        if task["lease"] >= 60:
            ahead.append((task["ends"] - task["lease"] * S // 5, task["ends"]))
        return [(at, end) for at, end in ahead if end not in task["warned"]]

    def _look_at_lease(self, task: Task, last_calls: Mapping[str, tuple[int, bool]]) -> None:
        if min(task["ends"], task["deadline"]) <= self.now:
            self._lease_is_up(task, last_calls)
            return
        task["ends"] = max(task["ends"], self._alive_until(task, last_calls))
        if due := [end for at, end in self._warnings(task) if at <= self.now]:
            task["warned"] = [*task["warned"], *due]
            self.tell(task["holder"], task["code"])

    def _lease_is_up(self, task: Task, last_calls: Mapping[str, tuple[int, bool]]) -> None:
        if (alive_until := self._alive_until(task, last_calls)) > self.now:
            task["ends"] = alive_until
            return
        failure = None if task["state"] == "Blocked" else "lease_expired"
        self._end_claim(task, failure)
        self._touch(task)
        self._tell_of_dead_end(task, failed=failure is not None)

    def _alive_until(self, task: Task, last_calls: Mapping[str, tuple[int, bool]]) -> int:
        called, connected = last_calls.get(task["holder"], (task["claimed_at"], False))
        sign = min(self.now, called + QUIET) if connected else called
        return int(min(sign + task["lease"] * S, task["deadline"]))

    def restart(self) -> None:
        for task in self.tasks:
            if task["ends"] is not None:
                grace = self.now + min(task["lease"] * S, GRACE)
                if min(task["ends"], task["deadline"]) < grace:
                    task.update(ends=max(task["ends"], grace), deadline=max(task["deadline"], grace))


def copied(answer: dict[str, Any]) -> dict[str, Any]:
    """As it is now, whatever is done later. Far quicker than a deep copy."""
    same: dict[str, Any] = pickle.loads(pickle.dumps(answer))
    return same


EMPTY_TASK: Task = {
    "state": "Created",
    "owner": None,
    "role": None,
    "needs": [],
    "priority": 5.0,
    "review": False,
    "lease_s": None,
    "holder": None,
    "fence": 0,
    "lease": None,
    "claimed_at": None,
    "ends": None,
    "deadline": None,
    "warned": [],
    "attempts": 0,
    "not_before": None,
    "blocked_reason": None,
    "by_hand": False,
    "implementer": None,
    "started_at": None,
    "done_at": None,
    "rev": 1,
}
