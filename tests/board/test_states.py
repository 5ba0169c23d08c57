"""The state table as set_task_state walks it: every pair of states, who may, what a move leaves behind."""

import pytest

from taskactors.domain.errors import (
    DependenciesUnmet,
    InvalidArguments,
    InvalidTransition,
    NotAllowed,
    NotHolder,
    OwnReview,
    ReasonRequired,
    ReviewRequired,
    StaleClaim,
)
from taskactors.domain.moments import text_of
from taskactors.domain.task import State

from .board import NOW, Board, Seat

# Written out again from what is promised, so that a slip in the table is a failure here.
PROMISED = {
    "Created": "InProgress WaitingForDependency PendingDecomposition Quarantined Cancelled",
    "InProgress": "Blocked Review Done PendingHandoff PendingDecomposition WaitingForDependency Created Quarantined Cancelled",
    "Blocked": "InProgress Created Quarantined Cancelled",
    "Review": "Done InProgress Created Quarantined Cancelled",
    "PendingHandoff": "InProgress Created Quarantined Cancelled",
    "PendingDecomposition": "WaitingForDependency Created Quarantined Cancelled",
    "WaitingForDependency": "Created PendingDecomposition Quarantined Cancelled",
    "Quarantined": "Created Cancelled",
    "Done": "Archived Created",
    "Cancelled": "Archived Created",
    "Archived": "",
}

WAY_TO = {
    "Created": (),
    "InProgress": ("InProgress",),
    "Blocked": ("InProgress", "Blocked"),
    "Review": ("InProgress", "Review"),
    "PendingHandoff": ("InProgress", "PendingHandoff"),
    "PendingDecomposition": ("PendingDecomposition",),
    "WaitingForDependency": ("WaitingForDependency",),
    "Quarantined": ("Quarantined",),
    "Done": ("InProgress", "Done"),
    "Cancelled": ("Cancelled",),
    "Archived": ("InProgress", "Done", "Archived"),
}

HOLDING = {"InProgress", "Blocked", "Review", "PendingHandoff"}


def standing(board: Board, state: str) -> str:
    """A task of ada's in that state."""
    code = board.as_agent("ada").task("T-1")
    board.as_agent("ada").move(code, *WAY_TO[state])
    return code


@pytest.mark.parametrize("to", [str(state) for state in State])
@pytest.mark.parametrize("state", PROMISED)
def test_a_task_goes_where_the_table_says_and_nowhere_else(board: Board, person: Seat, state: str, to: str) -> None:
    code = standing(board, state)
    before, log = board.task(code), board.events()
    if to in PROMISED[state].split():
        assert person.move(code, to)["state"] == to
        *_, event = board.events()
        assert (event.data["from"], event.data["to"], event.by) == (state, to, "local")
        assert len(board.events()) == len(log) + 1
        assert (board.task(code).holder is not None) == (to in HOLDING)
        return
    with pytest.raises((InvalidTransition, NotAllowed)):
        person.move(code, to)
    assert (board.task(code), board.events()) == (before, log)


@pytest.mark.parametrize("state", PROMISED)
def test_a_refused_move_names_the_moves_there_are(board: Board, person: Seat, state: str) -> None:
    with pytest.raises(InvalidTransition) as no:
        person.move(standing(board, state), state)
    possible = set(PROMISED[state].split()) | ({"Done"} if state == "WaitingForDependency" else set())
    assert {str(each) for each in no.value.allowed} == possible
    assert all(each in no.value.remedy() for each in possible)


@pytest.mark.parametrize("state", ["inprogress", "Finished", "", 3])
def test_a_state_that_there_is_not_is_refused_before_anything_else(ada: Seat, state: object) -> None:
    ada.task("T-1")
    with pytest.raises(InvalidArguments) as no:
        ada.set_task_state(code="T-1", state=state)
    assert no.value.problems[0].startswith("state: ")


@pytest.mark.parametrize("to", ["Blocked", "Review", "Done", "PendingHandoff", "PendingDecomposition", "WaitingForDependency", "Created"])
def test_only_the_holder_moves_work_in_progress(board: Board, ada: Seat, bob: Seat, to: str) -> None:
    ada.held("T-1")
    with pytest.raises(NotHolder) as no:
        bob.move("T-1", to)
    assert no.value.holder == "ada"
    assert board.task("T-1").holder == "ada"
    assert ada.move("T-1", to)["state"] == to


@pytest.mark.parametrize("to", ["Cancelled", "Quarantined"])
def test_a_stranger_neither_calls_off_nor_puts_aside_what_is_not_theirs(board: Board, ada: Seat, bob: Seat, to: str) -> None:
    ada.task("T-1")
    ada.held("T-2")
    for code in ("T-1", "T-2"):
        with pytest.raises(NotAllowed):
            bob.move(code, to)
        assert board.as_coordinator("lead").move(code, to)["state"] == to


def test_a_coordinator_moves_what_another_holds_and_the_log_says_who_did(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    board.as_coordinator("lead").move("T-1", "Created")
    *_, event = board.events()
    assert (event.kind, event.by, board.task("T-1").holder) == ("task_moved", "lead", None)


def test_an_agent_that_was_a_coordinator_is_one_no_longer(board: Board, ada: Seat, person: Seat) -> None:
    lead = board.as_coordinator("lead")
    person.call("admin.promote_agent", agent_name="lead", coordinator=False)
    ada.held("T-1")
    with pytest.raises(NotHolder):
        lead.move("T-1", "Created")


def test_starting_work_is_a_claim_by_whoever_asks(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    answer = ada.set_task_state(code="T-1", state="InProgress")
    assert (answer["claim"]["agent"], answer["claim"]["fence"], answer["owner_agent_name"]) == ("ada", 1, "ada")
    *_, event = board.events()
    assert event.kind == "task_claimed"


def test_a_person_who_starts_an_assigned_task_starts_it_for_its_owner(board: Board, ada: Seat, person: Seat) -> None:
    ada.task("T-1", owner="bob")
    assert person.move("T-1", "InProgress")["claim"]["agent"] == "bob"


def test_the_fence_of_a_claim_that_ended_moves_nothing(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    ada.release_task(code="T-1")
    bob.claim_task(code="T-1")
    for caller in (ada, bob):
        with pytest.raises(StaleClaim) as no:
            caller.set_task_state(code="T-1", state="Done", fence=1)
        assert (no.value.holder, no.value.current_fence) == ("bob", 2)
    assert board.task("T-1").state is State.IN_PROGRESS
    assert bob.set_task_state(code="T-1", state="Done", fence=2)["state"] == "Done"


def test_done_is_stamped_kept_by_the_archive_and_cleared_by_reopening_alone(board: Board, ada: Seat, person: Seat) -> None:
    ada.held("T-1")
    done_at = ada.move("T-1", "Done")["done_at"]
    assert done_at == text_of(NOW)
    board.later(60)
    assert person.move("T-1", "Created")["done_at"] is None
    ada.claim_task(code="T-1")
    ada.move("T-1", "Done")
    board.later(60)
    assert ada.archive_task(code="T-1")["done_at"] == text_of(NOW + 60_000)


@pytest.mark.parametrize("state", ["Done", "Cancelled"])
def test_reopening_needs_a_reason_and_gives_the_task_to_nobody(board: Board, ada: Seat, bob: Seat, state: str) -> None:
    ada.held("T-1")
    ada.move("T-1", state)
    with pytest.raises(ReasonRequired):
        bob.set_task_state(code="T-1", state="Created")
    answer = bob.set_task_state(code="T-1", state="Created", reason="it broke again")
    assert (answer["state"], answer["owner_agent_name"], answer["done_at"]) == ("Created", None, None)
    *_, event = board.events()
    assert event.data["reason"] == "it broke again"


def test_a_kick_is_for_people_and_coordinators_with_a_reason(board: Board, ada: Seat, person: Seat) -> None:
    ada.task("T-1")
    ada.move("T-1", "Quarantined")
    with pytest.raises(NotAllowed):
        ada.move("T-1", "Created")
    with pytest.raises(ReasonRequired):
        person.set_task_state(code="T-1", state="Created")
    assert board.as_coordinator("lead").move("T-1", "Created")["state"] == "Created"


def test_review_stops_the_clock_and_sending_back_starts_it_again_under_the_same_fence(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    ada.move("T-1", "Review")
    board.later(48 * 3600).sweep_all()
    suspended = board.task("T-1").claim
    assert suspended is not None
    assert (suspended.expires_at, suspended.agent) == (None, "ada")
    claim = bob.move("T-1", "InProgress")["claim"]
    assert (claim["agent"], claim["fence"], claim["expires_at"]) == ("ada", 1, text_of(board.now + 900_000))


def test_work_that_needs_a_review_is_not_done_without_one(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1", requires_review=True)
    with pytest.raises(ReviewRequired):
        ada.move("T-1", "Done")
    ada.move("T-1", "Review")
    with pytest.raises(OwnReview) as no:
        ada.move("T-1", "Done")
    assert no.value.implementer == "ada"
    assert bob.move("T-1", "Done")["state"] == "Done"


def test_even_a_person_who_did_the_work_does_not_approve_it(person: Seat) -> None:
    person.held("T-1", requires_review=True)
    person.move("T-1", "Review")
    with pytest.raises(OwnReview):
        person.move("T-1", "Done")


def test_a_review_that_nobody_asked_for_may_be_closed_by_anyone(ada: Seat) -> None:
    ada.held("T-1")
    ada.move("T-1", "Review")
    assert ada.move("T-1", "Done")["state"] == "Done"


def test_a_blocked_task_says_why_until_it_goes_on(ada: Seat) -> None:
    ada.held("T-1")
    assert ada.move("T-1", "Blocked", reason="no key")["blocked_reason"] == "no key"
    assert "blocked_reason" not in ada.move("T-1", "InProgress")


@pytest.mark.parametrize("state", ["WaitingForDependency", "PendingDecomposition"])
def test_a_state_set_by_hand_lasts_until_it_is_ended_by_hand(board: Board, ada: Seat, state: str) -> None:
    ada.held("B-1")
    ada.task("T-1", depends_on=["B-1"])
    ada.move("T-1", "PendingDecomposition", *((state,) if state != "PendingDecomposition" else ()))
    ada.move("B-1", "Done")
    board.later(7 * 24 * 3600).sweep_all()
    assert board.task("T-1").state == state
    assert ada.move("T-1", "Created")["state"] == "Created"


def test_nobody_says_by_hand_that_a_task_waits_no_longer_while_it_does(board: Board, ada: Seat, person: Seat) -> None:
    ada.task("B-1")
    ada.task("T-1", depends_on=["B-1"])
    for caller in (ada, person):
        with pytest.raises(DependenciesUnmet) as no:
            caller.move("T-1", "Created")
        assert no.value.unmet == ("B-1",)


def test_a_claim_ends_with_the_state_that_it_was_for(board: Board, ada: Seat, bob: Seat) -> None:
    for number, to in enumerate(("PendingDecomposition", "WaitingForDependency", "Created", "Quarantined"), 1):
        code = ada.held(f"T-{number}")
        ada.move(code, to)
        task = board.task(code)
        assert (task.claim, task.owner_agent_name) == (None, None)
    assert board.view().held_by("ada", 10) == ()


def test_what_is_done_or_called_off_still_says_whose_work_it_was(ada: Seat) -> None:
    ada.held("T-1")
    ada.held("T-2")
    assert ada.move("T-1", "Done")["owner_agent_name"] == "ada"
    assert ada.move("T-2", "Cancelled")["owner_agent_name"] == "ada"


def test_every_move_is_one_event_with_both_states_and_its_reason(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    before = len(board.events())
    ada.move("T-1", "Blocked", "InProgress", "Review", "Done", "Archived", reason="so it goes")
    moves = board.events()[before:]
    assert [(event.data["from"], event.data["to"]) for event in moves] == [
        ("InProgress", "Blocked"),
        ("Blocked", "InProgress"),
        ("InProgress", "Review"),
        ("Review", "Done"),
        ("Done", "Archived"),
    ]
    assert {event.data.get("reason") for event in moves[:-1]} == {"so it goes"}
    assert {event.by for event in moves} == {"ada"}


def test_archiving_is_for_what_is_over(board: Board, ada: Seat) -> None:
    for state in PROMISED:
        if state in ("Done", "Cancelled"):
            continue
        code = ada.task(f"T-{state}"[:20])
        ada.move(code, *WAY_TO[state])
        with pytest.raises(InvalidTransition):
            ada.archive_task(code=code)
        assert board.task(code).state == state


def test_an_archived_task_never_comes_back(board: Board, ada: Seat, person: Seat) -> None:
    code = standing(board, "Archived")
    before, log = board.task(code), board.events()
    for state in State:
        for caller in (ada, person):
            with pytest.raises(InvalidTransition) as no:
                caller.move(code, state)
            assert no.value.allowed == ()
    assert (board.task(code), board.events()) == (before, log)
