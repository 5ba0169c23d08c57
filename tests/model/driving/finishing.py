"""Driving the way of a task: next_task, keeping a claim, progress, handing in, review."""

import hypothesis.strategies as st
from attrs import evolve
from hypothesis.stateful import precondition, rule

from tests.model import commands
from tests.model.commands import Command, calls, optional, seldom_wrong, which, words
from tests.model.log import PERSON
from tests.model.machine import Machine
from tests.model.model import Model

CODES = ["T-4", "T-5", "T-6", "SEC"]

create = calls(
    "create_task",
    code=st.sampled_from(CODES),
    depends_on=st.lists(st.tuples(which, st.just("blocks")), max_size=2),
    parent=st.sampled_from([None, None, 1, 2]),
    labels=st.sampled_from([[], ["ui"], ["ui", "slow"]]),
    owner=st.sampled_from([None, None, None, "ada"]),
    role=st.sampled_from([None, None, "qa"]),
    needs=st.sampled_from([[], [], ["python"]]),
    priority=st.sampled_from([5.0, 5.0, 9.0]),
    review=st.booleans(),
    threshold=st.sampled_from([0.8, 0.0]),
)
next_task = calls(
    "next_task",
    capabilities=st.sampled_from([None, None, [], ["python"]]),
    role=st.sampled_from([None, None, "qa"]),
    labels=st.sampled_from([None, None, ["ui"]]),
    parent=optional(st.sampled_from([None, 1, 2])),
    lease_s=st.sampled_from([None, 20]),
    reserve=st.sampled_from([None, None, ["src/a.py"]]),
)
renew = calls("renew_claim", code=which, fence=seldom_wrong, lease_s=st.sampled_from([None, 5, 4000]))
report = calls(
    "report_progress",
    code=which,
    fence=seldom_wrong,
    percent=st.sampled_from([None, 0, 50]),
    note=optional(words),
    artifacts=st.sampled_from([None, ["x"], ["x", "y"]]),
)
confidences = st.sampled_from([None, 0.9, 0.5, 0.5])
complete = calls("complete_task", code=which, fence=seldom_wrong, summary=words, confidence=confidences)
findings = st.lists(words, min_size=1, max_size=2)
review = calls("review_task", code=which, verdict=st.just("approve"), findings=optional(findings))
send_back = calls("review_task", code=which, verdict=st.just("send_back"), findings=findings)
release = calls("release_task", code=which, failure=st.sampled_from([None, "transient", "logic_error"]))


def decide_by(model: Model, pick: int, by: str, approve: bool, found: list[str]) -> Command:
    """A verdict on something that is in review."""
    waiting = model.in_state("Review")
    given = {"code": waiting[pick % len(waiting)]["code"], "verdict": "approve" if approve else "send_back"}
    return Command(by, "review_task", given | {"findings": found if not approve or pick % 2 else None})


class Finishing(Machine):
    """Tasks that come from next_task and go on to Done, some by way of a review."""

    every = st.one_of(commands.joins, create, next_task, renew, report, complete, review, send_back, release)

    def first_tasks(self) -> list[Command]:
        return [
            commands.open_task("T-1", review=True),
            commands.open_task("T-2"),
            commands.open_task("T-3", after=2, labels=["ui"], parent=1),
        ]

    @rule(command=create)
    def create_for_next_task(self, command: Command) -> None:
        self.run(command)

    @rule(command=next_task)
    def take_the_next(self, command: Command) -> None:
        self.run(command)

    @rule(labels=st.sampled_from([["ui"], ["ui", "slow"]]), by=commands.callers, command=create)
    def look_for_what_is_labelled(self, labels: list[str], by: str, command: Command) -> None:
        self.run(command, Command(by, "next_task", {"labels": labels}))

    @rule(by=commands.callers)
    def take_whatever_is_best(self, by: str) -> None:
        self.run(Command(by, "next_task", {}))

    @rule(
        pick=commands.picks,
        fence=seldom_wrong,
        tool=st.sampled_from(["renew_claim", "report_progress", "report_progress"]),
        given=st.fixed_dictionaries(
            {"lease_s": st.sampled_from([None, 5, 4000]), "percent": st.sampled_from([None, 50]), "note": optional(words)}
        ),
    )
    def keep(self, pick: int, fence: int, tool: str, given: dict[str, object]) -> None:
        task = self.one_held(pick)
        self.time_passes(7, False, {})
        names = ("lease_s",) if tool == "renew_claim" else ("percent", "note")
        self.run(Command(task["holder"] or PERSON, tool, {"code": task["code"], "fence": fence, **{name: given[name] for name in names}}))

    @rule(
        pick=commands.picks,
        summary=words,
        confidence=confidences,
        fence=seldom_wrong,
        by=st.sampled_from([None, None, None, "ada", PERSON]),
        then=st.none() | st.tuples(commands.callers, st.booleans(), findings),
    )
    def hand_in(
        self, pick: int, summary: str, confidence: float | None, fence: int, by: str | None, then: tuple[str, bool, list[str]] | None
    ) -> None:
        """And somebody may look at it at once."""
        task = self.one_held(pick)
        given = {"code": task["code"], "fence": fence, "summary": summary, "confidence": confidence}
        self.run(Command(by or task["holder"] or PERSON, "complete_task", given))
        if then is not None and self.model.in_state("Review"):
            self.run(decide_by(self.model, pick, *then))

    @rule(pick=commands.picks, sure=st.sampled_from([0.1, 0.79, 0.8]), by=commands.callers, approve=st.booleans())
    def hand_in_unsure(self, pick: int, sure: float, by: str, approve: bool) -> None:
        """Of a task that nobody asked to be reviewed."""
        plain = [task for task in self.model.in_state("InProgress") if not task["review"]]
        task = plain[pick % len(plain)] if plain else self.one_held(pick)
        given = {"code": task["code"], "fence": 0, "summary": "pear", "confidence": sure}
        self.run(Command(task["holder"] or PERSON, "complete_task", given))
        if self.model.in_state("Review"):
            self.run(decide_by(self.model, pick, by, approve, ["plum"]))

    @rule(pick=commands.picks)
    def go_on_with_ones_own(self, pick: int) -> None:
        """Of two that are equal, the second comes after what the caller has just done."""
        before = self.one_held(pick)
        by = before["holder"] or "ada"
        self.run(Command(PERSON, "set_task_state", {"code": before["code"], "state": "Done"}))
        after = commands.open_task("EQUAL", priority=9.0)
        self.run(after, evolve(after, given={**after.given, "depends_on": [(before["code"], "blocks")]}))
        self.run(Command(by, "next_task", {}))

    @precondition(lambda self: self.model.in_state("Review"))
    @rule(pick=commands.picks, by=commands.callers, approve=st.booleans(), found=findings)
    def decide(self, pick: int, by: str, approve: bool, found: list[str]) -> None:
        self.run(decide_by(self.model, pick, by, approve, found))
