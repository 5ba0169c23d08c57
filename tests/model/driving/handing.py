"""Driving what goes from hand to hand: offers and their answers, help, acknowledgements, brakes."""

from typing import Any

import hypothesis.strategies as st
from attrs import evolve
from hypothesis.stateful import precondition, rule

from tests.model import commands
from tests.model.commands import AGENTS, Command, calls, optional, seldom_wrong, which, words
from tests.model.driving.finishing import decide_by, findings
from tests.model.log import PERSON
from tests.model.machine import Machine

TO = [*AGENTS, PERSON, "role:qa", "role:backend", "capability:python", "team:qa"]

create = calls(
    "create_task",
    code=st.sampled_from(["T-4", "T-5", "SEC"]),
    depends_on=st.just([]),
    needs=st.sampled_from([[], ["python"]]),
    review=st.booleans(),
)
confidences = st.sampled_from([None, None, 0.9, 0.1])
offer = calls(
    "offer_handoff", code=which, fence=seldom_wrong, to=st.sampled_from(TO), confidence=confidences, expires_s=st.sampled_from([None, 40])
)
answer = calls("answer_handoff", handoff_id=commands.picks, accept=st.booleans())
assign = calls("assign_task", code=which, to=commands.agents)
urgencies = st.sampled_from(["low", "normal", "high", "urgent"])
ask = calls(
    "request_help", code=which, question=words, to=optional(commands.addresses), urgency=urgencies, blocking=st.sampled_from([False, True])
)
kinds = st.sampled_from(["comment", "question", "help"])
send = calls(
    "send_message",
    to=commands.addresses,
    content=words,
    kind=kinds,
    ack_by_s=st.sampled_from([None, 30, 2000]),
    reply_to=optional(commands.picks),
    code=optional(which),
)
targets = st.sampled_from([*AGENTS, "dora", "role:qa", "role:backend", "project"])
pause = calls(
    "set_pause",
    st.sampled_from([PERSON, PERSON, "ada"]),
    target=targets,
    paused=st.sampled_from([False, False, True]),
    reason=optional(words),
)
claim = calls("claim_task", code=which)
take = calls("next_task")


class Handing(Machine):
    """Who holds a task and offers it, asks for help, or is held back."""

    every = st.one_of(commands.joins, create, claim, take, offer, answer, assign, ask, send, pause)

    def first_tasks(self) -> list[Command]:
        return [
            Command(PERSON, "register_agent", {"agent_name": "qa", "role": "qa", "capabilities": ["python"], "limit": None}),
            commands.open_task("T-1", needs=["python"]),
            commands.open_task("T-2"),
            commands.open_task("T-3"),
        ]

    @rule(
        pick=commands.picks,
        to=st.sampled_from(TO),
        confidence=confidences,
        expires_s=st.sampled_from([None, 40]),
        then=st.sampled_from(["nothing", "accept", "accept", "decline", "withdraw", "too late", "approve", "send back"]),
    )
    def offer_and_decide(self, pick: int, to: str, confidence: float | None, expires_s: int | None, then: str) -> None:
        """What is held is offered; whom it is for says yes or no, or somebody else does, or nobody."""
        task = self.one_held(pick)
        given = {"code": task["code"], "fence": 0, "to": to, "confidence": 0.1 if then in ("approve", "send back") else confidence}
        self.run(Command(task["holder"] or PERSON, "offer_handoff", given | {"expires_s": expires_s}))
        if then in ("approve", "send back") and self.model.in_state("Review"):
            self.run(decide_by(self.model, pick, "cy" if task["implementer"] != "cy" else "bob", then == "approve", ["pear"]))
        if then in ("accept", "decline", "withdraw", "approve"):
            self._answer(pick, accept=then in ("accept", "approve"), withdraw=then == "withdraw")
        if then == "too late":
            self.time_passes(40, True, {})

    @rule(pick=commands.picks, to=commands.agents)
    def hand_over(self, pick: int, to: str) -> None:
        """And whoever had it does not notice."""
        task = self.one_held(pick)
        before = task["holder"] or PERSON
        self.run(Command(before, "offer_handoff", {"code": task["code"], "fence": 0, "to": to}))
        self._answer(pick, accept=True, withdraw=False)
        self.run(Command(before, "report_progress", {"code": task["code"], "fence": -1, "percent": 50}))

    @rule(
        pick=commands.picks,
        to=commands.agents,
        unsure=st.booleans(),
        away=st.sampled_from(["Cancelled", "Created", "InProgress", "ada", "bob"]),
    )
    def offer_and_think_again(self, pick: int, to: str, unsure: bool, away: str) -> None:
        """What is offered goes another way."""
        task = self.one_held(pick)
        given = {"code": task["code"], "fence": 0, "to": to, "confidence": 0.1 if unsure else None}
        self.run(Command(task["holder"] or PERSON, "offer_handoff", given))
        if away in AGENTS:
            self.run(Command(PERSON, "assign_task", {"code": task["code"], "to": away}))
        else:
            self.run(Command(PERSON, "set_task_state", {"code": task["code"], "state": away}))

    def _answer(self, pick: int, accept: bool, withdraw: bool) -> None:
        if not self.undecided:
            return
        offer = self.undecided[-1]
        to = offer["to"]
        by = to if to in AGENTS or to == PERSON else ("qa", "bob", "cy")[pick % 3]
        # The number as it is drawn: one more than that is what it settles to.
        self.run(Command(offer["from"] if withdraw else by, "answer_handoff", {"handoff_id": offer["id"] - 1, "accept": accept}))

    @property
    def undecided(self) -> list[dict[str, Any]]:
        return [each for each in self.model.handoffs if each["state"] in ("open", "in_review")]

    @precondition(lambda self: self.undecided)
    @rule(pick=commands.picks, by=commands.callers, accept=st.booleans())
    def answer_an_offer(self, pick: int, by: str, accept: bool) -> None:
        offer = self.undecided[pick % len(self.undecided)]
        self.run(Command(by, "answer_handoff", {"handoff_id": offer["id"] - 1, "accept": accept}))

    @precondition(lambda self: self.undecided)
    @rule(pick=commands.picks, seconds=st.sampled_from([39, 40, 3600]))
    def offers_grow_old(self, pick: int, seconds: int) -> None:
        self.time_passes(seconds, True, {})

    @precondition(lambda self: self.model.in_state("Review"))
    @rule(pick=commands.picks, by=commands.callers, approve=st.booleans(), found=findings)
    def decide_about_an_offer(self, pick: int, by: str, approve: bool, found: list[str]) -> None:
        self.run(decide_by(self.model, pick, by, approve, found))

    @rule(
        pick=commands.picks,
        command=ask,
        reader=commands.agents,
        late_s=st.sampled_from([0, 60, 900]),
        then=st.sampled_from(["", "ack", "reply"]),
    )
    def ask_for_help(self, pick: int, command: Command, reader: str, late_s: int, then: str) -> None:
        """Somebody acknowledges or answers, in time or later, or time passes and others are asked."""
        task = self.one_held(pick)
        by = task["holder"] if task["holder"] and pick % 4 else command.by
        self._see_to(evolve(command, by=by, given={**command.given, "code": task["code"]}), reader, late_s, then)

    @rule(command=send, reader=commands.agents, late_s=st.sampled_from([0, 30, 2000]), then=st.sampled_from(["", "ack", "reply"]))
    def say_what_needs_an_answer(self, command: Command, reader: str, late_s: int, then: str) -> None:
        self._see_to(command, reader, late_s, then)

    def _see_to(self, command: Command, reader: str, late_s: int, then: str) -> None:
        self.run(command)
        last = max(0, len(self.model.messages) - 1)
        if late_s:
            self.time_passes(late_s, True, {})
        if then == "ack":
            self.read(reader, -1, 50, ack=[last], unread_only=late_s == 0)
        if then == "reply":
            self.run(Command(reader, "send_message", {"to": command.by, "content": "plum", "reply_to": last}))
        self.time_passes(900, True, {})

    @rule(whom=targets, then=commands.agents, reason=optional(words), goes_on=st.sampled_from([True, True, False]))
    def hold_back_and_take(self, whom: str, then: str, reason: str | None, goes_on: bool) -> None:
        self.run(Command(PERSON, "set_pause", {"target": whom, "paused": True, "reason": reason}), Command(then, "next_task", {}))
        if goes_on:
            self.run(Command(PERSON, "set_pause", {"target": whom, "paused": False}))

    @rule(by=commands.agents, pick=commands.picks)
    def a_coordinator_stands_in(self, by: str, pick: int) -> None:
        task = self.one_held(pick)
        self.run(Command(PERSON, "promote_agent", {"agent_name": by, "coordinator": True}))
        self.run(Command(by, "offer_handoff", {"code": task["code"], "fence": 0, "to": "bob"}))
        self.run(Command(by, "set_pause", {"target": "bob", "paused": True}))
        self.run(Command(PERSON, "set_pause", {"target": "bob", "paused": False}))

    @rule(pick=commands.picks, to=commands.agents)
    def give_to_somebody_else(self, pick: int, to: str) -> None:
        self.run(Command(PERSON, "assign_task", {"code": self.one_held(pick)["code"], "to": to}))
