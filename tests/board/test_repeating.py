"""Repeating under a key: a change acts once and answers the same, whoever lost the first answer and however often."""

from typing import Any

import pytest
from attrs import frozen

from taskactors.board.commands import run_command
from taskactors.board.requests.request import Mutation
from taskactors.board.requests.tasks import CreateTask
from taskactors.domain.errors import DuplicateCode, InvalidArguments, KeyReused, NotClaimable

from .board import TABLE, Board, Seat


@frozen(kw_only=True)
class CreateTaskOfLater(CreateTask):
    """The request as a later version may know it."""

    colour: str = "red"


CHANGES: dict[str, dict[str, Any]] = {
    "create_task": {"code": "NEW", "name": "n", "description": "d"},
    "update_task": {"code": "HELD-1", "add_note": "a note"},
    "assign_task": {"code": "HELD-1", "new_owner": "bob"},
    "set_task_state": {"code": "HELD-1", "state": "Review"},
    "archive_task": {"code": "OVER-1"},
    "claim_task": {"code": "FREE-1"},
    "next_task": {},
    "renew_claim": {"code": "HELD-1", "fence": 1},
    "report_progress": {"code": "HELD-1", "fence": 1, "percent": 50, "note": "half"},
    "complete_task": {"code": "HELD-1", "fence": 1, "summary": "done"},
    "review_task": {"code": "REVIEW-1", "verdict": "send_back", "findings": ["more"]},
    "release_task": {"code": "HELD-1", "failure": "transient"},
    "start_work_session": {"code": "HELD-1"},
    "end_work_session": {"session_id": 1, "notes": "enough"},
    "register_agent": {"agent_name": "ada", "agent_type": "dev", "capabilities": ["python"]},
    "create_task_message": {"task_code": "HELD-1", "content": "hello", "message_type": "comment"},
    "send_message": {"to": "all", "content": "hello"},
    "read_inbox": {},
    "offer_handoff": {"code": "HELD-1", "fence": 1, "to": "bob", "summary": "half of it is done"},
    "answer_handoff": {"handoff_id": 1, "accept": True},
    "request_help": {"code": "HELD-1", "question": "how?", "blocking": True},
}


@pytest.fixture
def busy(board: Board, ada: Seat, bob: Seat) -> Seat:
    """Ada, with something for every tool to act on."""
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=[])
    bob.held("REVIEW-1")
    bob.move("REVIEW-1", "Review")
    ada.task("FREE-1")
    ada.held("OVER-1")
    ada.start_work_session(code="OVER-1")
    ada.move("OVER-1", "Done")
    ada.held("HELD-1")
    bob.send_message(to="ada", content="hello")
    bob.held("OFFERED-1")
    bob.offer_handoff(code="OFFERED-1", fence=1, to="ada", summary="half of it is done")
    return ada


@pytest.mark.parametrize("tool", CHANGES)
def test_a_repeat_under_its_key_acts_once_and_answers_the_same(board: Board, busy: Seat, tool: str) -> None:
    arguments = CHANGES[tool] | {"idempotency_key": "k-1"}
    first = busy.call(tool, **arguments)
    stored = board.engine.read(lambda snapshot: snapshot.range(b"", b"\xff" * 8, limit=10_000))
    for _ in range(3):
        board.later(60)
        assert busy.call(tool, **arguments) == {**first, "replayed": True}
    assert board.engine.read(lambda snapshot: snapshot.range(b"", b"\xff" * 8, limit=10_000)) == stored


@pytest.mark.parametrize("tool", CHANGES)
def test_a_first_answer_does_not_say_that_it_is_a_repeat(busy: Seat, tool: str) -> None:
    assert "replayed" not in busy.call(tool, **CHANGES[tool], idempotency_key="k-1")


@pytest.mark.parametrize("tool", [name for name, tool in TABLE.items() if not tool.reads and "admin." not in name])
def test_every_tool_that_changes_something_takes_a_key(tool: str) -> None:
    assert issubclass(TABLE[tool].request, Mutation)


def test_a_repeat_is_answered_as_before_even_when_the_world_has_moved_on(board: Board, ada: Seat, bob: Seat) -> None:
    ada.task("T-1")
    first = ada.claim_task(code="T-1", idempotency_key="k-1")
    ada.release_task(code="T-1")
    bob.claim_task(code="T-1")
    assert ada.claim_task(code="T-1", idempotency_key="k-1") == {**first, "replayed": True}
    assert board.task("T-1").holder == "bob"


def test_the_same_key_with_other_arguments_is_refused_and_does_nothing(board: Board, ada: Seat) -> None:
    ada.task("SEC", idempotency_key="k-1")
    before = board.events()
    with pytest.raises(KeyReused) as no:
        ada.task("SEC", idempotency_key="k-1", priority_score=6)
    assert (no.value.key, no.value.tool) == ("k-1", "create_task")
    assert board.events() == before


def test_a_key_is_one_callers_for_one_tool(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    assert ada.task("SEC", idempotency_key="k-1") == "SEC-001"
    assert bob.task("SEC", idempotency_key="k-1") == "SEC-002"
    assert person.task("SEC", idempotency_key="k-1") == "SEC-003"
    assert "replayed" not in ada.send_message(to="all", content="hello", idempotency_key="k-1")


def test_acting_for_an_agent_is_that_agents_call_also_under_a_key(board: Board, ada: Seat) -> None:
    assert ada.task("SEC", idempotency_key="k-1") == "SEC-001"
    assert board.as_person(acting_for="ada").task("SEC", idempotency_key="k-1") == "SEC-001"


def test_null_spelling_and_default_do_not_make_other_arguments(ada: Seat) -> None:
    ada.create_task(code="SEC", name="n", description="d", owner="bob", idempotency_key="k-1")
    answer = ada.create_task(
        code="SEC", name="n", description="d", owner_agent_name="bob", role=None, priority_score=5, labels=[], idempotency_key="k-1"
    )
    assert answer["replayed"]


def test_a_repeat_across_an_update_that_added_an_argument_is_still_the_same_request(board: Board, ada: Seat) -> None:
    first = ada.create_task(code="SEC", name="n", description="d", depends_on=[], idempotency_key="k-1")
    request = CreateTaskOfLater(code="SEC", name="n", description="d", idempotency_key="k-1")
    unit = TABLE["create_task"].unit
    (outcome,) = board.write(
        lambda transaction: run_command(transaction, "create_task", request, ada.caller, "later", unit, board.settings)
    )
    assert board.outcome(outcome) == {**first, "replayed": True}


def test_two_uses_of_a_key_in_one_batch_act_once(board: Board, ada: Seat) -> None:
    one = ada.command("create_task", code="SEC", name="n", description="d", idempotency_key="k-1")
    other = ada.command("create_task", code="SEC", name="n", description="d", idempotency_key="k-1")
    first, second = (board.outcome(outcome) for outcome in board.write(one, other))
    assert second == {**first, "replayed": True}
    assert board.view().state_counts() == {"Created": 1}


def test_a_refusal_is_not_kept_and_the_key_may_be_used_again(ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    for _ in range(2):
        with pytest.raises(NotClaimable):
            bob.claim_task(code="T-1", idempotency_key="k-1")
    ada.release_task(code="T-1")
    answer = bob.claim_task(code="T-1", idempotency_key="k-1")
    assert (answer["claim"]["agent"], "replayed" in answer) == ("bob", False)


def test_a_refused_first_use_binds_the_key_to_no_arguments(ada: Seat) -> None:
    ada.task("T-1")
    with pytest.raises(DuplicateCode):
        ada.task("T-1", idempotency_key="k-1")
    assert ada.task("T-2", idempotency_key="k-1") == "T-2"


def test_an_answer_that_there_is_nothing_is_not_kept(ada: Seat, person: Seat) -> None:
    assert ada.next_task(idempotency_key="k-1")["nothing_ready"]
    person.task("T-1")
    assert ada.next_task(idempotency_key="k-1")["code"] == "T-1"


def test_an_answer_is_kept_for_a_day_and_then_dropped(board: Board, ada: Seat) -> None:
    ada.task("SEC", idempotency_key="k-1")
    board.later(24 * 3600 - 1).sweep_all()
    assert ada.task("SEC", idempotency_key="k-1") == "SEC-001"
    board.later(1).sweep_all()
    assert ada.task("SEC", idempotency_key="k-1") == "SEC-002"


def test_events_go_by_the_key_and_without_one_by_a_command_of_their_own(board: Board, ada: Seat) -> None:
    ada.task("T-1", idempotency_key="my-key")
    ada.task("T-2")
    ada.task("T-3")
    *_, keyed, one, other = board.events()
    assert keyed.command == "my-key"
    assert len({keyed.command, one.command, other.command}) == 3


@pytest.mark.parametrize("key", ["", "k" * 65, "two words", "k\n", "ключ", 7])
def test_a_key_that_is_none_is_refused(board: Board, ada: Seat, key: object) -> None:
    with pytest.raises(InvalidArguments) as no:
        ada.task("T-1", idempotency_key=key)
    assert no.value.problems[0].startswith("idempotency_key: ")
    assert board.events() == []


def test_the_longest_key_of_the_longest_name_fits(board: Board) -> None:
    seat = board.as_agent("a" * 50)
    assert seat.task("SEC", idempotency_key="k" * 64) == seat.task("SEC", idempotency_key="k" * 64) == "SEC-001"
