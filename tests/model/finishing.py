"""The model's finishing: keeping a claim, saying how far it is, handing in, reviewing."""

from typing import Any

from tests.model.claims import Claims
from tests.model.log import No
from tests.model.moving import DAY, S
from tests.model.states import RUNNING
from tests.model.work import Task


class Finishing(Claims):
    """Whoever holds a task, up to its end, and whoever looks at what they did."""

    def renew_claim(self, by: str, code: str, fence: int, lease_s: int | None = None) -> dict[str, Any]:
        task = self.find(code)
        self.require_holder(task, by, fence)
        self.renew(task, lease_s)
        return {"task": task, "brief": True}

    def renew(self, task: Task, lease_s: int | None = None) -> None:
        if task["state"] in RUNNING:
            task["lease"] = lease_s or task["lease"]
            task["ends"] = min(self.now + task["lease"] * S, task["deadline"])

    def report_progress(
        self, by: str, code: str, fence: int, percent: int | None = None, note: str | None = None, artifacts: list[str] | None = None
    ) -> dict[str, Any]:
        task = self.find(code)
        self.require_holder(task, by, fence)
        task["deadline"] = self.now + DAY
        self.renew(task)
        if percent is not None:
            task["percent"] = percent
        if note:
            self.introduce(by)
            task["notes"] = [*task["notes"], {"at": self.now, "by": by, "text": note}]
        self.add_artifacts(task, artifacts)
        return {"task": self.touch(task, "task_progressed"), "brief": True}

    def add_artifacts(self, task: Task, artifacts: list[str] | None) -> None:
        task["artifacts"] = list(dict.fromkeys([*task["artifacts"], *(artifacts or ())]))

    def complete_task(self, by: str, code: str, fence: int, summary: str, confidence: float | None = None) -> dict[str, Any]:
        task = self.find(code)
        self.require_holder(task, by, fence)
        was = dict(task)
        self.hand_in(task, by, summary, confidence)
        self.touch(task, "task_completed")
        return {"task": task, "unblocked": self.follow(task, was)}

    def hand_in(self, task: Task, by: str, summary: str, confidence: float | None) -> None:
        self.require_no_steps_left(task, by)
        task["review"] = task["review"] or self.is_unsure(task, confidence)
        to = "Review" if task["review"] else "Done"
        self.permit(task, by, to)
        self.walk(task, to)
        task.update(result={"summary": summary, "confidence": confidence}, percent=100)

    def is_unsure(self, task: Task, confidence: float | None) -> bool:
        return confidence is not None and confidence < task["threshold"]

    # reviews

    def review_task(self, by: str, code: str, verdict: str, findings: list[str] | None = None) -> dict[str, Any]:
        task, approves = self.find(code), verdict == "approve"
        if task["state"] != "Review":
            raise No("invalid_transition")
        self.introduce(by)
        was, offer = dict(task), self.offer_of(task)
        found = [{"at": self.now, "by": by, "text": each} for each in findings or ()]
        task["findings"] = [*task["findings"], *found]
        kind = "task_reviewed"
        if approves and (self.steps_left(task) or offer is not None):
            if by == task["implementer"]:
                raise No("own_review")
            if offer is not None:
                kind = "handoff_offered"
                self.put_forward(task)
            else:
                self.go_on(task)
        else:
            to = "Done" if approves else "InProgress"
            self.permit(task, by, to)
            self.walk(task, to)
        self.touch(task, kind)
        author = task["holder"] or was["holder"] or task["implementer"]
        if found and author not in (None, by):
            self.tell(author, "review", task["code"], by=by, words=findings)
        return {"task": task, "unblocked": self.follow(task, was)}

    def put_forward(self, task: Task) -> None:
        """What its holder was unsure of was approved, and is offered now."""
        raise NotImplementedError

    def go_on(self, task: Task) -> None:
        """To the next step of its workflow."""
        raise NotImplementedError
