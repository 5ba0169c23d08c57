"""Driving workflows and work sessions: tasks that go from step to step, and the time that is spent on them."""

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule

from tests.model import commands
from tests.model.commands import Command, calls, optional, seldom_wrong, which, words
from tests.model.driving.finishing import decide_by, findings
from tests.model.log import PERSON
from tests.model.machine import Machine

NAMES = ["release", "fix"]

steps = st.lists(st.sampled_from([None, None, "python", "rust"]), min_size=1, max_size=3).map(
    lambda needs: [(f"step-{number}", each) for number, each in enumerate(needs)]
)
define = calls("define_workflow", name=st.sampled_from(NAMES), steps=steps)
create = calls(
    "create_task",
    code=st.just("FLOW"),
    depends_on=st.just([]),
    workflow=st.sampled_from([*NAMES, *NAMES, "none"]),
    needs=st.sampled_from([[], ["python"]]),
)
confidences = st.sampled_from([None, None, 0.9, 0.1])
advance = calls("advance_task_workflow", code=which, fence=seldom_wrong, output=words, confidence=confidences)
complete = calls("complete_task", code=which, fence=seldom_wrong, summary=words, confidence=confidences)
offer = calls("offer_handoff", code=which, fence=seldom_wrong, to=commands.agents, confidence=confidences)
start = calls("start_work_session", code=which, resume=st.booleans())
end = calls("end_work_session", session_id=commands.picks, pause=st.booleans(), notes=optional(words))


class Stepping(Machine):
    """Tasks with workflows, and sessions on them."""

    every = st.one_of(commands.joins, define, create, advance, complete, offer, start, end)

    def first_tasks(self) -> list[Command]:
        return [
            Command(PERSON, "define_workflow", {"name": "release", "steps": [("build", None), ("test", "python"), ("ship", None)]}),
            commands.open_task("T-1", workflow="release"),
            commands.open_task("T-2", workflow="release"),
            commands.open_task("T-3"),
        ]

    @rule(command=define, then=create)
    def define_and_create(self, command: Command, then: Command) -> None:
        self.run(command)
        self.run(then)

    @rule(
        pick=commands.picks,
        output=words,
        confidence=confidences,
        fence=seldom_wrong,
        then=st.none() | st.tuples(commands.callers, st.booleans(), findings),
    )
    def finish_a_step(self, pick: int, output: str, confidence: float | None, fence: int, then: tuple[str, bool, list[str]] | None) -> None:
        task = self.one_held(pick)
        given = {"code": task["code"], "fence": fence, "output": output, "confidence": confidence}
        self.run(Command(task["holder"] or PERSON, "advance_task_workflow", given))
        if then is not None and self.model.in_state("Review"):
            self.run(decide_by(self.model, pick, *then))

    @rule(pick=commands.picks, steps=st.integers(2, 4))
    def go_from_step_to_step(self, pick: int, steps: int) -> None:
        """A task that needs others' abilities on its way goes to them."""
        self.run(Command("qa", "register_agent", {"agent_name": "qa", "role": "qa", "capabilities": ["python", "rust"], "limit": None}))
        flows = [task for task in self.model.tasks if task["workflow"] and task["state"] in ("Created", "InProgress")]
        for _ in range(steps if flows else 0):
            task = flows[pick % len(flows)]
            if task["state"] == "Created":
                self.run(Command("qa", "claim_task", {"code": task["code"]}))
            given = {"code": task["code"], "fence": 0, "output": "pear"}
            self.run(Command(task["holder"] or "qa", "advance_task_workflow", given))

    @rule(pick=commands.picks, by=st.sampled_from([None, None, PERSON]))
    def finish_amid_the_way(self, pick: int, by: str | None) -> None:
        task = self.one_held(pick)
        self.run(Command(by or task["holder"] or PERSON, "complete_task", {"code": task["code"], "fence": 0, "summary": "plum"}))

    @rule(pick=commands.picks, approve=st.booleans(), found=findings)
    def offer_amid_the_way(self, pick: int, approve: bool, found: list[str]) -> None:
        """One that its holder is unsure of is reviewed, and is at the same step afterwards."""
        task = self.one_held(pick)
        given = {"code": task["code"], "fence": 0, "to": "bob", "confidence": 0.1}
        self.run(Command(task["holder"] or PERSON, "offer_handoff", given))
        if self.model.in_state("Review"):
            self.run(decide_by(self.model, pick, PERSON, approve, found))

    @rule(pick=commands.picks, seconds=st.sampled_from([7, 90]), pause=st.sampled_from([True, True, False]), notes=optional(words))
    def work_for_a_while(self, pick: int, seconds: int, pause: bool, notes: str | None) -> None:
        task = self.one_held(pick)
        by = task["holder"] or PERSON
        self.run(Command(by, "start_work_session", {"code": task["code"], "resume": bool(pick % 3)}))
        self.time_passes(seconds, False, {})
        session = self.model.session_of(task["code"], by)
        if session is not None:
            self.run(Command(by, "end_work_session", {"session_id": session["id"] - 1, "pause": pause, "notes": notes}))

    @precondition(lambda self: self.model.sessions)
    @rule(pick=commands.picks, by=commands.callers, pause=st.booleans(), own=st.booleans(), notes=optional(words))
    def end_a_session(self, pick: int, by: str, pause: bool, own: bool, notes: str | None) -> None:
        session = self.model.sessions[pick % len(self.model.sessions)]
        given = {"session_id": session["id"] - 1, "pause": pause, "notes": notes}
        self.run(Command(session["agent"] if own else by, "end_work_session", given))
