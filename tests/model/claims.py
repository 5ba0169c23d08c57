"""The model's tasks and claims: created, changed, assigned, taken, given back, moved by hand."""

from collections.abc import Sequence
from typing import Any

from tests.model.log import PERSON, No
from tests.model.moving import DAY, Moving, S
from tests.model.states import CLOSED, RUNNING
from tests.model.work import Task, in_order, is_open

LEASE_S = 900
ATTEMPTS = 3
BACK_OFF_S = {"transient": (30, 1), "logic_error": (60, 2), "environmental": (60, 2)}
NEAREST = 5
EQUALS_LOOKED_AT = 32

Depends = Sequence[tuple[str, str]]


class Claims(Moving):
    """Tasks as such, and who has them in hand."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self.series: dict[str, int] = {}

    # tasks

    def create_task(
        self, by: str, code: str, depends_on: Depends = (), parent: str | None = None, workflow: str | None = None, **given: Any
    ) -> Task:
        code = self._free(code)
        named = [(self.whole_code(each), kind) for each, kind in depends_on]
        parents = {each for each, kind in named if kind == "parent-child"} | ({self.whole_code(parent)} if parent else set())
        others = [each for each in named if each[1] != "parent-child"]
        if len(parents) > 1 or len({each for each, _ in others}) < len(others):
            raise No("invalid_arguments")
        if given.get("owner"):
            self.introduce(given["owner"])
        self.introduce(by)
        task = EMPTY_TASK | {"id": len(self.tasks) + 1, "code": code, "depends_on": others, "by": by, **given}
        task |= {"needs": sorted(set(given.get("needs", ()))), "inserted_at": self.now, "updated_at": self.now}
        task["parent"] = parents.pop() if parents else None
        if workflow is not None:
            self.place(task, self.workflow(workflow), 1)
        self.tasks.append(task)
        task["unmet"] = len(self.waits_for(task))
        self.settle(task)
        self.happened("task_created", f"task:{task['id']}")
        self.refuse_circle(task)
        self.follow(task, None)
        return task

    def workflow(self, name: str) -> dict[str, Any]:
        """The newest definition of that name."""
        raise NotImplementedError

    def place(self, task: Task, workflow: dict[str, Any], number: int) -> None:
        """The task is at that step now."""
        raise NotImplementedError

    def _free(self, code: str) -> str:
        taken = {task["code"].upper() for task in self.tasks}
        if not code.isalpha():
            if code.upper() in taken:
                raise No("duplicate_code")
            return code
        series = code.upper()
        while True:
            self.series[series] = self.series.get(series, 0) + 1
            if (code := f"{series}-{self.series[series]:03}") not in taken:
                return code

    def update_task(self, by: str, code: str, expected_rev: int | None = None, **given: Any) -> Task:
        task = self.find(code)
        self.require_rev(task, expected_rev)
        if task["state"] == "Archived":
            raise No("task_closed")
        was = dict(task)
        if given.get("parent"):
            given["parent"] = self.whole_code(given["parent"])
            if given["parent"] == task["code"] or self.is_under(self.find(given["parent"]), task["code"]):
                raise No("invalid_arguments")
        if note := given.pop("note", None):
            self.introduce(by)
            task["notes"] = [*task["notes"], {"at": self.now, "by": by, "text": note}]
        task.update(given)
        if task != was:
            self.touch(task, "task_updated")
            self.refuse_circle(task)
            self.follow(task, was)
        return task

    def assign_task(self, by: str, code: str, to: str, expected_rev: int | None = None) -> Task:
        task = self.find(code)
        self.require_rev(task, expected_rev)
        self.introduce(to)
        if task["state"] in CLOSED:
            raise No("task_closed")
        if task["holder"] and by != task["holder"] and not self.overrides(by):
            raise No("not_holder")
        was = dict(task)
        if task["holder"] not in (None, to):
            if task["state"] == "PendingHandoff":
                self.walk(task, "InProgress")
            running = task["state"] in RUNNING
            ends = self.now + task["lease"] * S if running else None
            task.update(holder=to, fence=task["fence"] + 1, claimed_at=self.now, ends=ends, deadline=self.now + DAY)
            if running:
                task["implementer"] = to
        task["owner"] = to
        self.touch(task, "task_assigned")
        self.follow(task, was)
        return task

    # claims

    def claim_task(self, by: str, code: str, lease_s: int | None = None, reserve: list[str] | None = None) -> dict[str, Any]:
        task = self._claimed(self.find(code), by, lease_s)
        return {"task": task, "step": self.step_of(task), "reservations": self.reserve_with_claim(task, reserve or [])}

    def step_of(self, task: Task) -> dict[str, Any] | None:
        """What the step that the task is at asks for."""
        raise NotImplementedError

    def _claimed(self, task: Task, by: str, lease_s: int | None) -> Task:
        self.introduce(by)
        if task["holder"] != by:
            self.require_not_paused(by)
        if task["holder"] == by and task["state"] in RUNNING:
            task["lease"] = lease_s or task["lease"]
            task["ends"] = min(self.now + task["lease"] * S, task["deadline"])
            return task
        self._require_claimable(task, by)
        lease = lease_s or task["lease_s"] or LEASE_S
        reason = task["blocked_reason"]
        task.update(owner=by, holder=by, fence=task["fence"] + 1, lease=lease, claimed_at=self.now)
        task.update(ends=self.now + lease * S, deadline=self.now + DAY, warned=[])
        self.walk(task, "InProgress")
        task["blocked_reason"] = reason
        return self.touch(task, "task_claimed")

    def _require_claimable(self, task: Task, by: str) -> None:
        if task["state"] != "Created":
            raise No("not_claimable")
        if task["owner"] not in (None, by):
            raise No("assigned_to_another")
        if (task["not_before"] or 0) > self.now:
            raise No("not_yet")
        if not self.able(by, task["needs"]):
            raise No("lacks_capabilities")
        self.require_room(by)

    def require_room(self, name: str) -> None:
        limit = self.me(name)["limit"]
        if limit is not None and len(self.held_by(name)) >= limit:
            raise No("too_many_tasks")

    def next_task(
        self,
        by: str,
        capabilities: list[str] | None = None,
        role: str | None = None,
        labels: list[str] | None = None,
        parent: str | None = None,
        lease_s: int | None = None,
        reserve: list[str] | None = None,
    ) -> dict[str, Any]:
        self.introduce(by)
        self.require_not_paused(by)
        self.require_room(by)
        ready = self.ready_for(by, capabilities, role)
        if not labels and not parent:
            ready = ready[:EQUALS_LOOKED_AT]
        fitting = [task for task in ready if set(labels or ()) <= set(task["labels"]) and (parent is None or self.is_under(task, parent))]
        if not fitting:
            return {"nothing_ready": True, "nearest": self._nearest(by, capabilities), "nothing": True}
        best = [task for task in fitting if in_order(task)[0] == in_order(fitting[0])[0] and task["priority"] == fitting[0]["priority"]]
        gone_on = (task for task in best if by in {self.find(code)["implementer"] for code in self.named(task, "blocks")})
        task = next(gone_on, best[0])
        return self.claim_task(by, task["code"], lease_s, reserve) | {"context": self.context(task, by)}

    def context(self, task: Task, by: str) -> dict[str, Any]:
        """What whoever takes it is told besides."""
        raise NotImplementedError

    def _nearest(self, by: str, capabilities: list[str] | None) -> list[str]:
        """Codes of the first that are not for them, or not yet."""
        offered = {task["code"] for task in self.ready_for(by, capabilities)}
        if by == PERSON:
            offered |= {task["code"] for task in self.tasks if self.is_ready(task)}
        looked_at = [
            task
            for state in ("Created", "WaitingForDependency", "InProgress", "Blocked", "Quarantined")
            for task in self.in_state(state)[:NEAREST]
        ]
        return [task["code"] for task in looked_at if task["code"] not in offered and task["holder"] != by][:NEAREST]

    def release_task(
        self, by: str, code: str, fence: int | None = None, failure: str | None = None, not_before_s: int | None = None
    ) -> Task:
        task = self.find(code)
        self.require_fence(task, fence)
        if task["holder"] is None:
            raise No("not_holder" if is_open(task) else "invalid_transition")
        if by != task["holder"] and not self.overrides(by):
            raise No("not_holder")
        was = dict(task)
        self.end_claim(task, failure)
        if not_before_s:
            task["not_before"] = self.now + not_before_s * S
        self.touch(task, "task_released")
        self.follow(task, was)
        return task

    def end_claim(self, task: Task, failure: str | None) -> None:
        reason = task["blocked_reason"]
        self.walk(task, "Created")
        task["blocked_reason"] = reason
        if failure is not None:
            task["attempts"] += 1
            first, factor = BACK_OFF_S.get(failure, (0, 1))
            if task["attempts"] >= ATTEMPTS:
                task["state"] = "Quarantined"
            elif first:
                task["not_before"] = self.now + first * factor ** (task["attempts"] - 1) * S
        self.settle(task)

    # states

    def set_task_state(
        self, by: str, code: str, state: str, reason: str | None = None, fence: int | None = None, expected_rev: int | None = None
    ) -> Task:
        task = self.find(code)
        self.require_rev(task, expected_rev)
        self.require_fence(task, fence)
        if (task["state"], state) == ("Created", "InProgress"):
            return self._claimed(task, (task["owner"] or by) if by == PERSON else by, None)
        if (task["state"], state) == ("WaitingForDependency", "Created") and self.waits_for(task):
            raise No("dependencies_unmet")
        self.permit(task, by, state, reason)
        was = dict(task)
        self.walk(task, state, by_hand=True)
        if state == "Blocked":
            task["blocked_reason"] = reason
        self.settle(task)
        self.touch(task, "task_moved")
        self.follow(task, was)
        return task

    def archive_task(self, by: str, code: str, expected_rev: int | None = None) -> Task:
        return self.set_task_state(by, code, "Archived", expected_rev=expected_rev)


EMPTY_TASK: Task = {
    "state": "Created",
    "owner": None,
    "role": None,
    "needs": [],
    "labels": [],
    "priority": 5.0,
    "review": False,
    "lease_s": None,
    "threshold": 0.8,
    "parent": None,
    "depends_on": [],
    "unmet": 0,
    "decomposed": False,
    "holder": None,
    "fence": 0,
    "lease": None,
    "claimed_at": None,
    "ends": None,
    "deadline": None,
    "warned": [],
    "stalled_at_rev": 0,
    "attempts": 0,
    "not_before": None,
    "blocked_reason": None,
    "by_hand": False,
    "implementer": None,
    "started_at": None,
    "done_at": None,
    "notes": [],
    "artifacts": [],
    "findings": [],
    "percent": None,
    "result": None,
    "workflow": None,
    "rev": 1,
}
