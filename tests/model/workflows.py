"""The model's workflows: the steps that a task goes through, from hand to hand where they need different abilities."""

from typing import Any

from tests.model.finishing import Finishing
from tests.model.log import No
from tests.model.moving import DAY
from tests.model.work import Task


class Workflows(Finishing):
    """All the definitions that there were, the newest last."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self.workflows: list[dict[str, Any]] = []

    def define_workflow(self, by: str, name: str, steps: list[tuple[str, str | None]]) -> dict[str, Any]:
        known = next((each for each in reversed(self.workflows) if each["name"] == name), None)
        if known is not None and known["steps"] == steps:
            return dict(known)
        self.introduce(by)
        number = known["id"] if known else len({each["name"] for each in self.workflows}) + 1
        rev = known["rev"] + 1 if known else 1
        self.workflows.append({"id": number, "name": name, "rev": rev, "steps": steps, "defined_by": by})
        self.happened("workflow_defined", f"workflow:{number}")
        return dict(self.workflows[-1])

    def workflow(self, name: str) -> dict[str, Any]:
        found = [each for each in self.workflows if each["name"] == name]
        if not found:
            raise No("not_found")
        return found[-1]

    def _steps_of(self, task: Task) -> list[tuple[str, str | None]]:
        """Those of the definition that the task began with."""
        at = task["workflow"]
        (begun,) = (each for each in self.workflows if (each["name"], each["rev"]) == (at["name"], at["rev"]))
        steps: list[tuple[str, str | None]] = begun["steps"]
        return steps

    def step_of(self, task: Task) -> dict[str, Any] | None:
        if task["workflow"] is None:
            return None
        step, needs = self._steps_of(task)[task["workflow"]["number"] - 1]
        return {"id": step, "required_capability": needs}

    def place(self, task: Task, workflow: dict[str, Any], number: int) -> None:
        at, (step, needs) = task["workflow"], workflow["steps"][number - 1]
        own = set(task["needs"]) - ({at["added"]} if at else set())
        added = needs if needs not in own else None
        task["needs"] = sorted(own | ({added} if added else set()))
        position = {"name": workflow["name"], "rev": workflow["rev"], "step": step, "number": number, "of": len(workflow["steps"])}
        task["workflow"] = position | {"added": added}

    def advance_task_workflow(
        self, by: str, code: str, fence: int, output: str, confidence: float | None = None, artifacts: list[str] | None = None
    ) -> dict[str, Any]:
        task = self.find(code)
        if task["workflow"] is None:
            raise No("no_workflow")
        author = task["holder"] or by
        self.introduce(author)
        self.require_holder(task, by, fence)
        was, step = dict(task), task["workflow"]["step"]
        kind = "step_finished" if self.steps_left(task) else "task_completed"
        if not self.steps_left(task):
            self.hand_in(task, by, output, confidence)
        elif task["state"] != "InProgress":
            raise No("invalid_transition")
        elif self.is_unsure(task, confidence):
            self.walk(task, "Review")
        else:
            self.go_on(task)
        self.add_artifacts(task, artifacts)
        self.touch(task, kind)
        self.keep_entry(author, f"{task['code']}: {step}", task["code"], "step_output", "team", body=output)
        return {"task": task, "step": self.step_of(task), "unblocked": self.follow(task, was)}

    def go_on(self, task: Task) -> None:
        """To the next step: in the same hands if they can do it, else to whoever can."""
        steps, at = self._steps_of(task), task["workflow"]
        self.place(task, {"name": at["name"], "rev": at["rev"], "steps": steps}, at["number"] + 1)
        task["percent"] = None
        if task["holder"] is None or not self.able(task["holder"], task["needs"]):
            self.walk(task, "Created")
            self.settle(task)
        elif task["state"] != "InProgress":
            self.walk(task, "InProgress")
        else:
            task["deadline"] = self.now + DAY
            self.renew(task)

    def keep_entry(self, by: str, title: str, code: str | None, kind: str, visibility: str, **more: Any) -> dict[str, Any]:
        """Something is kept that was found out."""
        raise NotImplementedError
