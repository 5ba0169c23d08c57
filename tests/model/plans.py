"""The model's plans: many tasks at once, what they wait for, and tasks that are done when their parts are."""

from typing import Any

from tests.model.handoffs import Handoffs
from tests.model.log import No
from tests.model.states import CLOSED, WHO_MAY
from tests.model.work import Task

DECOMPOSABLE = {"Created", "InProgress", "PendingDecomposition", "WaitingForDependency"}

Planned = dict[str, Any]


class Plans(Handoffs):
    """A plan is created whole or not at all."""

    def plan_tasks(self, by: str, tasks: list[Planned], parent: str | None = None) -> dict[str, Any]:
        whole = self.find(parent) if parent else None
        if whole is not None:
            self._require_decomposable(whole, by)
        codes: dict[str, str] = {}
        made: dict[str, dict[str, Any]] = {}
        for each in self._in_order(tasks):
            given = {name: value for name, value in each.items() if name not in ("ref", "depends_on", "parent")}
            above = codes.get(each["parent"], each["parent"]) if each["parent"] else whole["code"] if whole else None
            waits = [(codes.get(named, named), kind) for named, kind in each["depends_on"]]
            task = self.create_task(by, depends_on=waits, parent=above, **given)
            codes[each["ref"]] = task["code"]
            made[each["ref"]] = {"ref": each["ref"], "code": task["code"], "id": task["id"], "state": task["state"]}
        items = [made[each["ref"]] for each in tasks]
        return {"items": items, "parent": self._decompose(whole) if whole else None}

    def _require_decomposable(self, whole: Task, by: str) -> None:
        if whole["state"] in CLOSED:
            raise No("task_closed")
        if whole["holder"] is not None and by != whole["holder"] and not self.overrides(by):
            raise No("not_allowed")
        if whole["state"] not in DECOMPOSABLE and not whole["decomposed"]:
            raise No("invalid_transition")

    def _in_order(self, tasks: list[Planned]) -> list[Planned]:
        """Each after those that it names, else as they were given."""
        left, done = list(tasks), list[Planned]()
        while left:
            open_refs = {each["ref"] for each in left}
            free = [each for each in left if not open_refs & {each["parent"], *(named for named, _ in each["depends_on"])}]
            if not free:
                raise No("dependency_cycle")
            left.remove(free[0])
            done.append(free[0])
        return done

    def _decompose(self, whole: Task) -> Task:
        was = dict(whole)
        whole["decomposed"] = True
        if whole["state"] != "WaitingForDependency":
            if whole["state"] != "PendingDecomposition":
                self.walk(whole, "PendingDecomposition")
            self.walk(whole, "WaitingForDependency")
        whole["by_hand"] = False
        self.refuse_circle(whole)
        if whole != was:
            self.touch(whole, "task_moved")
            self.follow(whole, was)
        return whole

    def edit_dependencies(self, by: str, code: str, add: list[tuple[str, str]], remove: list[str], expected_rev: int | None = None) -> Task:
        task = self.find(code)
        self.require_rev(task, expected_rev)
        if task["state"] in CLOSED:
            raise No("task_closed")
        removed = {self.whole_code(each) for each in remove}
        added = dict[str, str]()
        for each, kind in add:
            added[self.whole_code(each)] = kind
        if "parent-child" in added.values():
            raise No("invalid_arguments")
        was = dict(task)
        kept = [each for each in task["depends_on"] if each[0] not in removed and each[0] not in added]
        task["depends_on"] = kept + list(added.items())
        self.refuse_circle(task)
        if set(task["depends_on"]) == set(was["depends_on"]):
            task["depends_on"] = was["depends_on"]
            return task
        task["unmet"] = len(self.waits_for(task))
        self._stop_or_free(task, by, more=task["unmet"] > was["unmet"])
        self.touch(task, "dependencies_changed")
        self.follow(task, was)
        return task

    def _stop_or_free(self, task: Task, by: str, more: bool) -> None:
        if task["state"] == "InProgress" and more:
            if by != task["holder"] and not self.overrides(by):
                raise No("not_allowed")
            self.walk(task, "WaitingForDependency")
        elif task["state"] == "WaitingForDependency" and not (task["unmet"] or task["by_hand"] or task["decomposed"]):
            self.walk(task, "Created")
        else:
            self.settle(task)


assert set(WHO_MAY) >= DECOMPOSABLE
