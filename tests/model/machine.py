"""The machine: whatever is done, in whatever order, is done to the live store and to the model, and both must agree."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import hypothesis.strategies as st
from attrs import evolve
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from taskactors.board.passing import Sign
from taskactors.board.standstill import announce
from taskactors.board.stored import AGENT, TASK
from taskactors.domain.errors import Refusal
from taskactors.storage.engine import Done, Failed, Transaction, Unit
from taskactors.storage.on_lmdb import DATA_FILE, open_lmdb
from tests.board.board import NOW, Board
from tests.model import commands, comparing, wire
from tests.model.commands import Command
from tests.model.comparing import Comparison, agree
from tests.model.log import PERSON, No
from tests.model.model import Model
from tests.model.states import WHO_MAY
from tests.model.work import Task

LOOKED_THROUGH_EVERY = 6
"""Every list, the audit and what each reader sees take a while, so they are not looked at after every single step."""

OTHERWISE: dict[str, dict[str, Any]] = {
    "send_message": {"content": "other"},
    "update_task": {"note": "other"},
    "claim_task": {"lease_s": 77},
    "complete_task": {"summary": "other"},
    "report_progress": {"percent": 77},
}
"""What makes of a call another one."""

Cursor = tuple[str, tuple[int, str]]


def refusal(outcome: Done[Any] | Failed) -> str | None:
    """The code of the refusal; nothing else may go wrong."""
    if isinstance(outcome, Done):
        return None
    if not isinstance(outcome.error, Refusal):
        raise comparing.Differ(f"the store failed: {outcome.error!r}") from outcome.error
    return outcome.error.code


@cache
def new_born() -> Path:
    """An empty store, closed in good order. Copies of it are quicker to open than one made anew is."""
    made = tempfile.mkdtemp(prefix="taskactors-model-")
    atexit.register(shutil.rmtree, made)
    open_lmdb(Path(made) / "store").close()
    return Path(made) / "store"


IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""What a power cut does is not asked here, and a disk would make every commit ten times as long."""


class Crashed(Exception):
    """A unit of work with a mistake in it."""


class Machine(RuleBasedStateMachine):
    """The store is a real one, in a folder of its own. Time is a number that a rule adds to.

    A family of tools is driven by a machine of its own: `every` are its calls with whatever is drawn, its rules are what people
    do on purpose. What can befall any call, and any project, is here.
    """

    every: ClassVar[st.SearchStrategy[Command]]

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.TemporaryDirectory(prefix="taskactors-model-", dir=IN_MEMORY)
        self.lives = 0
        shutil.copytree(new_born(), self.folder)
        self.board = Board(engine=open_lmdb(self.folder))
        self.model = Model(NOW)
        self.comparison = Comparison(self.board, self.model)
        self.steps = 0
        self.keyed: list[Command] = []
        self.cursors: dict[str, list[Cursor]] = {}

    @property
    def folder(self) -> Path:
        return Path(self.home.name) / f"life-{self.lives}"

    def teardown(self) -> None:
        for records in (TASK, AGENT):
            # What is remembered of a record as it was written is what reading it would give, to the type of every field.
            for stored, value in {**records._old, **records._young}.items():
                read = records._decode(stored)
                assert (read, repr(read)) == (value, repr(value))
        self.board.engine.close()
        self.home.cleanup()

    # one call, several in one commit, the same again

    def _unit(self, command: Command) -> Unit:
        tool, arguments = command.live
        return self.board.command(self.comparison.seat(command.by).caller, tool, arguments)

    def run(self, *drawn: Command) -> list[tuple[Any, Any]]:
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
        self.comparison.after_a_step()
        return list(zip(outcomes, expected, strict=True))

    def _expected(self, command: Command) -> dict[str, Any] | str:
        try:
            return command.plain(self.model)
        except No as no:
            return str(no)

    @initialize(joining=commands.joins)
    def begin(self, joining: Command) -> None:
        self.run(joining, *self.first_tasks())

    def first_tasks(self) -> list[Command]:
        """What there is to do from the start."""
        return [*map(commands.open_task, ("T-1", "T-2")), commands.open_task("T-3", after=1)]

    @rule(by=commands.agents, pick=commands.picks)
    def take_what_is_offered(self, by: str, pick: int) -> None:
        if offered := self.model.offered_to(by):
            self.run(Command(by, "claim_task", {"code": offered[pick % len(offered)]}))

    @rule(pick=commands.picks)
    def finish(self, pick: int) -> None:
        task = self.one_held(pick)
        self.run(Command(task["holder"] or PERSON, "set_task_state", {"code": task["code"], "state": "Done"}))

    @rule(pick=commands.picks, by=commands.callers, reason=st.sampled_from([None, "because"]))
    def step_of_any(self, pick: int, by: str, reason: str | None) -> None:
        """Along the table, whoever holds it or nobody."""
        task = self.model.tasks[pick % len(self.model.tasks)]
        near = list(WHO_MAY[task["state"]])
        if near:
            self.run(Command(by, "set_task_state", {"code": task["code"], "state": near[pick // 7 % len(near)], "reason": reason}))

    @property
    def held(self) -> list[Task]:
        return [task for task in self.model.tasks if task["holder"]]

    def one_held(self, pick: int) -> Task:
        """A task that somebody has in hand; somebody begins one if nobody has."""
        if not (running := self.model.in_state("InProgress")):
            by = commands.AGENTS[pick % len(commands.AGENTS)]
            self.run(commands.open_task("NEW"), Command(by, "next_task", {}))
            running = self.model.in_state("InProgress")
        # Whoever is paused or has enough in hand begins nothing, and then any will do.
        return (running or self.model.tasks)[pick % len(running or self.model.tasks)]

    @rule(command=st.runner().flatmap(lambda machine: machine.every))
    def anything(self, command: Command) -> None:
        self.run(command)

    @rule(many=st.runner().flatmap(lambda machine: st.lists(machine.every, min_size=2, max_size=4)))
    def several_in_one_commit(self, many: list[Command]) -> None:
        self.run(*many)

    @rule(pair=st.runner().flatmap(lambda machine: st.tuples(machine.every, machine.every)))
    def a_unit_crashes_beside_another(self, pair: tuple[Command, Command]) -> None:
        """Whatever it had done is gone, and the other does not notice."""
        badly, well = pair
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
        self.run(command)

    def read(self, reader: str, back: int, limit: int, **more: Any) -> None:
        """An inbox, with the last cursor (0), one before it, or none (-1)."""
        had = self.cursors.setdefault(reader, [])
        cursor = had[-1 - back] if 0 <= back < len(had) else None
        ((outcome, wanted),) = self.run(Command(reader, "read_inbox", {"limit": limit, "cursor": cursor, **more}))
        if isinstance(outcome, Done):
            had.append((outcome.value["next_cursor"], wanted["cursor"]))

    # time and ends

    @rule(
        seconds=st.sampled_from([1, 20, 45, 130, 1000, 4000, 90_000]),
        swept=st.booleans(),
        signs=st.dictionaries(commands.agents, st.tuples(st.sampled_from([0, 10, 5000]), st.booleans()), max_size=2),
    )
    def time_passes(self, seconds: float, swept: bool, signs: dict[str, tuple[int, bool]]) -> None:
        """No clock ends anything; only what is done about it does."""
        self.later(seconds)
        if swept:
            calls = {name: (self.board.now - ago * 1000, connected) for name, (ago, connected) in signs.items()}
            self._sweep(calls)

    def later(self, seconds: float) -> None:
        self.board.later(seconds)
        self.model.now = self.board.now

    def _sweep(self, calls: dict[str, tuple[int, bool]]) -> None:
        self.board.sweep_all({name: Sign(*call) for name, call in calls.items()})
        self.model.sweep(calls)

    @rule(pick=commands.picks, alive=st.booleans(), unseen_s=st.sampled_from([0, 10, 10, 5000]))
    def a_lease_is_up(self, pick: int, alive: bool, unseen_s: int) -> None:
        """Its holder called not long ago, or did not."""
        task = self.one_held(pick)
        left = (task["ends"] or self.board.now) - self.board.now
        self.time_passes(max(0, left // 1000) + 1, True, {task["holder"]: (unseen_s, unseen_s == 0)} if alive and task["holder"] else {})

    @rule()
    def what_stands_still_is_said(self) -> None:
        """Of held work that nobody has touched for half an hour, once for each stall."""
        self.board.as_server(announce)
        self.model.announce_stalls()

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
        self.later(down_s)
        self.board.restart()
        self.model.restart()
        self.comparison.forget()

    # both hold the same

    @invariant()
    def both_hold_the_same(self) -> None:
        self.comparison.after_a_step()
        self.steps += 1
        if self.steps % LOOKED_THROUGH_EVERY == 0:
            self.comparison.everything()
