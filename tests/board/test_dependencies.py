"""Dependencies: a task waits for its blockers and is freed with the last, in the same commit."""

import pytest

from taskactors.domain.errors import DependenciesUnmet, InvalidArguments, NotFound
from taskactors.domain.task import State
from taskactors.storage.engine import Done

from .board import Board, Seat


def finish(seat: Seat, *codes: str) -> None:
    for code in codes:
        seat.claim_task(code=code)
        seat.move(code, "Done")


def test_a_task_with_an_unmet_blocker_waits_and_says_for_what(ada: Seat) -> None:
    ada.task("B-1")
    answer = ada.create_task(code="T-1", name="n", description="d", depends_on=["b-1"])
    assert (answer["state"], answer["depends_on"]) == ("WaitingForDependency", [{"code": "B-1", "kind": "blocks"}])


def test_a_task_whose_blockers_are_all_done_is_ready_at_once(ada: Seat) -> None:
    ada.task("B-1")
    ada.task("B-2")
    finish(ada, "B-1", "B-2")
    ada.move("B-2", "Archived")
    assert ada.create_task(code="T-1", name="n", description="d", depends_on=["B-1", "B-2"])["state"] == "Created"


def test_the_last_blocker_frees_a_task_and_none_before_it(board: Board, ada: Seat) -> None:
    for code in ("B-1", "B-2", "B-3"):
        ada.task(code)
    ada.task("T-1", depends_on=["B-1", "B-2", "B-3"])
    for code in ("B-2", "B-1"):
        finish(ada, code)
        assert board.task("T-1").state is State.WAITING_FOR_DEPENDENCY
    finish(ada, "B-3")
    assert board.task("T-1").state is State.CREATED
    assert [each["code"] for each in ada.discover_work()["items"]] == ["T-1"]


def test_a_task_is_freed_in_the_very_commit_that_finished_its_blocker(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("B-1")
    ada.task("T-1", depends_on=["B-1"])
    bob.register_agent(agent_name="bob", agent_type="dev", capabilities=[])
    before = len(board.events())
    finished, claimed = board.write(
        ada.command("set_task_state", code="B-1", state="Done"),
        bob.command("claim_task", code="T-1"),
    )
    assert isinstance(finished, Done)
    assert isinstance(claimed, Done)
    moved, freed, taken = board.events()[before:]
    assert (moved.kind, freed.kind, taken.kind) == ("task_moved", "task_unblocked", "task_claimed")
    assert (freed.data["blocker_met"], freed.command, freed.by) == ("B-1", moved.command, "ada")


def test_one_task_frees_many(board: Board, ada: Seat) -> None:
    ada.task("B-1")
    for number in range(30):
        ada.task(f"T-{number}", depends_on=["B-1"])
    finish(ada, "B-1")
    assert board.view().state_counts() == {"Created": 30, "Done": 1}


def test_a_chain_is_freed_link_by_link(board: Board, ada: Seat) -> None:
    ada.task("T-0")
    for number in range(1, 5):
        ada.task(f"T-{number}", depends_on=[f"T-{number - 1}"])
    for number in range(5):
        assert [each["code"] for each in ada.discover_work()["items"]] == [f"T-{number}"]
        finish(ada, f"T-{number}")


def test_a_pointer_holds_nothing_back(board: Board, ada: Seat) -> None:
    ada.task("B-1")
    answer = ada.create_task(code="T-1", name="n", description="d", depends_on=[{"code": "B-1", "kind": "related"}])
    assert (answer["state"], answer["depends_on"]) == ("Created", [{"code": "B-1", "kind": "related"}])
    ada.move("B-1", "Cancelled")
    assert "blocker_cancelled" not in ada.get_task_by_code(code="T-1")


def test_a_cancelled_blocker_frees_nothing_and_is_said_to_be_cancelled(board: Board, ada: Seat) -> None:
    ada.task("B-1")
    ada.task("T-1", depends_on=["B-1"])
    ada.move("B-1", "Cancelled")
    shown = ada.get_task_by_code(code="T-1")
    assert (shown["state"], shown["blocker_cancelled"]) == ("WaitingForDependency", True)
    ada.move("B-1", "Archived")
    shown = ada.get_task_by_code(code="T-1")
    assert (shown["state"], shown["blocker_cancelled"]) == ("WaitingForDependency", True)
    assert sum(event.kind == "blocker_cancelled" for event in board.events()) == 1


def test_a_cancelled_blocker_that_is_reopened_and_done_frees_after_all(board: Board, ada: Seat) -> None:
    ada.task("B-1")
    ada.task("T-1", depends_on=["B-1"])
    ada.move("B-1", "Cancelled", "Created")
    assert "blocker_cancelled" not in ada.get_task_by_code(code="T-1")
    finish(ada, "B-1")
    assert board.task("T-1").state is State.CREATED


def test_a_task_made_when_its_blocker_is_cancelled_already_waits_marked(ada: Seat) -> None:
    ada.task("B-1")
    ada.move("B-1", "Cancelled")
    ada.task("T-1", depends_on=["B-1"])
    shown = ada.get_task_by_code(code="T-1")
    assert (shown["state"], shown["blocker_cancelled"]) == ("WaitingForDependency", True)


def test_archiving_a_finished_blocker_changes_nothing_for_its_dependants(board: Board, ada: Seat) -> None:
    ada.task("B-1")
    ada.task("T-1", depends_on=["B-1"])
    finish(ada, "B-1")
    before = board.task("T-1")
    ada.move("B-1", "Archived")
    assert board.task("T-1") == before


@pytest.mark.parametrize("started", [False, True])
def test_reopening_a_blocker_pulls_back_only_what_nobody_has_started(board: Board, ada: Seat, bob: Seat, started: bool) -> None:
    ada.task("B-1")
    ada.task("T-1", depends_on=["B-1"])
    finish(ada, "B-1")
    if started:
        bob.claim_task(code="T-1")
    ada.move("B-1", "Created")
    assert board.task("T-1").state is (State.IN_PROGRESS if started else State.WAITING_FOR_DEPENDENCY)
    finish(ada, "B-1")
    assert board.task("T-1").state is (State.IN_PROGRESS if started else State.CREATED)


def test_work_that_expires_while_its_blocker_is_open_again_waits(board: Board, ada: Seat, bob: Seat) -> None:
    ada.task("B-1")
    ada.task("T-1", depends_on=["B-1"])
    finish(ada, "B-1")
    bob.claim_task(code="T-1")
    ada.move("B-1", "Created")
    board.later(900).sweep_all()
    assert board.task("T-1").state is State.WAITING_FOR_DEPENDENCY


def test_a_delayed_task_that_is_freed_still_waits_for_its_time(board: Board, ada: Seat) -> None:
    ada.task("B-1")
    ada.task("T-1", depends_on=["B-1"], not_before="2026-09-22T00:00:00Z")
    finish(ada, "B-1")
    assert board.task("T-1").state is State.CREATED
    assert not ada.discover_work()["items"]
    board.later(24 * 3600).sweep_all()
    assert [each["code"] for each in ada.discover_work()["items"]] == ["T-1"]


def test_an_archived_dependant_hears_of_nothing(board: Board, ada: Seat) -> None:
    ada.task("B-1")
    ada.task("T-1", depends_on=["B-1"])
    ada.move("T-1", "Cancelled", "Archived")
    before = board.task("T-1")
    finish(ada, "B-1")
    assert board.task("T-1") == before


def test_a_kicked_task_with_an_open_blocker_waits_again(board: Board, ada: Seat, person: Seat) -> None:
    ada.task("B-1")
    ada.task("T-1", depends_on=["B-1"])
    person.move("T-1", "Quarantined")
    assert person.move("T-1", "Created")["state"] == "WaitingForDependency"


def test_a_task_cannot_wait_for_itself_nor_for_one_that_is_yet_to_come(board: Board, ada: Seat) -> None:
    for blocker in ("T-1", "T-2"):
        with pytest.raises(NotFound):
            ada.task("T-1", depends_on=[blocker])
    assert board.view().find_coded("T-1") is None


@pytest.mark.parametrize(
    "twice", [["B-1", "B-1"], ["B-1", "b-1"], ["B-1", {"code": "B-1", "kind": "related"}], [{"code": "B-1"}, {"code": "b-1"}]]
)
def test_a_blocker_named_twice_is_refused(board: Board, ada: Seat, twice: list[object]) -> None:
    ada.task("B-1")
    with pytest.raises(InvalidArguments) as no:
        ada.task("T-1", depends_on=twice)
    assert no.value.problems[0].startswith("depends_on: ")


def test_a_refusal_names_every_blocker_that_is_still_open(ada: Seat) -> None:
    for code in ("B-1", "B-2", "B-3"):
        ada.task(code)
    ada.task("T-1", depends_on=["B-1", "B-2", "B-3"])
    finish(ada, "B-2")
    with pytest.raises(DependenciesUnmet) as no:
        ada.move("T-1", "Created")
    assert no.value.unmet == ("B-1", "B-3")
