"""Claims: one winner, a fence that only grows, limits and capabilities, and asking again."""

import pytest

from taskactors.board.settings import BoardSettings
from taskactors.domain.errors import (
    AssignedToAnother,
    InvalidArguments,
    LacksCapabilities,
    NotClaimable,
    NotYet,
    TooManyTasks,
)
from taskactors.domain.moments import text_of
from taskactors.domain.task import State
from taskactors.storage.engine import Done

from .board import NOW, Board, Seat

LEASE_MS = 15 * 60 * 1000
DAY_MS = 24 * 3600 * 1000


def test_a_claim_has_a_fence_and_says_when_it_ends(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    answer = ada.claim_task(code="T-1")
    assert (answer["state"], answer["owner_agent_name"], answer["started_at"]) == ("InProgress", "ada", text_of(NOW))
    assert answer["claim"] == {
        "fence": 1,
        "agent": "ada",
        "claimed_at": text_of(NOW),
        "expires_at": text_of(NOW + LEASE_MS),
        "deadline": text_of(NOW + DAY_MS),
        "lease_s": 900,
    }


def test_of_many_who_claim_at_once_exactly_one_wins(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    agents = [board.as_agent(f"agent-{number}") for number in range(20)]
    outcomes = board.write(*(agent.command("claim_task", code="T-1") for agent in agents))
    assert [isinstance(outcome, Done) for outcome in outcomes] == [True] + [False] * 19
    for outcome in outcomes[1:]:
        with pytest.raises(NotClaimable) as no:
            board.outcome(outcome)
        assert (no.value.holder, no.value.state) == ("agent-0", State.IN_PROGRESS)
    assert sum(event.kind == "task_claimed" for event in board.events()) == 1


def test_a_refused_claim_leaves_the_task_with_its_holder_and_says_until_when(board: Board, ada: Seat, bob: Seat) -> None:
    ada.held("T-1")
    before, log = board.task("T-1"), board.events()
    with pytest.raises(NotClaimable) as no:
        bob.claim_task(code="T-1")
    assert (no.value.holder, no.value.facts()["until"]) == ("ada", text_of(NOW + LEASE_MS))
    assert (board.task("T-1"), board.events()) == (before, log)


def test_the_holder_who_claims_again_renews_and_keeps_the_fence_without_an_event(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    log = board.events()
    board.later(600)
    claim = ada.claim_task(code="T-1")["claim"]
    assert (claim["fence"], claim["claimed_at"], claim["expires_at"]) == (1, text_of(NOW), text_of(board.now + LEASE_MS))
    assert board.events() == log
    assert board.task("T-1").rev == 2


def test_a_claim_again_in_a_state_that_is_blocked_renews_too(board: Board, ada: Seat) -> None:
    ada.held("T-1")
    ada.move("T-1", "Blocked")
    board.later(600)
    assert ada.claim_task(code="T-1")["claim"]["expires_at"] == text_of(board.now + LEASE_MS)


def test_a_claim_again_is_not_counted_against_the_limit(ada: Seat) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=[], max_concurrent_tasks=1)
    ada.held("T-1")
    assert ada.claim_task(code="T-1")["claim"]["fence"] == 1


def test_no_renewal_lasts_beyond_the_deadline(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    ada.claim_task(code="T-1", lease_s=86_400)
    board.later(86_000)
    claim = ada.claim_task(code="T-1")["claim"]
    assert claim["expires_at"] == claim["deadline"] == text_of(NOW + DAY_MS)


@pytest.mark.parametrize(
    ("project", "task", "claim", "lasts"),
    [(900, None, None, 900), (30, None, None, 30), (30, 40, None, 40), (30, 40, 50, 50), (900, None, 1, 1), (900, None, 86_400, 86_400)],
)
def test_the_nearest_lease_that_was_set_counts(project: int, task: int | None, claim: int | None, lasts: int) -> None:
    board = Board(settings=BoardSettings(lease_s=project))
    ada = board.as_agent("ada")
    ada.task("T-1", lease_s=task)
    assert ada.claim_task(code="T-1", lease_s=claim)["claim"]["lease_s"] == lasts
    assert board.findings() == []


@pytest.mark.parametrize("lease_s", [0, -1, 86_401, 1.5, "900"])
def test_a_lease_out_of_bounds_is_refused(board: Board, ada: Seat, lease_s: object) -> None:
    ada.task("T-1")
    with pytest.raises(InvalidArguments):
        ada.claim_task(code="T-1", lease_s=lease_s)
    assert board.task("T-1").claim is None


def test_whoever_claims_again_without_naming_a_lease_keeps_the_one_they_have(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    ada.claim_task(code="T-1", lease_s=60)
    assert ada.claim_task(code="T-1")["claim"]["lease_s"] == 60
    assert ada.claim_task(code="T-1", lease_s=90)["claim"]["lease_s"] == 90


def test_the_fence_grows_with_every_claim_and_never_comes_back(board: Board, ada: Seat, bob: Seat, person: Seat) -> None:
    ada.task("T-1")
    fences = []
    for seat in (ada, bob, ada):
        fences.append(seat.claim_task(code="T-1")["claim"]["fence"])
        seat.release_task(code="T-1")
    ada.claim_task(code="T-1")
    ada.move("T-1", "Done")
    person.move("T-1", "Created")
    fences.append(bob.claim_task(code="T-1")["claim"]["fence"])
    assert fences == [1, 2, 3, 5]


@pytest.mark.parametrize(
    "state",
    ["Review", "Done", "Archived", "PendingDecomposition", "PendingHandoff", "WaitingForDependency", "Quarantined", "Cancelled"],
)
def test_only_a_task_in_created_is_claimed(board: Board, ada: Seat, bob: Seat, state: str) -> None:
    ada.held("T-1")
    ada.move("T-1", *(("Done", "Archived") if state == "Archived" else (state,)))
    before = board.task("T-1")
    for seat in (ada, bob):
        with pytest.raises(NotClaimable) as no:
            seat.claim_task(code="T-1")
        assert no.value.state == state
    assert board.task("T-1") == before


def test_capabilities_must_cover_the_tasks(board: Board, ada: Seat) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["python", "sql"])
    ada.task("T-1", required_capabilities=["python", "rust", "go"])
    with pytest.raises(LacksCapabilities) as no:
        ada.claim_task(code="T-1")
    assert no.value.lacking == ("go", "rust")
    assert board.task("T-1").claim is None
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["python", "rust", "go"])
    assert ada.claim_task(code="T-1")["state"] == "InProgress"


def test_people_are_not_asked_what_they_can_do(person: Seat) -> None:
    person.task("T-1", required_capabilities=["brain-surgery"])
    assert person.claim_task(code="T-1")["claim"]["agent"] == "local"


def test_no_agent_holds_more_than_it_may_and_the_refusal_names_what_it_holds(ada: Seat) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=[], max_concurrent_tasks=2)
    ada.held("T-1")
    ada.held("T-2")
    ada.task("T-3")
    with pytest.raises(TooManyTasks) as no:
        ada.claim_task(code="T-3")
    assert (no.value.limit, no.value.held) == (2, ("T-1", "T-2"))


@pytest.mark.parametrize(("state", "counts"), [("Blocked", True), ("Review", False), ("PendingHandoff", False), ("Done", False)])
def test_only_running_claims_count_toward_the_limit(ada: Seat, state: str, counts: bool) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=[], max_concurrent_tasks=1)
    ada.held("T-1")
    ada.move("T-1", state)
    ada.task("T-2")
    if counts:
        with pytest.raises(TooManyTasks):
            ada.claim_task(code="T-2")
    else:
        assert ada.claim_task(code="T-2")["state"] == "InProgress"


def test_two_claims_of_one_batch_cannot_pass_the_limit_together(board: Board, ada: Seat) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=[], max_concurrent_tasks=1)
    ada.task("T-1")
    ada.task("T-2")
    first, second = board.write(ada.command("claim_task", code="T-1"), ada.command("claim_task", code="T-2"))
    assert isinstance(first, Done)
    with pytest.raises(TooManyTasks):
        board.outcome(second)


def test_a_task_assigned_to_another_is_theirs_alone_to_claim(ada: Seat, bob: Seat) -> None:
    ada.task("T-1", owner="bob")
    with pytest.raises(AssignedToAnother) as no:
        ada.claim_task(code="T-1")
    assert no.value.owner == "bob"
    assert bob.claim_task(code="T-1")["claim"]["agent"] == "bob"


def test_a_delayed_task_is_claimed_when_its_time_has_come_and_not_before(board: Board, ada: Seat) -> None:
    ada.task("T-1", not_before=text_of(NOW + 60_000))
    board.later(59.999).sweep_all()
    with pytest.raises(NotYet) as no:
        ada.claim_task(code="T-1")
    assert no.value.facts()["not_before"] == text_of(NOW + 60_000)
    board.later(0.001)
    # Even before the timer has done anything about it.
    assert ada.claim_task(code="T-1")["state"] == "InProgress"


def test_a_task_that_waits_for_others_is_not_claimed(ada: Seat) -> None:
    ada.task("B-1")
    ada.task("T-1", depends_on=["B-1"])
    with pytest.raises(NotClaimable) as no:
        ada.claim_task(code="T-1")
    assert no.value.state is State.WAITING_FOR_DEPENDENCY


def test_a_claim_by_id_and_a_claim_by_code_are_the_same(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    ada.task("T-2")
    assert ada.claim_task(task_id=1)["code"] == "T-1"
    assert ada.claim_task(id=2)["code"] == "T-2"


def test_a_person_claims_in_the_name_of_an_agent_and_the_event_names_both(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    assert board.as_person(acting_for="ada").claim_task(code="T-1")["claim"]["agent"] == "ada"
    *_, event = board.events()
    assert (event.kind, event.by, event.acting_for) == ("task_claimed", "local", "ada")
