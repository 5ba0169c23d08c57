"""Driving plans: trees of tasks, what they wait for, and wholes that are done with their parts."""

from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import rule

from tests.model import commands
from tests.model.commands import Command, calls, optional, seldom_wrong, which
from tests.model.log import PERSON
from tests.model.machine import Machine
from tests.model.states import WHO_MAY

KINDS = ["blocks", "blocks", "related", "waits-for-all", "waits-for-any"]
REFS = ["one", "two", "three"]

kinds = st.sampled_from(KINDS)
named = st.tuples(which, st.sampled_from([*KINDS, "parent-child"]))
create = calls(
    "create_task",
    code=st.sampled_from(["T-5", "T-6", "SEC", "SEC"]),
    depends_on=st.lists(named, max_size=2),
    parent=st.sampled_from([None, None, 1, 2, 3]),
)
part = st.fixed_dictionaries(
    {
        "code": st.sampled_from(["PART", "PART", "PART", "T-7", "T-8"]),
        "depends_on": st.lists(st.tuples(st.sampled_from([*REFS, 1, 2, 3]), kinds), max_size=1),
        "parent": st.sampled_from([None, None, None, None, "one", 1]),
        "owner": st.sampled_from([None, None, "ada"]),
        "needs": st.sampled_from([[], [], ["python"]]),
        "priority": st.sampled_from([5.0, 9.0]),
    }
)


PLAIN: list[dict[str, Any]] = [{"ref": ref, "code": "PART", "depends_on": [], "parent": None} for ref in REFS[:2]]
"""Two parts that nothing holds back."""

plans = st.lists(part, min_size=1, max_size=3).map(lambda parts: [{"ref": ref, **each} for ref, each in zip(REFS, parts, strict=False)])
plan = calls("plan_tasks", tasks=plans, parent=optional(st.integers(0, 6)))
edit = calls(
    "edit_dependencies",
    code=which,
    add=st.lists(named, max_size=2),
    remove=st.lists(which, max_size=1),
    expected_rev=optional(seldom_wrong),
)
move_below = calls("update_task", code=which, parent=which)
claim = calls("claim_task", commands.agents, code=which)


class Planning(Machine):
    """Tasks that wait for each other in every way there is."""

    every = st.one_of(commands.joins, create, plan, edit, edit, move_below, claim)

    @rule(command=create)
    def create_below(self, command: Command) -> None:
        self.run(command)

    @rule(tasks=plans, pick=commands.picks, by=st.sampled_from([PERSON, PERSON, "ada"]))
    def cut_into_parts(self, tasks: list[dict[str, Any]], pick: int, by: str) -> None:
        """Something that is open, held or not."""
        whole = self.model.tasks[pick % len(self.model.tasks)]
        self.run(Command(by, "plan_tasks", {"tasks": tasks, "parent": whole["code"]}))

    @rule(tasks=plans, pick=commands.picks, first=st.sampled_from(["blocker", "parts"]))
    def cut_what_waits(self, tasks: list[dict[str, Any]], pick: int, first: str) -> None:
        """Something that waits has parts now; then what it waited for is done, or its parts are."""
        waiting = [task for task in self.model.in_state("WaitingForDependency") if self.model.named(task, "blocks")]
        whole = waiting[pick % len(waiting)]["code"] if waiting and pick % 4 == 0 else self._created([(self._created([]), "blocks")])
        self.run(Command(PERSON, "plan_tasks", {"tasks": PLAIN if pick % 3 else tasks, "parent": whole}))
        if first == "blocker":
            for code in self.model.named(self.model.find(whole), "blocks"):
                self._end(code, "Done")
        else:
            self.end_parts(pick, "Done")

    def _created(self, depends_on: list[tuple[Any, str]]) -> str:
        ((_, created),) = self.run(Command(PERSON, "create_task", {"code": "WAIT", "depends_on": depends_on}))
        return str(created["code"])

    @rule(
        kind=st.sampled_from(["waits-for-all", "waits-for-any"]), ends=st.lists(st.sampled_from(["Done", "Done", "Cancelled"]), max_size=2)
    )
    def wait_for_parts_and_end_some(self, kind: str, ends: list[str]) -> None:
        """None of them, one, or all."""
        whole = self._created([])
        ((_, planned),) = self.run(Command(PERSON, "plan_tasks", {"tasks": PLAIN, "parent": whole}))
        self._created([(whole, kind)])
        for each, to in zip(planned["items"], ends, strict=False):
            self._end(each["code"], to)

    def _end(self, code: str, to: str) -> None:
        for state in ("InProgress", to):
            if state in WHO_MAY[self.model.find(code)["state"]]:
                self.run(Command(PERSON, "set_task_state", {"code": code, "state": state}))

    @rule(pick=commands.picks, other=commands.picks, kind=kinds, by=commands.callers)
    def let_wait(self, pick: int, other: int, kind: str, by: str) -> None:
        tasks = self.model.tasks
        code, after = tasks[pick % len(tasks)]["code"], tasks[other % len(tasks)]["code"]
        self.run(Command(by, "edit_dependencies", {"code": code, "add": [(after, kind)], "remove": []}))

    @rule(pick=commands.picks, kind=st.sampled_from(["waits-for-all", "waits-for-any"]))
    def wait_for_the_parts_of_something(self, pick: int, kind: str) -> None:
        wholes = [task for task in self.model.tasks if self.model.parts_of(task["code"])] or self.model.tasks
        self.run(Command(PERSON, "create_task", {"code": "WAIT", "depends_on": [(wholes[pick % len(wholes)]["code"], kind)]}))

    @rule(pick=commands.picks, by=commands.callers)
    def stop_for_a_blocker(self, pick: int, by: str) -> None:
        task = self.one_held(pick)
        others = [each["code"] for each in self.model.tasks if each["code"] != task["code"]]
        if others:
            add = [(others[pick % len(others)], "blocks")]
            self.run(
                Command(by if pick % 3 else task["holder"] or by, "edit_dependencies", {"code": task["code"], "add": add, "remove": []})
            )

    @rule(pick=commands.picks)
    def let_go_of_a_dependency(self, pick: int) -> None:
        tied = [task for task in self.model.tasks if task["depends_on"]]
        if tied:
            task = tied[pick % len(tied)]
            code, _ = task["depends_on"][pick // 7 % len(task["depends_on"])]
            self.run(Command(PERSON, "edit_dependencies", {"code": task["code"], "add": [], "remove": [code]}))

    @rule(pick=commands.picks, below=commands.picks)
    def move_below_another(self, pick: int, below: int) -> None:
        tasks = self.model.tasks
        parent = tasks[below % len(tasks)]["code"]
        self.run(Command(PERSON, "update_task", {"code": tasks[pick % len(tasks)]["code"], "parent": parent}))

    @rule(pick=commands.picks, to=st.sampled_from(["Done", "Done", "Done", "Cancelled"]))
    def end_parts(self, pick: int, to: str) -> None:
        """All the parts of something, as far as they can be ended."""
        wholes = sorted({task["parent"] for task in self.model.tasks if task["parent"]})
        for task in self.model.parts_of(wholes[pick % len(wholes)]) if wholes else ():
            self._end(task["code"], to)

    @rule(pick=commands.picks)
    def open_again(self, pick: int) -> None:
        over = self.model.in_state("Done", "Cancelled")
        if over:
            given = {"code": over[pick % len(over)]["code"], "state": "Created", "reason": "because"}
            self.run(Command(PERSON, "set_task_state", given))
