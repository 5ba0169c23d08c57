"""The live store against a plain model: whatever is done in whatever order, both say the same and hold the same."""

import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from attrs import evolve
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from taskactors.board import aftermath, layout
from taskactors.board.change import Change
from taskactors.board.passing import Sign
from taskactors.board.stored import TASK
from taskactors.board.view import View
from taskactors.domain import claiming
from taskactors.domain.task import State, Task
from taskactors.storage.clean_mark import MARK_FILE
from taskactors.storage.engine import Done, Failed, Snapshot
from taskactors.storage.keys import key
from taskactors.storage.on_lmdb import open_lmdb
from tests.board.board import NOW, Board, Seat
from tests.board.board import PERSON as PERSON_CALLER
from tests.model.plain_board import AGENTS, PERSON, TABLE, No, PlainBoard

CODES = [f"T-{number}" for number in range(4)]
INBOX_PAGE = 3

MEMORY = Path("/dev/shm")
"""The engine is real; what it writes need not outlast the machine here, and a disk's flushes would be most of the time."""

agents = st.sampled_from(list(AGENTS))
people = st.sampled_from([*AGENTS, PERSON])
codes = st.sampled_from(CODES)
states = st.sampled_from([state.value for state in State])


class LiveStore(RuleBasedStateMachine):
    """Every rule is done to the board and to the model. Time is a number that a rule adds to."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="live-store-", dir=MEMORY if MEMORY.is_dir() else None)
        self.board = Board(engine=open_lmdb(Path(self.folder.name)))
        self.model = PlainBoard(NOW)
        self.cursors: dict[str, str | None] = dict.fromkeys(AGENTS)
        self.repeats: list[tuple[str, str, dict[str, Any], Any]] = []
        for name, role in AGENTS.items():
            self.seat(name).register_agent(agent_name=name, agent_type=role, role=role, capabilities=[])

    def teardown(self) -> None:
        self.board.engine.close()
        self.folder.cleanup()

    def seat(self, name: str) -> Seat:
        return self.board.as_person() if name == PERSON else self.board.as_agent(name)

    def both(self, by: str, tool: str, arguments: dict[str, Any], model: Callable[[], None]) -> None:
        """Done to both; both succeed, or refuse with the same code."""
        try:
            model()
            expected = None
        except No as no:
            expected = str(no)
        (outcome,) = self.board.write(self.seat(by).command(tool, **arguments))
        refused = outcome.error if isinstance(outcome, Failed) else None
        assert getattr(refused, "code", None) == expected, f"{refused!r}, and the model says {expected or 'yes'}"

    @rule(by=people, code=codes, wanted=st.sets(codes, max_size=2), review=st.booleans(), owner=st.none() | agents)
    def create(self, by: str, code: str, wanted: set[str], review: bool, owner: str | None) -> None:
        depends_on = sorted(each for each in wanted if each in self.model.tasks and each != code)
        given = {"code": code, "name": "n", "description": "d", "depends_on": depends_on, "requires_review": review}
        self.both(
            by,
            "create_task",
            given | ({"owner_agent_name": owner} if owner else {}),
            lambda: self.model.create(by, code, depends_on, review, owner),
        )

    @rule(by=agents, code=codes)
    def claim(self, by: str, code: str) -> None:
        self.both(by, "claim_task", {"code": code}, lambda: self.model.claim(by, code))

    @rule(code=codes, first=agents, second=agents)
    def race(self, code: str, first: str, second: str) -> None:
        """Two claims in one commit: the first of them wins, whatever else holds."""
        outcomes = self.board.write(*(self.seat(by).command("claim_task", code=code) for by in (first, second)))
        for by, outcome in zip((first, second), outcomes, strict=True):
            try:
                self.model.claim(by, code)
                expected = None
            except No as no:
                expected = str(no)
            assert getattr(getattr(outcome, "error", None), "code", None) == expected

    @rule(
        by=people,
        code=codes,
        fence=st.sampled_from(["none", "right", "old"]),
        failure=st.sampled_from([None, "transient", "capability_mismatch"]),
    )
    def release(self, by: str, code: str, fence: str, failure: str | None) -> None:
        current = self.model.tasks.get(code, {"fence": 1})["fence"]
        number = {"none": None, "right": max(1, current), "old": current + 1 if current < 2 else current - 1}[fence]
        given = {"code": code} | ({"fence": number} if number else {}) | ({"failure": failure} if failure else {})
        self.both(by, "release_task", given, lambda: self.model.release(by, code, number, failure))

    @precondition(lambda self: self.model.tasks)
    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        """What usually happens next: whoever may takes a step that there is."""
        code = data.draw(st.sampled_from(sorted(self.model.tasks)))
        task = self.model.tasks[code]
        if TABLE[task["state"]]:
            to = data.draw(st.sampled_from(sorted(TABLE[task["state"]])))
            self.move(task["holder"] or data.draw(people), code, to)

    @precondition(lambda self: any(task["state"] == "InProgress" for task in self.model.tasks.values()))
    @rule(failure=st.sampled_from([None, "transient"]), review=st.booleans())
    def finish_or_fail(self, failure: str | None, review: bool) -> None:
        code, task = next((code, task) for code, task in self.model.tasks.items() if task["state"] == "InProgress")
        if failure:
            self.release(task["holder"], code, "right", failure)
        else:
            self.move(task["holder"], code, "Review" if review else "Done")

    @rule(by=people, code=codes, to=states)
    def move(self, by: str, code: str, to: str) -> None:
        self.both(by, "set_task_state", {"code": code, "state": to, "reason": "because"}, lambda: self.model.move(by, code, to))

    @rule(by=people, code=codes, to=agents)
    def assign(self, by: str, code: str, to: str) -> None:
        self.both(by, "assign_task", {"code": code, "new_owner_agent_name": to}, lambda: self.model.assign(by, code, to))

    @rule(seconds=st.sampled_from([1, 29, 31, 600, 901, 2000]), alive=st.none() | agents)
    def time_passes(self, seconds: int, alive: str | None) -> None:
        self.model.pass_time(seconds, alive)
        self.board.later(seconds)
        self.board.sweep_all({alive: Sign(self.board.now, connected=True)} if alive else {})

    @rule(clean=st.booleans(), away_s=st.sampled_from([0, 5, 1000]))
    def restart(self, clean: bool, away_s: int) -> None:
        """The process ends, and another opens the same folder, maybe a while later."""
        self.board.engine.close()
        if not clean:
            for mark in Path(self.folder.name).glob(MARK_FILE):
                mark.unlink()
        self.board.engine = open_lmdb(Path(self.folder.name))
        self.board.later(away_s).restart()
        self.model.restart(away_s)

    @rule(by=people, to=st.sampled_from([*AGENTS, "all", *(f"role:{role}" for role in AGENTS.values())]))
    def send(self, by: str, to: str) -> None:
        content = f"message {len(self.model.messages) + 1}"
        self.both(by, "send_message", {"to": to, "content": content}, lambda: self.model.send(by, to, content))

    @rule(reader=agents, confirms=st.booleans())
    def read(self, reader: str, confirms: bool) -> None:
        cursor = self.cursors[reader]
        if cursor is not None and confirms:
            self.model.unread(reader, INBOX_PAGE)
        page = self.seat(reader).read_inbox(limit=INBOX_PAGE, **({"cursor": cursor} if cursor else {}))
        assert [each["content"] for each in page["items"]] == self.model.unread(reader, INBOX_PAGE)
        if confirms:
            self.cursors[reader] = page["next_cursor"]
            self.model.confirm(reader)

    @precondition(lambda self: self.model.tasks)
    @rule(by=agents, code=codes)
    def repeat(self, by: str, code: str) -> None:
        """A note under a key, and the same again: one note, one answer."""
        if code not in self.model.tasks or self.model.tasks[code]["state"] == "Archived":
            return
        given = {"code": code, "add_note": "noted", "idempotency_key": f"key-{len(self.repeats)}"}
        first = self.seat(by).update_task(**given)
        self.repeats.append((by, "update_task", given, first))

    @precondition(lambda self: self.repeats)
    @rule(data=st.data())
    def say_again(self, data: st.DataObject) -> None:
        by, tool, given, first = data.draw(st.sampled_from(self.repeats))
        again = dict(self.seat(by).call(tool, **given))
        # A stored answer is kept for a day, which no run of this machine outlasts.
        assert again.pop("replayed") is True
        assert again == first

    def _stored(self, snapshot: Snapshot) -> dict[str, Task]:
        view = View(snapshot, self.board.now, PERSON_CALLER, self.board.settings)
        tasks = (TASK.decode(value) for _, value in view.walk(layout.ALL_TASKS))
        return {task.code: task for task in tasks}

    @invariant()
    def both_hold_the_same(self) -> None:
        stored = self.board.engine.read(self._stored)
        assert stored.keys() == self.model.tasks.keys()
        for code, wanted in self.model.tasks.items():
            task = stored[code]
            there = {
                "state": task.state.value,
                "owner": task.owner_agent_name,
                "holder": task.holder,
                "fence": task.fence,
                "ends": task.claim.expires_at if task.claim else None,
                "attempts": task.attempts,
                "not_before": task.not_before,
            }
            assert there == {name: wanted[name] for name in there}, code
        for state in {task["state"] for task in self.model.tasks.values()}:
            listed = self.seat(PERSON).list_tasks(state=state, limit=100)["items"]
            assert {each["code"] for each in listed} == {code for code, task in self.model.tasks.items() if task["state"] == state}
        assert self.board.findings() == []

    @invariant()
    def what_is_offered_is_what_can_be_claimed(self) -> None:
        for name in AGENTS:
            offered = {each["code"] for each in self.seat(name).discover_work(max_tasks=100)["items"]}
            ready = {
                code
                for code, task in self.model.tasks.items()
                if task["state"] == "Created" and task["owner"] in (None, name) and task["not_before"] is None
            }
            assert offered == ready


USUAL = settings(max_examples=40, stateful_step_count=40, suppress_health_check=list(HealthCheck), deadline=None)
CHECKING = settings(USUAL, phases=[Phase.generate], max_examples=60, derandomize=True, database=None, print_blob=False)


def test_the_live_store_does_what_the_model_does() -> None:
    run_state_machine_as_test(LiveStore, settings=USUAL)


@pytest.mark.long
def test_the_live_store_does_what_the_model_does_for_long() -> None:
    run_state_machine_as_test(LiveStore, settings=settings(USUAL, max_examples=2_000, stateful_step_count=80))


def claims_what_is_held(plant: pytest.MonkeyPatch) -> None:
    claim = claiming.claim
    plant.setattr(claiming, "claim", lambda task, *rest: claim(evolve(task, state=State.CREATED, claim=None, owner_agent_name=None), *rest))


def forgets_the_fence(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(claiming, "require_fence", lambda task, fence: None)


def counts_no_expiry(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(claiming, "failed", lambda task, failure, now: task)


def leaves_index_entries_behind(plant: pytest.MonkeyPatch) -> None:
    index = Change._index

    def keep(change: Change, before: frozenset[bytes], after: frozenset[bytes], value: bytes = b"") -> None:
        index(change, frozenset(), after, value)

    plant.setattr(Change, "_index", keep)


def frees_no_dependant(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(aftermath, "carry_over", lambda change, before, after: ())


def loses_what_a_role_was_told(plant: pytest.MonkeyPatch) -> None:
    index = layout.index_of_message
    plant.setattr(layout, "index_of_message", lambda message: frozenset() if str(message.to).startswith("role:") else index(message))


def gives_no_grace(plant: pytest.MonkeyPatch) -> None:
    plant.setattr("tests.board.board.give_grace", lambda change: 0)


def does_a_repeat_again(plant: pytest.MonkeyPatch) -> None:
    numbers = count()
    plant.setattr(layout, "reply", lambda caller, tool, name: key("reply", caller, tool, f"{name}{next(numbers)}"))


def offers_delayed_work(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(layout, "is_ready", lambda task: task.state is State.CREATED)


def ends_no_lease(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(claiming, "at_expiry", lambda task, last, now: claiming.renewed(task, 60, now))


def loses_the_last_change_at_a_restart(plant: pytest.MonkeyPatch) -> None:
    write = Board.write
    held: list[Any] = []

    def late(board: Board, *units: Any) -> Any:
        if len(held) == 10:
            held.clear()
            return [Done({}) for _ in units]
        held.append(units)
        return write(board, *units)

    plant.setattr(Board, "write", late)


@pytest.mark.parametrize(
    "bug",
    [
        claims_what_is_held,
        forgets_the_fence,
        counts_no_expiry,
        leaves_index_entries_behind,
        frees_no_dependant,
        loses_what_a_role_was_told,
        gives_no_grace,
        does_a_repeat_again,
        offers_delayed_work,
        ends_no_lease,
        loses_the_last_change_at_a_restart,
    ],
)
def test_the_model_sees_a_planted(bug: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    bug(monkeypatch)
    with pytest.raises((Exception, ExceptionGroup)):
        run_state_machine_as_test(LiveStore, settings=CHECKING)
