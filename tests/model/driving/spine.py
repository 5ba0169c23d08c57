"""Driving the spine: the team, tasks, claims, states and messages."""

from typing import Any

import hypothesis.strategies as st
from attrs import evolve
from hypothesis.stateful import rule

from tests.model import commands
from tests.model.commands import AGENTS, Command, calls, optional, seldom_wrong, which, words
from tests.model.log import PERSON
from tests.model.machine import Machine
from tests.model.states import WHO_MAY

CODES = ["T-1", "T-2", "T-3", "T-4", "SEC-002", "t-1", "SEC"]
"""Some taken twice, one that differs by case alone, one whose number its series comes to, and the series."""

REOPENED = {"Done", "Cancelled", "Quarantined"}

FAILURES = ["transient", "logic_error", "capability_mismatch", "environmental", "context_overflow", "invalid_requirements"]

limits = st.sampled_from([None, 1, 2])
register = calls("register_agent", agent_name=commands.agents, role=commands.roles, capabilities=commands.abilities, limit=limits)
promote = calls("promote_agent", st.sampled_from([PERSON, PERSON, "ada"]), agent_name=commands.agents, coordinator=st.booleans())
create = calls(
    "create_task",
    code=st.sampled_from(CODES),
    depends_on=st.lists(st.tuples(which, st.just("blocks")), max_size=2),
    owner=st.sampled_from([None, None, None, *AGENTS]),
    role=st.sampled_from([None, None, "qa"]),
    needs=st.sampled_from([[], [], ["python"]]),
    priority=st.sampled_from([5.0, 0.0, 9.0]),
    review=st.booleans(),
    lease_s=st.sampled_from([None, 30]),
)
claim = calls("claim_task", commands.agents, code=which, lease_s=st.sampled_from([None, None, 20, 4000]))
release = calls(
    "release_task",
    code=which,
    fence=st.none() | seldom_wrong,
    failure=st.sampled_from([None, *FAILURES]),
    not_before_s=st.sampled_from([None, None, 50]),
)
move = calls(
    "set_task_state",
    code=which,
    state=st.sampled_from(list(WHO_MAY)),
    reason=st.sampled_from([None, "because"]),
    fence=st.sampled_from([None, None, 0, 0, -1]),
    expected_rev=st.sampled_from([None, None, 0, 0, 1]),
)
assign = calls("assign_task", code=which, to=st.sampled_from([*AGENTS, "dora"]), expected_rev=optional(seldom_wrong))
update = calls("update_task", code=which, note=optional(words), priority=optional(st.just(7.0)), expected_rev=optional(seldom_wrong))
archive = calls("archive_task", code=which, expected_rev=optional(seldom_wrong))
send = calls("send_message", to=commands.addresses, content=words, code=optional(which), reply_to=optional(commands.picks))
comment = calls("create_task_message", code=which, content=words, to=optional(commands.addresses))


class Spine(Machine):
    """What a team does all day."""

    every = st.one_of(commands.joins, create, claim, release, move, assign, update, archive, send, comment)

    @rule(command=register | commands.joins | promote)
    def the_team_changes(self, command: Command) -> None:
        self.run(command)

    @rule(command=create)
    def create(self, command: Command) -> None:
        self.run(command)

    @rule(by=commands.agents, pick=commands.picks, lease_s=st.sampled_from([None, None, 20, 4000]), then=claim)
    def take_and_claim_again(self, by: str, pick: int, lease_s: int | None, then: Command) -> None:
        """Claim something right afterwards: often the same, which renews or is refused."""
        if offered := self.model.offered_to(by):
            code = offered[pick % len(offered)]
            self.run(Command(by, "claim_task", {"code": code, "lease_s": lease_s}))
            self.run(evolve(then, given={**then.given, "code": code}))

    @rule(command=claim, others=st.permutations(AGENTS))
    def race(self, command: Command, others: list[str]) -> None:
        self.run(*(evolve(command, by=each) for each in others))

    @rule(command=release, pick=commands.picks, as_holder=st.booleans())
    def give_back(self, command: Command, pick: int, as_holder: bool) -> None:
        task = self.one_held(pick)
        self.run(evolve(command, by=task["holder"] or PERSON if as_holder else command.by, given={**command.given, "code": task["code"]}))

    @rule(pick=commands.picks, left_s=st.sampled_from([-5, 10]), then_s=st.sampled_from([20, 70]))
    def come_back_late(self, pick: int, left_s: int, then_s: int) -> None:
        """When the server comes back, somebody's lease is over, or nearly; it still has some time."""
        ends = self.one_held(pick)["ends"]
        self.later(max(0, (ends or self.board.now) - self.board.now) / 1000 - left_s)
        self.restart(killed=False, down_s=0)
        self.time_passes(then_s, True, {})

    @rule(command=move, pick=commands.picks, rightly=st.integers(0, 3))
    def step(self, command: Command, pick: int, rightly: int) -> None:
        """Mostly along the table and by whoever may: were any state as likely as another, few tasks would get far."""
        task = (self.held or self.model.tasks)[pick % len(self.held or self.model.tasks)]
        near = list(WHO_MAY[task["state"]])
        if not rightly or not near:
            self.run(evolve(command, given={**command.given, "code": task["code"]}))
            return
        given = {"code": task["code"], "state": near[pick // 7 % len(near)], "reason": "because"}
        self.run(Command(task["holder"] or PERSON if rightly == 1 else command.by, "set_task_state", given))

    @rule(pick=commands.picks, failures=st.lists(st.sampled_from(FAILURES), min_size=1, max_size=3), kicked=st.booleans())
    def fail_again_and_again(self, pick: int, failures: list[str], kicked: bool) -> None:
        """Each failure keeps it back for its time, the third for good, unless a person says otherwise."""
        code = self.one_held(pick)["code"]
        for failure in failures:
            self.run(Command(PERSON, "release_task", {"code": code, "failure": failure}))
            not_before = self.model.find(code)["not_before"]
            self.time_passes(max(0, (not_before or 0) - self.board.now) / 1000, True, {})
            self.run(Command(PERSON, "claim_task", {"code": code}))
        if kicked:
            self.run(Command(PERSON, "set_task_state", {"code": code, "state": "Created", "reason": "because"}))

    @rule(pick=commands.picks, by=commands.callers, reason=st.sampled_from([None, "because"]))
    def open_again(self, pick: int, by: str, reason: str | None) -> None:
        """What was over; something is ended for it if nothing was."""
        if not self.closed:
            task = self.one_held(pick)
            self.run(Command(PERSON, "set_task_state", {"code": task["code"], "state": "Cancelled"}))
        code = self.closed[pick % len(self.closed)]["code"]
        self.run(Command(by, "set_task_state", {"code": code, "state": "Created", "reason": reason}))

    @property
    def closed(self) -> list[dict[str, Any]]:
        return [task for task in self.model.tasks if task["state"] in REOPENED]

    @rule(reader=commands.callers, back=st.integers(-1, 2), limit=st.sampled_from([1, 3, 50]))
    def read_inbox(self, reader: str, back: int, limit: int) -> None:
        """With the last cursor, an older one, or none."""
        self.read(reader, back, limit)

    @rule(command=send, reader=commands.agents, pick=commands.picks)
    def tell_and_be_heard(self, command: Command, reader: str, pick: int) -> None:
        """What was just said comes once: at the next reading, and not after its cursor was passed back."""
        role = self.model.agents.get(reader, {}).get("role", "backend")
        self.run(evolve(command, given={**command.given, "to": (reader, "all", f"role:{role}")[pick % 3]}))
        self.read(reader, 0, 50)
        self.read(reader, 0, 50)
