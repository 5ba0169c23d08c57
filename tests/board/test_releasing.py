"""Giving a task back: who may, with which fence, and what a failure of each class means for the next attempt."""

import pytest

from taskactors.domain.errors import InvalidArguments, InvalidTransition, NotHolder, NotYet, StaleClaim
from taskactors.domain.moments import text_of
from taskactors.domain.task import State

from .board import NOW, Board, Seat

BACK_OFF_S = {
    "transient": (30, 30),
    "capability_mismatch": (0, 0),
    "context_overflow": (0, 0),
    "logic_error": (60, 120),
    "environmental": (60, 120),
    "invalid_requirements": (0, 0),
    "lease_expired": (0, 0),
}
"""What each class of failure costs after the first and the second attempt, in seconds."""


def test_a_released_task_is_open_to_everybody_and_the_event_says_why(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    answer = ada.release_task(code="T-1", reason="not mine after all")
    assert (answer["state"], answer["owner_agent_name"]) == ("Created", None)
    assert "claim" not in answer
    *_, event = board.events()
    assert (event.kind, event.by, event.data["reason"]) == ("task_released", "ada", "not mine after all")
    assert bob.claim_task(code="T-1")["claim"]["fence"] == 2


@pytest.mark.parametrize("fence", [2, 99])
def test_a_fence_that_is_not_the_claims_releases_nothing(board: Board, ada: Seat, fence: int) -> None:
    ada.held("T-1")
    before, log = board.task("T-1"), board.events()
    with pytest.raises(StaleClaim) as no:
        ada.release_task(code="T-1", fence=fence)
    assert (no.value.current_fence, no.value.holder) == (1, "ada")
    assert (board.task("T-1"), board.events()) == (before, log)


def test_a_release_twice_is_refused_the_second_time(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    ada.release_task(code="T-1", fence=1)
    log = board.events()
    with pytest.raises(StaleClaim):
        ada.release_task(code="T-1", fence=1)
    with pytest.raises(NotHolder):
        ada.release_task(code="T-1")
    assert board.events() == log


def test_a_task_that_nobody_holds_is_not_released_and_says_so(board: Board, ada: Seat, person: Seat) -> None:
    ada.task("T-1")
    for seat in (ada, person):
        with pytest.raises(NotHolder) as no:
            seat.release_task(code="T-1")
        assert no.value.holder is None
        assert "nobody" in str(no.value)


@pytest.mark.parametrize("state", ["Done", "Archived", "Cancelled"])
def test_what_is_over_is_not_released(board: Board, ada: Seat, person: Seat, state: str) -> None:
    ada.held("T-1")
    ada.move("T-1", *(("Done", "Archived") if state == "Archived" else (state,)))
    before = board.task("T-1")
    for seat in (ada, person):
        with pytest.raises(InvalidTransition):
            seat.release_task(code="T-1")
    assert board.task("T-1") == before


@pytest.mark.parametrize("state", ["Blocked", "Review", "PendingHandoff"])
def test_a_holder_gives_back_what_it_holds_in_any_state(ada: Seat, state: str) -> None:
    ada.held("T-1")
    ada.move("T-1", state)
    assert ada.release_task(code="T-1", fence=1)["state"] == "Created"


def test_only_the_holder_releases_but_people_and_coordinators_may(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    for code in ("T-1", "T-2"):
        ada.held(code)
        with pytest.raises(NotHolder) as no:
            bob.release_task(code=code)
        assert no.value.holder == "ada"
        with pytest.raises(NotHolder):
            bob.release_task(code=code, fence=1)
    assert person.release_task(code="T-1")["state"] == "Created"
    assert board.as_coordinator("lead").release_task(code="T-2")["state"] == "Created"


@pytest.mark.parametrize("failure", BACK_OFF_S)
def test_each_class_of_failure_has_its_back_off_and_a_third_puts_the_task_aside(board: Board, ada: Seat, failure: str) -> None:
    ada.task("T-1")
    for attempt, wait_s in enumerate(BACK_OFF_S[failure], 1):
        ada.claim_task(code="T-1")
        answer = ada.release_task(code="T-1", failure=failure)
        assert (answer["state"], answer["attempts"]) == ("Created", attempt)
        assert answer.get("not_before") == (text_of(board.now + wait_s * 1000) if wait_s else None)
        if wait_s:
            with pytest.raises(NotYet):
                ada.claim_task(code="T-1")
            assert not ada.discover_work()["items"]
            board.later(wait_s).sweep_all()
        assert [each["code"] for each in ada.discover_work()["items"]] == ["T-1"]
    ada.claim_task(code="T-1")
    answer = ada.release_task(code="T-1", failure=failure)
    assert (answer["state"], answer["attempts"]) == ("Quarantined", 3)
    assert not ada.discover_work()["items"]


def test_a_failure_is_told_in_the_event(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    ada.release_task(code="T-1", failure="logic_error")
    *_, event = board.events()
    assert (event.data["failure"], event.data["attempts"], event.data["to"]) == ("logic_error", 1, "Created")
    assert event.data["not_before"] == NOW + 60_000


def test_a_release_without_a_failure_counts_none(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    for _ in range(5):
        ada.claim_task(code="T-1")
        ada.release_task(code="T-1")
    assert (board.task("T-1").attempts, board.task("T-1").state) == (0, State.CREATED)


def test_a_kick_starts_the_count_anew(board: Board, ada: Seat, person: Seat) -> None:
    ada.task("T-1")
    for _ in range(3):
        ada.claim_task(code="T-1")
        ada.release_task(code="T-1", failure="capability_mismatch")
    person.move("T-1", "Created")
    assert board.task("T-1").attempts == 0
    ada.claim_task(code="T-1")
    assert ada.release_task(code="T-1", failure="capability_mismatch")["state"] == "Created"


def test_failures_of_different_classes_count_together(ada: Seat) -> None:
    ada.task("T-1")
    for failure in ("capability_mismatch", "context_overflow", "invalid_requirements"):
        ada.claim_task(code="T-1")
        answer = ada.release_task(code="T-1", failure=failure)
    assert answer["state"] == "Quarantined"


def test_whoever_releases_may_keep_the_task_back_for_a_while(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    assert ada.release_task(code="T-1", not_before_s=60)["not_before"] == text_of(NOW + 60_000)
    board.later(59).sweep_all()
    assert not bob.discover_work()["items"]
    board.later(1).sweep_all()
    assert bob.discover_work()["items"]
    assert "not_before" not in bob.get_task_by_code(code="T-1")


def test_a_delay_that_is_asked_for_replaces_that_of_the_failure(ada: Seat) -> None:
    ada.held("T-1")
    assert ada.release_task(code="T-1", failure="transient", not_before_s=600)["not_before"] == text_of(NOW + 600_000)


@pytest.mark.parametrize(
    ("field", "value"), [("failure", "bad luck"), ("not_before_s", -1), ("not_before_s", 604_801), ("fence", 0), ("reason", " ")]
)
def test_what_a_release_cannot_mean_is_refused(board: Board, ada: Seat, field: str, value: object) -> None:
    ada.held("T-1")
    with pytest.raises(InvalidArguments) as no:
        ada.call("release_task", code="T-1", **{field: value})
    assert no.value.problems[0].startswith(f"{field}: ")
    assert board.task("T-1").holder == "ada"


def test_a_task_whose_blocker_was_reopened_meanwhile_waits_again_when_it_comes_back(board: Board, ada: Seat, bob: Seat) -> None:
    bob.held("B-1")
    ada.task("T-1", depends_on=["B-1"])
    bob.move("B-1", "Done")
    ada.claim_task(code="T-1")
    bob.move("B-1", "Created")
    assert board.task("T-1").state is State.IN_PROGRESS
    assert ada.release_task(code="T-1")["state"] == "WaitingForDependency"
