"""Fences: whoever lost a claim writes nothing with it any more, whatever the tool, and is told who holds the task now."""

from typing import Any

import pytest

from taskactors.domain.errors import NotHolder, StaleClaim

from .board import Board, Seat

WRITES: dict[str, dict[str, Any]] = {
    "renew_claim": {},
    "report_progress": {"percent": 10},
    "complete_task": {"summary": "done"},
    "release_task": {},
    "set_task_state": {"state": "Review"},
    "offer_handoff": {"to": "zoe", "summary": "half of it is done"},
}
"""What a holder writes, beside the task and its fence."""

writes = pytest.mark.parametrize("tool", WRITES)


def write(seat: Seat, tool: str, fence: int) -> object:
    return seat.call(tool, code="T-1", fence=fence, **WRITES[tool])


@writes
def test_the_fence_of_the_claim_is_taken(ada: Seat, tool: str) -> None:
    ada.held("T-1")
    assert write(ada, tool, 1)


@writes
def test_the_fence_of_an_expired_claim_is_refused_naming_the_new_holder(board: Board, ada: Seat, bob: Seat, tool: str) -> None:
    ada.held("T-1")
    board.later(900).sweep_all()
    bob.claim_task(code="T-1")
    before, log = board.task("T-1"), board.events()
    with pytest.raises(StaleClaim) as no:
        write(ada, tool, 1)
    assert (no.value.holder, no.value.fence, no.value.current_fence) == ("bob", 1, 2)
    assert (board.task("T-1"), board.events()) == (before, log)


@writes
def test_the_fence_of_a_former_claim_is_refused_even_to_who_holds_the_task_again(board: Board, ada: Seat, tool: str) -> None:
    ada.held("T-1")
    ada.release_task(code="T-1")
    ada.claim_task(code="T-1")
    before = board.task("T-1")
    with pytest.raises(StaleClaim):
        write(ada, tool, 1)
    assert board.task("T-1") == before
    assert write(ada, tool, 2)


@writes
def test_a_fence_of_a_task_that_nobody_holds_is_refused(board: Board, ada: Seat, tool: str) -> None:
    ada.held("T-1")
    ada.release_task(code="T-1")
    with pytest.raises(StaleClaim) as no:
        write(ada, tool, 1)
    assert no.value.holder is None


@writes
def test_a_fence_that_was_never_given_is_refused(board: Board, ada: Seat, tool: str) -> None:
    ada.held("T-1")
    with pytest.raises(StaleClaim):
        write(ada, tool, 2)
    assert board.task("T-1").holder == "ada"


@writes
def test_somebody_elses_fence_opens_nothing(board: Board, ada: Seat, bob: Seat, tool: str) -> None:
    ada.held("T-1")
    before, log = board.task("T-1"), board.events()
    with pytest.raises(NotHolder) as no:
        write(bob, tool, 1)
    assert no.value.holder == "ada"
    assert (board.task("T-1"), board.events()) == (before, log)


@writes
def test_after_a_reassignment_the_old_fence_is_refused_and_the_new_one_taken(board: Board, ada: Seat, bob: Seat, tool: str) -> None:
    ada.held("T-1")
    ada.assign_task(code="T-1", new_owner="bob")
    with pytest.raises(StaleClaim):
        write(ada, tool, 1)
    assert write(bob, tool, 2)


@writes
def test_a_person_may_write_for_the_holder_and_the_log_says_who_did(board: Board, ada: Seat, person: Seat, tool: str) -> None:
    ada.held("T-1")
    before = len(board.events())
    assert write(person, tool, 1)
    assert {event.by for event in board.events()[before:]} <= {"local"}
    with pytest.raises(StaleClaim):
        write(person, tool, 7)


@writes
def test_a_late_write_in_the_batch_that_took_the_task_away_is_refused(board: Board, ada: Seat, person: Seat, tool: str) -> None:
    ada.held("T-1")
    taken, late = board.write(
        person.command("assign_task", code="T-1", new_owner="bob"),
        ada.command(tool, code="T-1", fence=1, **WRITES[tool]),
    )
    board.outcome(taken)
    with pytest.raises(StaleClaim) as no:
        board.outcome(late)
    assert no.value.holder == "bob"
