"""The machine: whatever is done, in whatever order, is done to the live store and to the model, and both must agree."""

import atexit
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import hypothesis.strategies as st
from attrs import evolve
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from taskactors.board.passing import Sign
from taskactors.board.view import View
from taskactors.domain.errors import Refusal
from taskactors.storage.engine import Done, Failed, Transaction, Unit
from taskactors.storage.on_lmdb import DATA_FILE, open_lmdb
from tests.board.board import NOW, Board
from tests.board.board import PERSON as PERSON_CALLER
from tests.model import commands, wire
from tests.model.commands import AGENTS, Command
from tests.model.model import Model
from tests.model.states import WHO_MAY
from tests.model.team import PERSON, No

LOOKED_THROUGH_EVERY = 4
"""Every list, the audit and the whole log take a while, so they are not looked at after every single step."""

T = TypeVar("T")

OTHERWISE: dict[str, dict[str, Any]] = {
    "send_message": {"content": "other"},
    "update_task": {"note": "other"},
    "claim_task": {"lease_s": 77},
}
"""What makes of a call another one."""

REOPENED = {"Done", "Cancelled", "Quarantined"}

Cursor = tuple[str, tuple[int, str]]


class Differ(AssertionError):
    """The live store and the model do not agree."""


def agree(live: object, model: object, about: object) -> None:
    if live != model:
        raise Differ(f"{about}: the store says {live!r}, the model {model!r}")


def refusal(outcome: Done[Any] | Failed) -> str | None:
    """The code of the refusal; anything else that went wrong is raised."""
    if isinstance(outcome, Done):
        return None
    if not isinstance(outcome.error, Refusal):
        raise outcome.error
    return outcome.error.code


def codes(page: Mapping[str, Any]) -> list[str]:
    return [each["code"] for each in page["items"]]


@cache
def new_born() -> Path:
    """An empty store, closed in good order. Copies of it are quicker to open than one made anew is."""
    made = tempfile.mkdtemp(prefix="taskactors-model-")
    atexit.register(shutil.rmtree, made)
    open_lmdb(Path(made) / "store").close()
    return Path(made) / "store"


class Crashed(Exception):
    """A unit of work with a mistake in it."""


class LiveStore(RuleBasedStateMachine):
    """The store is a real one, in a folder of its own. Time is a number that a rule adds to."""

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.TemporaryDirectory(prefix="taskactors-model-")
        self.lives = 0
        shutil.copytree(new_born(), self.folder)
        self.board = Board(engine=open_lmdb(self.folder))
        self.model = Model(NOW)
        self.steps = 0
        self.keyed: list[Command] = []
        self.cursors: dict[str, list[Cursor]] = {}

    @property
    def folder(self) -> Path:
        return Path(self.home.name) / f"life-{self.lives}"

    def teardown(self) -> None:
        self.board.engine.close()
        self.home.cleanup()

    # one call, several in one commit, the same again

    def _unit(self, command: Command) -> Unit:
        tool, arguments = command.live
        seat = self.board.as_person() if command.by == PERSON else self.board.as_agent(command.by)
        return self.board.command(seat.caller, tool, arguments)

    def _run(self, *drawn: Command) -> list[tuple[Any, Any]]:
        """All of them in one commit, each answered or refused as the model has it; returns both answers to each."""
        settled, expected = [], []
        for command in (each.settled(self.model) for each in drawn):
            settled.append(command)
            expected.append(self._expected(command))
            if "idempotency_key" in command.given and command not in self.keyed:
                self.keyed.append(command)
        outcomes = self.board.write(*map(self._unit, settled))
        for command, outcome, wanted in zip(settled, outcomes, expected, strict=True):
            if isinstance(wanted, str) or isinstance(outcome, Failed):
                agree(refusal(outcome), wanted if isinstance(wanted, str) else None, command)
            else:
                fields = wire.answered(command.tool, wanted)
                agree(wire.seen(outcome.value, fields), fields, command)
        return list(zip(outcomes, expected, strict=True))

    def _expected(self, command: Command) -> dict[str, Any] | str:
        try:
            return command.plain(self.model)
        except No as no:
            return str(no)

    @initialize(more=st.lists(commands.create, max_size=2), joining=commands.joins)
    def begin(self, more: list[Command], joining: Command) -> None:
        self._run(joining, *map(commands.open_task, ("T-1", "T-2")), commands.open_task("T-3", after=1), *more)

    @rule(command=commands.register | commands.joins | commands.promote)
    def the_team_changes(self, command: Command) -> None:
        self._run(command)

    @rule(command=commands.create)
    def create(self, command: Command) -> None:
        self._run(command)

    @rule(by=commands.agents, pick=commands.picks, lease_s=st.sampled_from([None, None, 20, 4000]), then=commands.claim)
    def take_what_is_offered(self, by: str, pick: int, lease_s: int | None, then: Command) -> None:
        """And claim something right afterwards: often the same, which renews or is refused."""
        if offered := self.model.offered_to(by):
            code = offered[pick % len(offered)]
            self._run(Command(by, "claim_task", {"code": code, "lease_s": lease_s}))
            self._run(evolve(then, given={**then.given, "code": code}))

    @rule(command=commands.claim, others=st.permutations(commands.AGENTS))
    def race(self, command: Command, others: list[str]) -> None:
        self._run(*(evolve(command, by=each) for each in others))

    @precondition(lambda self: self.held)
    @rule(command=commands.release, pick=commands.picks, as_holder=st.booleans())
    def give_back(self, command: Command, pick: int, as_holder: bool) -> None:
        task = self.held[pick % len(self.held)]
        self._run(evolve(command, by=task["holder"] if as_holder else command.by, given={**command.given, "code": task["code"]}))

    @rule(command=commands.move, pick=commands.picks, rightly=st.integers(0, 3))
    def step(self, command: Command, pick: int, rightly: int) -> None:
        """Mostly along the table and by whoever may: were any state as likely as another, few tasks would get far."""
        task = (self.held or self.model.tasks)[pick % len(self.held or self.model.tasks)]
        near = list(WHO_MAY[task["state"]])
        if not rightly or not near:
            self._run(evolve(command, given={**command.given, "code": task["code"]}))
            return
        given = {"code": task["code"], "state": near[pick // 7 % len(near)], "reason": "because"}
        self._run(Command(task["holder"] or PERSON if rightly == 1 else command.by, "set_task_state", given))

    @rule(pick=commands.picks, by=commands.callers, reason=st.sampled_from([None, "because"]))
    def step_of_any(self, pick: int, by: str, reason: str | None) -> None:
        """Tasks that nobody holds move, too."""
        task = self.model.tasks[pick % len(self.model.tasks)]
        near = list(WHO_MAY[task["state"]])
        if near:
            self._run(Command(by, "set_task_state", {"code": task["code"], "state": near[pick // 7 % len(near)], "reason": reason}))

    @precondition(lambda self: self.closed)
    @rule(pick=commands.picks, by=commands.callers, reason=st.sampled_from([None, "because"]))
    def open_again(self, pick: int, by: str, reason: str | None) -> None:
        code = self.closed[pick % len(self.closed)]["code"]
        self._run(Command(by, "set_task_state", {"code": code, "state": "Created", "reason": reason}))

    @property
    def closed(self) -> list[dict[str, Any]]:
        return [task for task in self.model.tasks if task["state"] in REOPENED]

    @precondition(lambda self: self.held)
    @rule(pick=commands.picks)
    def finish(self, pick: int) -> None:
        task = self.held[pick % len(self.held)]
        self._run(Command(task["holder"], "set_task_state", {"code": task["code"], "state": "Done"}))

    @property
    def held(self) -> list[dict[str, Any]]:
        return [task for task in self.model.tasks if task["holder"]]

    @rule(command=commands.EVERY)
    def anything(self, command: Command) -> None:
        self._run(command)

    @rule(many=st.lists(commands.EVERY, min_size=2, max_size=5))
    def several_in_one_commit(self, many: list[Command]) -> None:
        self._run(*many)

    @rule(well=commands.EVERY, badly=commands.EVERY)
    def a_unit_crashes_beside_another(self, well: Command, badly: Command) -> None:
        """Whatever it had done is gone, and the other does not notice."""
        unit, beside = self._unit(badly.settled(self.model)), well.settled(self.model)

        def crash(transaction: Transaction) -> None:
            unit(transaction)
            raise Crashed

        crashed, outcome = self.board.write(crash, self._unit(beside))
        agree(isinstance(crashed, Failed), True, "a unit that crashed is done")
        wanted = self._expected(beside)
        agree(refusal(outcome), wanted if isinstance(wanted, str) else None, beside)

    @precondition(lambda self: self.keyed)
    @rule(pick=st.integers(0, 99), changed=st.booleans())
    def say_again_under_the_same_key(self, pick: int, changed: bool) -> None:
        command = self.keyed[pick % len(self.keyed)]
        if changed:
            command = evolve(command, given={**command.given, **OTHERWISE.get(command.tool, {})})
        self._run(command)

    @rule(reader=commands.callers, back=st.integers(-1, 2), limit=st.sampled_from([1, 3, 50]))
    def read_inbox(self, reader: str, back: int, limit: int) -> None:
        """With the last cursor, an older one, or none."""
        self._read(reader, back, limit)

    @rule(command=commands.send, reader=commands.agents, pick=commands.picks)
    def tell_and_be_heard(self, command: Command, reader: str, pick: int) -> None:
        """What was just said comes once: at the next reading, and not after its cursor was passed back."""
        role = self.model.agents.get(reader, {}).get("role", "backend")
        self._run(evolve(command, given={**command.given, "to": (reader, "all", f"role:{role}")[pick % 3]}))
        self._read(reader, 0, 50)
        self._read(reader, 0, 50)

    def _read(self, reader: str, back: int, limit: int) -> None:
        had = self.cursors.setdefault(reader, [])
        cursor = had[-1 - back] if 0 <= back < len(had) else None
        ((outcome, wanted),) = self._run(Command(reader, "read_inbox", {"limit": limit, "cursor": cursor}))
        had.append((outcome.value["next_cursor"], wanted["cursor"]))

    # time and ends

    @rule(
        seconds=st.sampled_from([1, 20, 45, 130, 1000, 4000, 90_000]),
        swept=st.booleans(),
        signs=st.dictionaries(commands.agents, st.tuples(st.sampled_from([0, 10, 5000]), st.booleans()), max_size=2),
    )
    def time_passes(self, seconds: int, swept: bool, signs: dict[str, tuple[int, bool]]) -> None:
        """No clock ends anything; only what is done about it does."""
        self.board.later(seconds)
        self.model.now = self.board.now
        if swept:
            calls = {name: (self.board.now - ago * 1000, connected) for name, (ago, connected) in signs.items()}
            self.board.sweep_all({name: Sign(*call) for name, call in calls.items()})
            self.model.sweep(calls)

    @precondition(lambda self: self.held)
    @rule(pick=commands.picks, alive=st.booleans(), unseen_s=st.sampled_from([0, 10, 10, 5000]))
    def a_lease_is_up(self, pick: int, alive: bool, unseen_s: int) -> None:
        """Its holder called not long ago, or did not."""
        task = self.held[pick % len(self.held)]
        left = (task["ends"] or self.board.now) - self.board.now
        self.time_passes(max(0, left // 1000) + 1, True, {task["holder"]: (unseen_s, unseen_s == 0)} if alive else {})

    @rule(killed=st.sampled_from([False, False, False, True]), down_s=st.sampled_from([0, 30, 2000]))
    def restart(self, killed: bool, down_s: int) -> None:
        """The server stops, or is killed; another one opens what lies on the disk, and leases get their grace."""
        before = self.folder
        if killed:
            # What a killed process leaves: the file as it is at this moment, not closed by anybody.
            self.lives += 1
            self.folder.mkdir()
            shutil.copyfile(before / DATA_FILE, self.folder / DATA_FILE)
        self.board.engine.close()
        self.board.engine = open_lmdb(self.folder)
        self.board.later(down_s)
        self.model.now = self.board.now
        self.board.restart()
        self.model.restart()
        self._look_through()

    # both hold the same

    @invariant()
    def tasks_are_the_same(self) -> None:
        person = self.board.as_person()
        agree(self._look(View.head_seq), self.model.events, "the number of events")
        for task in self.model.tasks:
            live = person.get_task_by_code(code=task["code"])
            fields = wire.task(task)
            agree(wire.seen(live, fields), fields, task["code"])
            if task["state"] != "Archived":
                off = any(self.model.called_off(self.model.find(code)) for code in task["blockers"])
                agree(bool(live.get("blocker_cancelled")), off, f"a blocker of {task['code']} was called off")

    @invariant()
    def offers_are_the_same(self) -> None:
        for name in AGENTS:
            agree(codes(self.board.as_agent(name).discover_work(max_tasks=100)), self.model.offered_to(name), f"work for {name}")

    @invariant()
    def all_is_well_inside(self) -> None:
        self.steps += 1
        if self.steps % LOOKED_THROUGH_EVERY == 0:
            self._look_through()

    def _lists_are_the_same(self) -> None:
        person, agents = self.board.as_person(), self.model.agents.items()
        agree(codes(person.list_tasks(limit=100)), self.model.listed(), "all tasks")
        for state in WHO_MAY:
            agree(codes(person.list_tasks(state=state, limit=100)), self.model.listed(state=state), state)
        for name in AGENTS:
            agree(codes(person.list_tasks(owner=name, limit=100)), self.model.listed(owner=name), f"tasks of {name}")
        team = [(each["name"], each["rev"], each["role"], each["capabilities"], each["holding"]) for each in person.list_agents()["items"]]
        expected = [(name, each["rev"], each["role"], each["can"], self.model.held_by(name)) for name, each in sorted(agents)]
        agree(team, expected, "the team")

    def _look(self, at: Callable[[View], T]) -> T:
        settings = self.board.settings
        return self.board.engine.read(lambda snapshot: at(View(snapshot, self.board.now, PERSON_CALLER, settings)))

    def _look_through(self) -> None:
        self._lists_are_the_same()
        agree(self.board.findings(), [], "what the audit finds")
        events = self._look(lambda view: view.events_after(0, 100_000))
        agree([event.seq for event in events], list(range(1, self.model.events + 1)), "the numbers of the events")
        changes = Counter(event.subject for event in events)
        for task in self.model.tasks:
            agree(changes[f"task:{task['id']}"], task["rev"], f"the events of {task['code']}")
            for reader in (PERSON, "ada", "qa"):
                seat = self.board.as_person() if reader == PERSON else self.board.as_agent(reader)
                read = [each["id"] for each in seat.get_task_messages(task_code=task["code"], limit=100)["items"]]
                agree(read, self.model.said_on(task["code"], reader), f"what {reader} reads on {task['code']}")
