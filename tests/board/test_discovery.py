"""Finding work: only what may be claimed now, in the order of work, and why something is not offered."""

from typing import Any

import pytest

from taskactors.board.change import LANES_LIMIT
from taskactors.domain.agent import ROLES
from taskactors.domain.errors import InvalidArguments, LimitReached
from taskactors.domain.moments import text_of

from .board import NOW, Board, Seat

HOUR = 3600


def offered(seat: Seat, **arguments: object) -> list[str]:
    return [each["code"] for each in seat.call("discover_work", **arguments)["items"]]


def reasons(seat: Seat, **arguments: object) -> dict[str, str | None]:
    answer = seat.call("discover_work", explain=True, **arguments)
    return {each["code"]: each.get("why") for each in answer["explained"]}


def test_nothing_is_offered_where_there_is_nothing(ada: Seat) -> None:
    assert offered(ada) == []


def test_what_is_offered_can_be_claimed_and_what_is_not_cannot_be_offered(board: Board, ada: Seat, bob: Seat) -> None:
    ada.task("OPEN-1")
    ada.task("MINE-1", owner="bob")
    ada.task("THEIRS-1", owner="ada")
    ada.held("HELD-1")
    ada.held("REVIEW-1")
    ada.move("REVIEW-1", "Review")
    ada.held("DONE-1")
    ada.move("DONE-1", "Done")
    ada.task("LATER-1", not_before=text_of(NOW + 60_000))
    ada.task("WAITS-1", depends_on=["OPEN-1"])
    ada.task("AREA-1", role="docs")
    ada.task("SKILL-1", required_capabilities=["rust"])
    ada.task("ASIDE-1")
    ada.move("ASIDE-1", "Quarantined")
    ada.task("OFF-1")
    ada.move("OFF-1", "Cancelled")
    codes = offered(bob)
    assert codes == ["OPEN-1", "MINE-1"]
    for code in codes:
        assert bob.claim_task(code=code)["claim"]["agent"] == "bob"


def test_looking_takes_nothing_and_is_not_an_event(board: Board, ada: Seat, bob: Seat) -> None:
    ada.task("T-1")
    log = board.events()
    assert offered(ada) == offered(bob) == ["T-1"]
    assert board.events() == log


def test_the_more_urgent_comes_first_then_the_older(board: Board, ada: Seat) -> None:
    ada.task("MIDDLE-1")
    ada.task("LOW-1", priority_score=0)
    ada.task("TOP-1", priority_score=10)
    board.later(1)
    ada.task("MIDDLE-2")
    ada.task("TOP-2", priority_score=10)
    assert offered(ada) == ["TOP-1", "TOP-2", "MIDDLE-1", "MIDDLE-2", "LOW-1"]


def test_ten_hours_of_waiting_weigh_as_much_as_a_point_so_that_nothing_starves(board: Board, ada: Seat) -> None:
    ada.task("OLD-1", priority_score=0)
    board.later(100 * HOUR - 1)
    ada.task("NEW-1", priority_score=10)
    assert offered(ada) == ["NEW-1", "OLD-1"]
    board.later(2)
    ada.task("NEW-2", priority_score=10)
    assert offered(ada) == ["NEW-1", "OLD-1", "NEW-2"]


def test_of_equals_the_one_that_is_due_first_comes_first_and_then_plan_order(board: Board, ada: Seat) -> None:
    ada.task("NONE-1")
    ada.task("LATE-1", due_at=text_of(NOW + 2 * HOUR * 1000))
    ada.task("SOON-1", due_at=text_of(NOW + HOUR * 1000))
    ada.task("NONE-2")
    assert offered(ada) == ["SOON-1", "LATE-1", "NONE-1", "NONE-2"]


def test_the_order_is_one_across_lanes(ada: Seat) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["python", "sql"], role="qa")
    ada.task("D-1", priority_score=6, owner="ada")
    ada.task("B-1", priority_score=8, role="qa")
    ada.task("E-1", priority_score=5)
    ada.task("A-1", priority_score=9, required_capabilities=["sql", "python"])
    ada.task("C-1", priority_score=7, required_capabilities=["python"], role="qa")
    assert offered(ada) == ["A-1", "B-1", "C-1", "D-1", "E-1"]
    assert offered(ada, max_tasks=2) == ["A-1", "B-1"]
    assert offered(ada, limit=3) == ["A-1", "B-1", "C-1"]


def test_a_changed_priority_changes_the_place(ada: Seat) -> None:
    ada.task("T-1")
    ada.task("T-2")
    ada.update_task(code="T-2", priority_score=9)
    assert offered(ada) == ["T-2", "T-1"]


def test_a_task_that_was_given_back_stands_where_it_stood(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    board.later(60)
    ada.task("T-2")
    ada.release_task(code="T-1")
    assert offered(ada) == ["T-1", "T-2"]


def test_work_that_is_assigned_is_offered_whatever_role_it_was_for(ada: Seat, bob: Seat) -> None:
    ada.task("T-1", role="docs", owner="bob")
    assert offered(bob) == ["T-1"]


@pytest.mark.parametrize("role", ROLES)
def test_work_of_a_role_is_offered_to_that_role_alone(board: Board, person: Seat, role: str) -> None:
    person.task("T-1", role=role)
    for other in ROLES:
        agent = board.as_agent(f"the-{other}")
        agent.register_agent(agent_name=f"the-{other}", agent_type="dev", capabilities=[], role=other)
        assert offered(agent) == (["T-1"] if other == role else [])


@pytest.mark.parametrize(
    ("needed", "registered", "fits"),
    [
        ([], [], True),
        ([], ["python"], True),
        (["python"], [], False),
        (["python"], ["python"], True),
        (["python"], ["pytho"], False),
        (["python"], ["python3"], False),
        (["python", "sql"], ["python"], False),
        (["sql", "python"], ["python", "sql", "go"], True),
        (["Python"], ["python"], False),
    ],
)
def test_work_is_offered_to_whoever_can_do_all_of_it(ada: Seat, needed: list[str], registered: list[str], fits: bool) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=registered)
    ada.task("T-1", required_capabilities=needed)
    assert bool(offered(ada)) == fits


def test_what_somebody_asks_for_narrows_what_they_registered_and_never_widens_it(ada: Seat) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["python", "sql"])
    for capability in ("python", "sql", "rust"):
        ada.task(f"T-{capability}", required_capabilities=[capability])
    assert offered(ada) == ["T-python", "T-sql"]
    assert offered(ada, capabilities=["sql", "rust"]) == ["T-sql"]
    assert offered(ada, capabilities=[]) == []


def test_whoever_never_registered_is_shown_what_it_says_it_can_do_and_told_to_register(board: Board, person: Seat) -> None:
    person.task("T-1", required_capabilities=["python"])
    stranger = board.as_agent("stranger")
    answer = stranger.discover_work(capabilities=["python"])
    assert [each["code"] for each in answer["items"]] == ["T-1"]
    assert "register_agent" in answer["hint"]
    assert offered(stranger) == []


def test_people_are_offered_everything_that_is_ready(ada: Seat, person: Seat) -> None:
    ada.task("T-1", role="docs", required_capabilities=["cobol"])
    ada.task("T-2", owner="ada")
    assert offered(person) == ["T-1", "T-2"]


def test_offers_are_short(ada: Seat) -> None:
    ada.task("T-1", description="d" * 20_000, acceptance_criteria=["a" * 1_000])
    (item,) = ada.discover_work()["items"]
    assert len(item["description"]) < 300
    assert "acceptance_criteria" not in item


@pytest.mark.parametrize("limit", [0, -1, 101, 2**31, 2**63])
def test_an_unreasonable_number_of_offers_is_refused(ada: Seat, limit: int) -> None:
    with pytest.raises(InvalidArguments) as no:
        ada.discover_work(max_tasks=limit)
    assert no.value.problems[0].startswith("max_tasks: ")


def test_explaining_says_of_each_open_task_why_it_is_not_offered(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["python"], role="qa")
    ada.task("FREE-1")
    ada.task("ROLE-1", role="docs")
    ada.task("SKILL-1", required_capabilities=["rust", "python"])
    ada.task("OWNED-1", owner="bob")
    ada.task("LATER-1", not_before=text_of(NOW + 60_000))
    bob.held("HELD-1")
    ada.task("WAITS-1", depends_on=["HELD-1"])
    person.task("ASIDE-1")
    person.move("ASIDE-1", "Quarantined")
    why = reasons(ada)
    assert why.pop("FREE-1") is None
    assert {code: reason for code, reason in why.items() if reason is None} == {}
    for code, names in {
        "ROLE-1": "docs",
        "SKILL-1": "rust",
        "OWNED-1": "bob",
        "LATER-1": text_of(NOW + 60_000),
        "HELD-1": "bob",
        "WAITS-1": "HELD-1",
        "ASIDE-1": "put aside",
    }.items():
        assert names in str(why[code])
    assert "python" not in str(why["SKILL-1"])


def test_what_is_explained_as_offered_is_what_is_offered(board: Board, ada: Seat, bob: Seat) -> None:
    kinds: tuple[dict[str, Any], ...] = ({}, {"owner": "bob"}, {"role": "qa"}, {"required_capabilities": ["go"]}, {"priority_score": 9})
    for number, given in enumerate(kinds):
        ada.task(f"T-{number}", **given)
    for seat in (ada, bob):
        assert {code for code, why in reasons(seat).items() if why is None} == set(offered(seat))


def test_there_are_so_many_kinds_of_work_at_most_and_freed_work_is_never_refused(board: Board, ada: Seat) -> None:
    for number in range(LANES_LIMIT):
        ada.task(f"T-{number}", required_capabilities=[f"c{number}"])
    with pytest.raises(LimitReached) as no:
        ada.task("ONE-MORE-1", required_capabilities=["another"])
    assert no.value.limit == LANES_LIMIT
    with pytest.raises(LimitReached):
        ada.update_task(code="T-0", add_labels=["x"], required_capabilities=["another"])
    with pytest.raises(LimitReached):
        ada.assign_task(code="T-0", new_owner="bob")
    # Work of a kind that is there already may be added, and what was held comes back into a lane of its own.
    ada.task("SAME-1", required_capabilities=["c1"])
    board.as_person().claim_task(code="T-2")
    ada.task("IN-ITS-PLACE-1", required_capabilities=["another"])
    board.as_person().release_task(code="T-2")
    assert board.task("T-2").state == "Created"


def test_a_kind_of_work_that_is_gone_makes_room_for_another(board: Board, person: Seat) -> None:
    for number in range(LANES_LIMIT):
        person.task(f"T-{number}", required_capabilities=[f"c{number}"])
    person.claim_task(code="T-0")
    assert person.task("NEW-1", required_capabilities=["another"]) == "NEW-1"
