"""The board as a plain model: dictionaries, and the rules as the documentation tells them. It shares no rule with the server."""

from collections.abc import Iterable
from typing import Any

PERSON = "local"
AGENTS = {"ada": "architect", "bob": "backend", "cleo": "qa"}
LEASE_MS = 900_000
GRACE_MS = 60_000
ATTEMPTS = 3
BACK_OFF_S = {"transient": 30, "capability_mismatch": 0}

ANYONE, HOLDER, MANAGER, OVERRIDER, APPROVER = "anyone", "holder", "manager", "overrider", "approver"
ASIDE = {"Quarantined": MANAGER, "Cancelled": MANAGER}
TABLE: dict[str, dict[str, str]] = {
    "Created": {"InProgress": ANYONE, "WaitingForDependency": ANYONE, "PendingDecomposition": ANYONE, **ASIDE},
    "InProgress": {
        **dict.fromkeys(("Blocked", "Review", "Done", "PendingHandoff", "PendingDecomposition", "WaitingForDependency", "Created"), HOLDER),
        **ASIDE,
    },
    "Blocked": {"InProgress": HOLDER, "Created": HOLDER, **ASIDE},
    "Review": {"Done": APPROVER, "InProgress": ANYONE, "Created": ANYONE, **ASIDE},
    "PendingHandoff": {"InProgress": HOLDER, "Created": HOLDER, **ASIDE},
    "PendingDecomposition": {"WaitingForDependency": ANYONE, "Created": ANYONE, **ASIDE},
    "WaitingForDependency": {"Created": ANYONE, "PendingDecomposition": ANYONE, "Done": "nobody", **ASIDE},
    "Quarantined": {"Created": OVERRIDER, "Cancelled": MANAGER},
    "Done": {"Archived": ANYONE, "Created": ANYONE},
    "Cancelled": {"Archived": ANYONE, "Created": ANYONE},
    "Archived": {},
}
RUNNING = ("InProgress", "Blocked")
SUSPENDED = ("Review", "PendingHandoff")
CLOSED = ("Done", "Archived", "Cancelled")
HELD_BY_HAND = ("WaitingForDependency", "PendingDecomposition", "PendingHandoff")


class No(Exception):
    """The model says no, with this code."""


class PlainBoard:
    """What should be there. Every method either changes it or raises No."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.tasks: dict[str, dict[str, Any]] = {}
        self.messages: list[dict[str, Any]] = []
        self.confirmed = dict.fromkeys(AGENTS, 0)

    # tasks

    def create(self, by: str, code: str, depends_on: Iterable[str], requires_review: bool, owner: str | None) -> None:
        if code in self.tasks:
            raise No("duplicate_code")
        blockers = tuple(depends_on)
        task = {
            "state": "Created", "owner": owner, "holder": None, "fence": 0, "ends": None, "attempts": 0, "not_before": None,
            "blockers": blockers, "review": requires_review, "by": by, "implementer": None, "by_hand": False, "done": False,
        }  # fmt: skip
        self.tasks[code] = task
        self._settle(task)

    def task(self, code: str) -> dict[str, Any]:
        if code not in self.tasks:
            raise No("not_found")
        return self.tasks[code]

    def unmet(self, task: dict[str, Any]) -> int:
        return sum(not self.tasks[code]["done"] for code in task["blockers"])

    def _settle(self, task: dict[str, Any]) -> None:
        if task["state"] == "Created" and self.unmet(task):
            task["state"] = "WaitingForDependency"

    def claim(self, by: str, code: str) -> None:
        task = self.task(code)
        if task["holder"] == by and task["state"] in RUNNING:
            task["ends"] = self.now + LEASE_MS
            return
        if task["state"] != "Created":
            raise No("not_claimable")
        if task["owner"] not in (None, by):
            raise No("assigned_to_another")
        if task["not_before"] is not None and task["not_before"] > self.now:
            raise No("not_yet")
        task.update(state="InProgress", owner=by, holder=by, implementer=by, fence=task["fence"] + 1, ends=self.now + LEASE_MS)

    def release(self, by: str, code: str, fence: int | None, failure: str | None) -> None:
        task = self.task(code)
        if fence is not None and (task["holder"] is None or fence != task["fence"]):
            raise No("stale_claim")
        if task["holder"] is None:
            raise No("invalid_transition" if task["state"] in CLOSED else "not_holder")
        if by not in (task["holder"], PERSON):
            raise No("not_holder")
        self._give_back(task, failure)

    def _give_back(self, task: dict[str, Any], failure: str | None) -> None:
        task.update(state="Created", owner=None, holder=None, ends=None, by_hand=False)
        if failure is not None:
            task["attempts"] += 1
            if task["attempts"] >= ATTEMPTS:
                task["state"] = "Quarantined"
            elif BACK_OFF_S.get(failure):
                task["not_before"] = self.now + BACK_OFF_S[failure] * 1000
        self._settle(task)

    def assign(self, by: str, code: str, to: str) -> None:
        task = self.task(code)
        if task["state"] in CLOSED:
            raise No("task_closed")
        if task["holder"] and by not in (task["holder"], PERSON):
            raise No("not_holder")
        task["owner"] = to
        if task["holder"] and task["holder"] != to:
            if task["state"] == "PendingHandoff":
                task.update(state="InProgress", by_hand=False)
            running = task["state"] in RUNNING
            task.update(holder=to, fence=task["fence"] + 1, ends=self.now + LEASE_MS if running else None)
            if running:
                task["implementer"] = to

    def move(self, by: str, code: str, to: str) -> None:
        task = self.task(code)
        before = task["state"]
        if (before, to) == ("Created", "InProgress"):
            self.claim(task["owner"] if by == PERSON and task["owner"] else by, code)
            return
        if (before, to) == ("WaitingForDependency", "Created") and self.unmet(task):
            raise No("dependencies_unmet")
        self._permit(task, by, to)
        met = task["done"]
        self._walk(task, to)
        self._tell_dependants(code, met)

    def _permit(self, task: dict[str, Any], by: str, to: str) -> None:
        who = TABLE[task["state"]].get(to)
        if who is None:
            raise No("invalid_transition")
        if (task["state"], to) == ("InProgress", "Done") and task["review"]:
            raise No("review_required")
        if who == "nobody":
            raise No("not_allowed")
        if who == APPROVER and task["review"] and by == task["implementer"]:
            raise No("own_review")
        if by == PERSON:
            return
        if who == HOLDER and by != task["holder"]:
            raise No("not_holder")
        if (who == MANAGER and by not in (task["holder"], task["owner"], task["by"])) or who == OVERRIDER:
            raise No("not_allowed")

    def _walk(self, task: dict[str, Any], to: str) -> None:
        before = task["state"]
        keeps = to in RUNNING or to in SUSPENDED
        if (task["holder"] and not keeps and to not in CLOSED) or (before in CLOSED and to == "Created"):
            task["owner"] = None
        if not keeps:
            task.update(holder=None, ends=None)
        elif to in SUSPENDED:
            task["ends"] = None
        elif before in SUSPENDED and task["holder"]:
            task["ends"] = self.now + LEASE_MS
        task.update(state=to, by_hand=to in HELD_BY_HAND)
        if to == "InProgress":
            task["implementer"] = task["holder"]
        if before == "Quarantined" and to == "Created":
            task.update(attempts=0, not_before=None)
        task["done"] = to == "Done" or (to == "Archived" and task["done"])
        self._settle(task)

    def _tell_dependants(self, code: str, was_met: bool) -> None:
        met = self.tasks[code]["done"]
        for task in self.tasks.values():
            if code not in task["blockers"] or task["state"] == "Archived":
                continue
            if met and not was_met and task["state"] == "WaitingForDependency" and not task["by_hand"] and not self.unmet(task):
                task.update(state="Created", by_hand=False)
            if was_met and not met:
                self._settle(task)

    # time

    def pass_time(self, seconds: int, alive: str | None = None) -> None:
        """Leases of whoever gave no sign end; `alive` called just before the end of this time."""
        self.now += seconds * 1000
        for task in self.tasks.values():
            if task["not_before"] is not None and task["not_before"] <= self.now:
                task["not_before"] = None
            if task["ends"] is None or task["ends"] > self.now:
                continue
            if task["holder"] == alive:
                task["ends"] = self.now + LEASE_MS
            else:
                self._give_back(task, None if task["state"] == "Blocked" else "lease_expired")

    def restart(self, away_s: int) -> None:
        self.now += away_s * 1000
        for task in self.tasks.values():
            if task["ends"] is not None:
                task["ends"] = max(task["ends"], self.now + GRACE_MS)

    # messages

    def send(self, by: str, to: str, content: str) -> None:
        self.messages.append({"by": by, "to": to, "content": content})

    def unread(self, reader: str, limit: int) -> list[str]:
        mine = (reader, f"role:{AGENTS[reader]}", "all")
        found = [
            (number, each["content"])
            for number, each in enumerate(self.messages, 1)
            if number > self.confirmed[reader] and each["to"] in mine and (each["by"] != reader or each["to"] == reader)
        ][:limit]
        self._shown = found[-1][0] if found else self.confirmed[reader]
        return [content for _, content in found]

    def confirm(self, reader: str) -> None:
        """What `unread` showed last was confirmed."""
        self.confirmed[reader] = self._shown
