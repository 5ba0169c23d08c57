"""Promises that a server of this kind has broken before: each test here would have caught it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskactors.board.change import as_server
from taskactors.board.passing import sweep
from taskactors.domain.errors import DuplicateCode, InvalidArguments, InvalidTransition, NotClaimable, NotHolder, Refusal
from taskactors.domain.events import Event
from taskactors.domain.moments import text_of
from taskactors.domain.task import State, Task
from taskactors.storage.engine import Done, Failed
from taskactors.storage.on_lmdb import open_lmdb

from .board import ARGUMENTS, NOW, TABLE, Answer, Board, Seat

TOOLS = [name for name in TABLE if not name.startswith("admin.")]


# What is published is what is accepted, and what is accepted acts


def test_every_state_there_is_can_be_asked_for_by_its_published_name() -> None:
    assert sorted(ARGUMENTS["set_task_state"].schema["properties"]["state"]["enum"]) == sorted(str(state) for state in State)


@pytest.mark.parametrize(
    ("tool", "spelled", "also"),
    [
        ("assign_task", "new_owner", "new_owner_agent_name"),
        ("list_tasks", "owner", "owner_agent_name"),
        ("create_task", "owner", "owner_agent_name"),
        ("update_task", "owner", "owner_agent_name"),
        ("claim_task", "id", "task_id"),
        ("release_task", "id", "task_id"),
        ("start_work_session", "id", "task_id"),
        ("set_task_state", "id", "task_id"),
    ],
)
def test_an_argument_that_goes_by_two_names_is_published_and_taken_under_both(tool: str, spelled: str, also: str) -> None:
    published = ARGUMENTS[tool].schema
    assert {spelled, also} <= published["properties"].keys()
    assert not {spelled, also} & set(published.get("required", ()))


def test_a_task_needs_no_owner(ada: Seat) -> None:
    assert "owner_agent_name" not in ARGUMENTS["create_task"].schema["required"]
    assert ada.create_task(code="T-1", name="n", description="d")["owner_agent_name"] is None


@pytest.mark.parametrize("tool", TOOLS)
def test_an_argument_that_there_is_not_is_refused_by_every_tool(board: Board, ada: Seat, tool: str) -> None:
    with pytest.raises(InvalidArguments) as no:
        ada.call(tool, surprise=1)
    assert any(problem.startswith("surprise: ") for problem in no.value.problems)
    assert board.events() == []


@pytest.mark.parametrize("tool", [name for name in TOOLS if "required" in ARGUMENTS[name].schema])
def test_a_call_that_lacks_everything_is_told_each_thing_that_it_needs(ada: Seat, tool: str) -> None:
    with pytest.raises(InvalidArguments) as no:
        ada.call(tool)
    assert set(ARGUMENTS[tool].schema["required"]) <= {problem.partition(":")[0] for problem in no.value.problems}


def test_what_a_task_is_created_with_and_changed_to_is_never_lost(board: Board, ada: Seat) -> None:
    ada.task("PARENT-1")
    created: dict[str, Any] = {
        "priority_score": 8.5,
        "parent_task_id": 1,
        "required_capabilities": ["python"],
        "estimated_effort": 30,
        "confidence_threshold": 0.5,
    }
    changed = {"priority_score": 0.5, "required_capabilities": ["sql"], "estimated_effort": 60, "confidence_threshold": 0.9}
    ada.task("T-1", **created)
    shown = ada.get_task_by_code(code="T-1")
    assert {name: shown[name] for name in changed} == {name: created[name] for name in changed}
    assert shown["parent_code"] == "PARENT-1"
    ada.update_task(code="T-1", **changed)
    shown = ada.get_task_by_code(code="T-1")
    assert {name: shown[name] for name in changed} == changed


# Who acts


def test_no_agent_can_take_everybodys_work_away(board: Board, ada: Seat, bob: Seat) -> None:
    for number in range(3):
        ada.held(f"T-{number}")
    for tool in TOOLS:
        for number in range(3):
            for arguments in ({"id": number + 1}, {"code": f"T-{number}"}, {"id": number + 1, "state": "Created"}):
                try:
                    bob.call(tool, **arguments)
                except Refusal:
                    continue
    assert board.view().held_by("ada", 10) == ("T-0", "T-1", "T-2")


# Claims end by themselves, can be renewed, and never twice


def test_a_claim_of_an_agent_that_died_comes_back_by_itself(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    board.later(900).sweep_all()
    assert [each["code"] for each in bob.discover_work()["items"]] == ["T-1"]


def test_a_holder_can_keep_its_claim_for_as_long_as_it_works(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    for _ in range(20):
        board.later(600).sweep_all()
        ada.claim_task(code="T-1")
    assert board.task("T-1").holder == "ada"


def test_expiry_never_takes_what_was_renewed_a_moment_before(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    board.later(899)
    ada.claim_task(code="T-1")
    board.later(1).sweep_all()
    assert board.task("T-1").holder == "ada"


def test_a_claim_started_by_moving_the_task_has_a_lease_as_any_other(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    ada.move("T-1", "InProgress")
    board.later(900).sweep_all()
    assert board.task("T-1").holder is None


def test_a_task_that_was_blocked_for_long_is_not_taken_away_the_moment_it_goes_on(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    board.later(600)
    ada.move("T-1", "Blocked")
    board.later(299)
    ada.claim_task(code="T-1")
    ada.move("T-1", "InProgress")
    board.later(899).sweep_all()
    assert board.task("T-1").holder == "ada"


def test_work_that_was_sent_back_after_a_long_review_has_a_whole_lease(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    ada.move("T-1", "Review")
    board.later(30 * 24 * 3600).sweep_all()
    bob.move("T-1", "InProgress")
    board.later(899).sweep_all()
    assert board.task("T-1").holder == "ada"


# No change is lost, whoever else writes at the same moment


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("set_task_state", {"state": "Done"}),
        ("set_task_state", {"state": "Blocked"}),
        ("release_task", {}),
        ("archive_task", {}),
        ("claim_task", {}),
    ],
)
def test_of_two_equal_steps_at_the_same_moment_one_is_made(
    board: Board, ada: Seat, person: Seat, tool: str, arguments: dict[str, str]
) -> None:
    ada.task("T-1") if tool == "claim_task" else ada.held("T-1")
    if tool == "archive_task":
        ada.move("T-1", "Done")
    first, second = board.write(ada.command(tool, code="T-1", **arguments), person.command(tool, code="T-1", **arguments))
    assert isinstance(first, Done)
    assert isinstance(second, Failed)
    assert isinstance(second.error, Refusal)


def test_two_changes_of_different_fields_at_the_same_moment_are_both_kept(board: Board, ada: Seat, bob: Seat) -> None:
    ada.task("T-1")
    board.write(
        ada.command("update_task", code="T-1", name="new name"),
        bob.command("update_task", code="T-1", description="new text"),
        ada.command("assign_task", code="T-1", new_owner="bob"),
        bob.command("claim_task", code="T-1"),
    )
    task = board.task("T-1")
    assert (task.name, task.description, task.holder, task.rev) == ("new name", "new text", "bob", 5)


def test_leases_end_in_the_middle_of_other_writes_and_disturb_none_of_them(board: Board, ada: Seat, bob: Seat) -> None:
    for number in range(50):
        ada.held(f"T-{number}")
    board.later(900)
    outcomes = board.write(
        *(bob.command("create_task", code="NEW", name="n", description="d") for _ in range(25)),
        lambda transaction: sweep(as_server(transaction, "time", board.settings), {}),
        *(bob.command("claim_task", code=f"T-{number}") for number in range(50)),
    )
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert board.view().held_by("ada", 100) == ()
    assert len(board.view().held_by("bob", 100)) == 50


def test_an_answer_shows_what_this_caller_wrote_and_not_what_came_after(board: Board, ada: Seat, bob: Seat) -> None:
    ada.task("T-1")
    claimed, released, again = board.write(
        ada.command("claim_task", code="T-1"), ada.command("release_task", code="T-1"), bob.command("claim_task", code="T-1")
    )
    assert board.outcome(claimed)["claim"]["agent"] == "ada"
    assert board.outcome(released)["state"] == "Created"
    assert board.outcome(again)["claim"]["agent"] == "bob"


# States and their marks


def test_an_archived_task_cannot_be_put_aside_and_so_brought_back(board: Board, ada: Seat, person: Seat) -> None:
    ada.held("T-1")
    ada.move("T-1", "Done", "Archived")
    before: Task = board.task("T-1")
    for seat in (ada, person, board.as_coordinator("lead")):
        for state in ("Quarantined", "Created"):
            with pytest.raises(InvalidTransition):
                seat.move("T-1", state)
        with pytest.raises(InvalidTransition):
            seat.release_task(code="T-1")
        with pytest.raises(NotClaimable):
            seat.claim_task(code="T-1")
    assert board.task("T-1") == before


@pytest.mark.parametrize("by", ["archive_task", "set_task_state"])
def test_archiving_keeps_when_a_task_was_done_by_whichever_way(board: Board, ada: Seat, by: str) -> None:
    ada.held("T-1")
    ada.move("T-1", "Done")
    board.later(3600)
    answer = ada.call(by, code="T-1", **({"state": "Archived"} if by == "set_task_state" else {}))
    assert answer["done_at"] == text_of(NOW)


def test_each_claim_says_when_it_began_and_none_when_there_is_none(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    board.later(60)
    assert "claim" not in ada.release_task(code="T-1")
    board.later(60)
    assert bob.claim_task(code="T-1")["claim"]["claimed_at"] == text_of(NOW + 120_000)


def test_releasing_what_nobody_holds_is_a_refusal_that_says_so(ada: Seat) -> None:
    ada.task("T-1")
    with pytest.raises(NotHolder) as no:
        ada.release_task(code="T-1")
    assert (no.value.code, no.value.holder) == ("not_holder", None)


@pytest.mark.parametrize("code", ["DUP-1", "dup-1"])
def test_a_code_that_is_taken_is_named_in_the_refusal(ada: Seat, code: str) -> None:
    ada.task("DUP-1")
    with pytest.raises(DuplicateCode) as no:
        ada.task(code)
    assert code in str(no.value)


# Finding work and reading lists


@pytest.mark.parametrize("state", ["InProgress", "Blocked", "Review"])
def test_nobody_is_offered_what_another_works_on(ada: Seat, bob: Seat, person: Seat, state: str) -> None:
    ada.held("T-1")
    if state != "InProgress":
        ada.move("T-1", state)
    for seat in (ada, bob, person):
        assert seat.discover_work() == {"items": []}


def test_work_is_offered_by_exact_capabilities_not_by_text_that_looks_alike(ada: Seat) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["script"])
    ada.task("T-1", required_capabilities=["javascript"])
    ada.task("T-2", required_capabilities=["scripts"])
    ada.task("T-3", required_capabilities=["script"])
    assert [each["code"] for each in ada.discover_work()["items"]] == ["T-3"]


def test_tasks_of_one_moment_have_one_order_in_every_list_and_every_offer(ada: Seat, bob: Seat) -> None:
    codes = [ada.task(f"T-{number}") for number in range(30)]
    assert [each["code"] for each in bob.list_tasks(limit=100)["items"]] == codes[::-1]
    assert [each["code"] for each in bob.discover_work(max_tasks=100)["items"]] == codes


def test_a_list_ends_somewhere_without_being_told_to(ada: Seat) -> None:
    for number in range(150):
        ada.task(f"T-{number}")

    def walked() -> Iterator[str]:
        answer: Answer = ada.list_tasks()
        while True:
            assert len(answer["items"]) <= 20
            yield from (each["code"] for each in answer["items"])
            if "next_cursor" not in answer:
                return
            answer = ada.list_tasks(cursor=answer["next_cursor"])

    assert list(walked()) == [f"T-{number}" for number in reversed(range(150))]


@pytest.mark.parametrize("tool", ["list_tasks", "discover_work", "get_task_messages", "read_inbox"])
def test_no_answer_is_unlimited_however_large_the_limit(ada: Seat, tool: str) -> None:
    ada.task("T-1")
    arguments = {"task_code": "T-1"} if tool == "get_task_messages" else {}
    for limit in (101, 2**31, 2**32 + 1, -1):
        with pytest.raises(InvalidArguments):
            ada.call(tool, limit=limit, **arguments)


# News are pushed


@pytest.mark.parametrize(
    ("tool", "arguments", "kind"),
    [
        ("create_task", {"code": "NEW-1", "name": "n", "description": "d"}, "task_created"),
        ("claim_task", {"code": "T-1"}, "task_claimed"),
        ("update_task", {"code": "T-1", "add_note": "a note"}, "task_updated"),
        ("set_task_state", {"code": "T-1", "state": "Cancelled"}, "task_moved"),
        ("send_message", {"to": "all", "content": "hello"}, "message_sent"),
    ],
)
def test_whoever_watches_is_told_of_every_change_in_the_commit_that_made_it(
    board: Board, ada: Seat, tool: str, arguments: dict[str, str], kind: str
) -> None:
    ada.task("T-1")
    (outcome,) = board.write(ada.command(tool, **arguments))
    assert isinstance(outcome, Done)
    told = [each for each in outcome.told if isinstance(each, Event)]
    assert [event.kind for event in told] == [kind]
    assert told[0] == board.events()[-1]


# The team


def test_any_number_of_agents_register_at_the_same_moment(board: Board) -> None:
    seats = [board.as_agent(f"agent-{number}") for number in range(50)]
    outcomes = board.write(
        *(seat.command("register_agent", agent_name=seat.caller.name, agent_type="dev", capabilities=["x"]) for seat in seats)
    )
    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert len(list(board.view().agents())) == 50


# What was answered is there after a restart


def test_a_board_that_was_closed_and_opened_again_is_the_same_board(tmp_path: Path) -> None:
    board = Board(engine=open_lmdb(tmp_path / "data"))
    ada, bob = board.as_agent("ada"), board.as_agent("bob")
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["python"])
    ada.held("T-1", required_capabilities=["python"])
    ada.task("T-2", depends_on=["T-1"])
    session = ada.start_work_session(code="T-1")["session_id"]
    bob.send_message(to="ada", content="a word", code="T-1")
    first = bob.create_task(code="SEC", name="n", description="d", idempotency_key="k-1")
    before = [ada.get_task_by_code(code=code) for code in ("T-1", "T-2", "SEC-001")], board.events()
    board.engine.close()

    board.engine = open_lmdb(tmp_path / "data")
    assert ([ada.get_task_by_code(code=code) for code in ("T-1", "T-2", "SEC-001")], board.events()) == before
    assert bob.create_task(code="SEC", name="n", description="d", idempotency_key="k-1") == {**first, "replayed": True}
    assert bob.task("SEC") == "SEC-002"
    assert [each["content"] for each in ada.read_inbox()["items"]] == ["a word"]
    assert ada.end_work_session(session_id=session)["task_code"] == "T-1"
    assert ada.set_task_state(code="T-1", state="Done", fence=1)["state"] == "Done"
    assert board.task("T-2").state is State.CREATED
    assert board.findings() == []
    board.engine.close()
