"""Assigning: an open task then waits for one agent alone, a held one moves to another with a new fence."""

import pytest

from taskactors.domain.errors import AssignedToAnother, InvalidArguments, NoName, NotClaimable, NotHolder, StaleClaim, TaskClosed
from taskactors.domain.moments import text_of

from .board import Board, Seat


@pytest.mark.parametrize("spelled", ["new_owner", "new_owner_agent_name"])
def test_an_open_task_waits_for_its_owner_alone(board: Board, ada: Seat, bob: Seat, spelled: str) -> None:
    ada.task("T-1")
    answer = ada.call("assign_task", code="T-1", **{spelled: "bob"})
    assert (answer["owner_agent_name"], answer["state"]) == ("bob", "Created")
    assert not ada.discover_work()["items"]
    assert bob.discover_work()["items"]
    with pytest.raises(AssignedToAnother):
        ada.claim_task(code="T-1")
    *_, event = board.events()
    assert (event.kind, event.data["from"], event.data["to"]) == ("task_assigned", None, "bob")


def test_both_spellings_at_once_must_say_the_same(ada: Seat) -> None:
    ada.task("T-1")
    with pytest.raises(InvalidArguments):
        ada.assign_task(code="T-1", new_owner="bob", new_owner_agent_name="eve")
    assert ada.assign_task(code="T-1", new_owner="bob", new_owner_agent_name="bob")["owner_agent_name"] == "bob"


def test_a_held_task_moves_to_its_new_owner_with_a_new_fence_and_a_whole_lease(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    board.later(600)
    claim = ada.assign_task(code="T-1", new_owner="bob")["claim"]
    assert (claim["agent"], claim["fence"], claim["expires_at"]) == ("bob", 2, text_of(board.now + 900_000))
    with pytest.raises(StaleClaim) as no:
        ada.release_task(code="T-1", fence=1)
    assert no.value.holder == "bob"
    assert bob.release_task(code="T-1", fence=2)["state"] == "Created"


def test_a_task_that_is_assigned_to_its_holder_stays_as_it_is_held(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    claim = board.task("T-1").claim
    ada.assign_task(code="T-1", new_owner="ada")
    assert board.task("T-1").claim == claim


def test_nobody_takes_a_held_task_from_its_holder_but_people_and_coordinators(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    ada.held("T-1")
    with pytest.raises(NotHolder) as no:
        bob.assign_task(code="T-1", new_owner="bob")
    assert no.value.holder == "ada"
    assert board.task("T-1").holder == "ada"
    assert person.assign_task(code="T-1", new_owner="bob")["claim"]["agent"] == "bob"
    assert board.as_coordinator("lead").assign_task(code="T-1", new_owner="ada")["claim"]["agent"] == "ada"


def test_a_task_in_review_stays_suspended_with_its_new_owner(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1", requires_review=True)
    ada.move("T-1", "Review")
    claim = ada.assign_task(code="T-1", new_owner="bob")["claim"]
    assert (claim["agent"], claim["expires_at"]) == ("bob", None)
    # It was ada's work, whoever has it now: bob may approve it.
    assert bob.move("T-1", "Done")["state"] == "Done"


@pytest.mark.parametrize("state", ["Done", "Archived", "Cancelled"])
def test_what_is_over_is_assigned_to_nobody(board: Board, ada: Seat, person: Seat, state: str) -> None:
    ada.held("T-1")
    ada.move("T-1", *(("Done", "Archived") if state == "Archived" else (state,)))
    before = board.task("T-1")
    with pytest.raises(TaskClosed) as no:
        person.assign_task(code="T-1", new_owner="bob")
    assert no.value.state == state
    assert board.task("T-1") == before


def test_an_assignment_can_be_changed_as_long_as_nobody_holds_the_task(ada: Seat, bob: Seat) -> None:
    ada.task("T-1", owner="bob")
    ada.assign_task(code="T-1", new_owner="ada")
    with pytest.raises(AssignedToAnother):
        bob.claim_task(code="T-1")
    assert ada.claim_task(code="T-1")["claim"]["agent"] == "ada"


def test_work_that_is_given_back_is_no_longer_anybodys(ada: Seat, bob: Seat) -> None:
    ada.task("T-1", owner="bob")
    bob.claim_task(code="T-1")
    bob.release_task(code="T-1")
    assert ada.claim_task(code="T-1")["claim"]["agent"] == "ada"


def test_a_waiting_task_can_be_assigned_and_still_waits(ada: Seat, bob: Seat) -> None:
    ada.held("B-1")
    ada.task("T-1", depends_on=["B-1"])
    assert ada.assign_task(code="T-1", new_owner="bob")["state"] == "WaitingForDependency"
    with pytest.raises(NotClaimable):
        bob.claim_task(code="T-1")
    ada.move("B-1", "Done")
    assert [each["code"] for each in bob.discover_work()["items"]] == ["T-1"]


def test_an_agent_that_was_never_seen_joins_when_it_is_given_work(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    ada.assign_task(code="T-1", new_owner="newcomer")
    assert board.agent("newcomer").provisional


@pytest.mark.parametrize("name", ["all", "role:qa", "Nobody", "a--b"])
def test_a_name_that_nobody_can_have_is_given_nothing(board: Board, ada: Seat, name: str) -> None:
    ada.task("T-1")
    with pytest.raises(NoName):
        ada.assign_task(code="T-1", new_owner=name)
    assert board.task("T-1").owner_agent_name is None
