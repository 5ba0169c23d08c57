"""Claims: one holder at a time, fences that only grow, leases that end when they should and not before."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from taskactors.domain.agent import Agent
from taskactors.domain.caller import Caller
from taskactors.domain.claiming import (
    QUIET_MS,
    RESTART_GRACE_MS,
    assign,
    at_expiry,
    claim,
    last_sign_of_life,
    release,
    require_fence,
    with_grace,
)
from taskactors.domain.errors import (
    AssignedToAnother,
    LacksCapabilities,
    NotClaimable,
    NotHolder,
    NotYet,
    Refusal,
    StaleClaim,
    TaskClosed,
    TooManyTasks,
)
from taskactors.domain.events import EventKind, Fact
from taskactors.domain.failing import Failure
from taskactors.domain.lifecycle import DEADLINE_MS
from taskactors.domain.task import RUNNING, SUSPENDED, State, Task

from .values import CALLERS, HOLDER, LEASE_S, NOW, OVERRIDING, a_claim, a_task, an_agent

ADA, BOB = an_agent("ada"), an_agent("bob")
ALIVE = NOW + 10


def after(fact: Fact | None) -> Task:
    assert fact is not None
    assert isinstance(fact.after, Task)
    return fact.after


def taken(task: Task | None = None, by: Agent = ADA, lease_s: int = LEASE_S, now: int = NOW) -> Task:
    return after(claim(task or a_task(), by, (), lease_s, now))


# taking


def test_a_claim_makes_the_agent_owner_and_implementer_until_the_lease_runs_out() -> None:
    task = taken(a_task(fence=4))
    assert (task.state, task.owner_agent_name, task.implementer, task.fence, task.started_at) == (State.IN_PROGRESS, "ada", "ada", 5, NOW)
    assert task.claim == a_claim(NOW + LEASE_S * 1000, fence=5, agent="ada")


@pytest.mark.parametrize("state", sorted(set(State) - {State.CREATED}))
def test_only_created_work_can_be_claimed_and_the_refusal_names_who_has_it(state: State) -> None:
    task = a_task(state)
    with pytest.raises(NotClaimable) as no:
        claim(task, BOB, (), LEASE_S, NOW)
    assert (no.value.state, no.value.holder) == (state, HOLDER if task.claim else None)


def test_claiming_again_renews_and_keeps_the_fence_and_is_not_an_event() -> None:
    task = taken()
    assert task.claim is not None
    fact = claim(task, ADA, ("T-7",), 60, NOW + 1000)
    assert fact.data == {"renewed": True}
    assert after(fact) == evolve(task, claim=evolve(task.claim, lease_s=60, expires_at=NOW + 61_000))


def test_claiming_again_while_blocked_renews_and_stays_blocked() -> None:
    task = a_task(State.BLOCKED)
    again = after(claim(task, an_agent(HOLDER), (), LEASE_S, NOW + 1000))
    assert again.state is State.BLOCKED
    assert again.claim is not None
    assert again.claim.expires_at == NOW + 1000 + LEASE_S * 1000


def test_no_renewal_reaches_beyond_the_deadline() -> None:
    task = taken()
    again = after(claim(task, ADA, (), 86_400, NOW + 1000))
    assert again.claim is not None
    assert again.claim.expires_at == again.claim.deadline == NOW + DEADLINE_MS


def test_the_holder_at_its_limit_may_still_renew_but_not_take_more() -> None:
    limited = an_agent("ada", max_concurrent_tasks=1)
    task = taken(by=limited)
    claim(task, limited, ("T-7",), LEASE_S, NOW)
    with pytest.raises(TooManyTasks) as no:
        claim(a_task(), limited, ("T-7",), LEASE_S, NOW)
    assert no.value.held == ("T-7",)


def test_assigned_work_is_for_its_owner_alone() -> None:
    task = a_task(owner_agent_name="bob")
    with pytest.raises(AssignedToAnother):
        claim(task, ADA, (), LEASE_S, NOW)
    assert taken(task, BOB).holder == "bob"


def test_capabilities_must_cover_the_tasks_and_the_refusal_says_which_are_lacking() -> None:
    task = a_task(required_capabilities=("python", "rust", "sql"))
    with pytest.raises(LacksCapabilities) as no:
        claim(task, an_agent("ada", capabilities=("rust",)), (), LEASE_S, NOW)
    assert no.value.lacking == ("python", "sql")
    taken(task, an_agent("ada", capabilities=("sql", "rust", "python", "more")))


def test_work_that_is_kept_back_can_be_claimed_when_its_time_has_come_and_not_before() -> None:
    task = a_task(not_before=NOW + 1)
    with pytest.raises(NotYet):
        claim(task, ADA, (), LEASE_S, NOW)
    taken(task, now=NOW + 1)


def test_the_next_holder_learns_what_stood_in_the_way() -> None:
    assert taken(a_task(blocked_reason="no key")).blocked_reason == "no key"


# fences


@pytest.mark.parametrize("fence", [1, 2, 4, 10**6])
def test_a_fence_that_is_not_the_claims_is_refused_saying_who_holds_it_now(fence: int) -> None:
    with pytest.raises(StaleClaim) as no:
        require_fence(a_task(State.IN_PROGRESS), fence)
    assert (no.value.holder, no.value.current_fence) == (HOLDER, 3)


def test_the_fence_of_a_claim_that_has_ended_is_stale_even_when_nobody_has_it_now() -> None:
    with pytest.raises(StaleClaim):
        require_fence(a_task(fence=3), 3)


def test_without_a_fence_nothing_is_checked_and_with_the_right_one_all_is_well() -> None:
    require_fence(a_task(State.IN_PROGRESS), None)
    require_fence(a_task(State.IN_PROGRESS), 3)


# giving back


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("state", sorted(RUNNING | SUSPENDED))
def test_only_the_holder_people_and_coordinators_may_give_a_task_back(state: State, caller: str) -> None:
    who = CALLERS[caller]
    if caller in OVERRIDING or who.name == HOLDER:
        given_back = after(release(a_task(state), who, None, None, None, NOW))
        assert (given_back.state, given_back.claim, given_back.owner_agent_name) == (State.CREATED, None, None)
    else:
        with pytest.raises(NotHolder) as no:
            release(a_task(state), who, None, None, None, NOW)
        assert no.value.holder == HOLDER


@pytest.mark.parametrize("state", sorted(set(State) - RUNNING - SUSPENDED))
def test_what_nobody_holds_cannot_be_given_back_by_anybody(state: State) -> None:
    for caller in CALLERS.values():
        with pytest.raises(Refusal) as no:
            release(a_task(state), caller, None, None, None, NOW)
        assert no.value.code in ("not_holder", "invalid_transition")


def test_a_release_with_a_stale_fence_is_refused_even_to_the_holder_and_to_people() -> None:
    for caller in ("the holder", "a person"):
        with pytest.raises(StaleClaim):
            release(a_task(State.IN_PROGRESS), CALLERS[caller], 2, None, None, NOW)


def test_work_given_back_while_a_blocker_was_reopened_waits_for_it() -> None:
    task = a_task(State.IN_PROGRESS, unmet=1)
    assert after(release(task, CALLERS["the holder"], None, None, None, NOW)).state is State.WAITING_FOR_DEPENDENCY
    assert after(at_expiry(task, NOW, NOW + LEASE_S * 1000)).state is State.WAITING_FOR_DEPENDENCY


def test_a_release_may_keep_the_task_back() -> None:
    fact = release(a_task(State.IN_PROGRESS), CALLERS["the holder"], 3, Failure.TRANSIENT, NOW + 5, NOW)
    assert after(fact).not_before == NOW + 5
    assert {"failure": "transient", "attempts": 1, "not_before": NOW + 5}.items() <= fact.data.items()


# the end of a lease


def test_a_lease_that_still_runs_is_left_alone() -> None:
    assert at_expiry(a_task(State.IN_PROGRESS), NOW, NOW + LEASE_S * 1000 - 1) is None


def test_a_lease_without_a_sign_of_life_ends_on_time_as_one_counted_failure() -> None:
    fact = at_expiry(a_task(State.IN_PROGRESS), NOW, NOW + LEASE_S * 1000)
    task = after(fact)
    assert fact is not None
    assert fact.kind is EventKind.CLAIM_EXPIRED
    assert (task.state, task.claim, task.owner_agent_name, task.attempts, task.fence) == (State.CREATED, None, None, 1, 3)
    assert {"from": "InProgress", "to": "Created", "agent": HOLDER, "fence": 3}.items() <= fact.data.items()


def test_a_sign_of_life_moves_the_end_to_a_whole_lease_after_it_and_is_no_event() -> None:
    fact = at_expiry(a_task(State.IN_PROGRESS), ALIVE, NOW + LEASE_S * 1000)
    assert fact is not None
    assert fact.data == {"renewed": True}
    assert after(fact) == a_task(State.IN_PROGRESS, claim=a_claim(ALIVE + LEASE_S * 1000))


def test_a_blocked_task_that_expires_keeps_its_reason_and_counts_no_failure() -> None:
    task = after(at_expiry(a_task(State.BLOCKED, blocked_reason="no key", attempts=1), NOW, NOW + LEASE_S * 1000))
    assert (task.state, task.blocked_reason, task.attempts) == (State.CREATED, "no key", 1)


def test_no_sign_of_life_helps_beyond_the_deadline() -> None:
    end = NOW + DEADLINE_MS
    task = a_task(State.IN_PROGRESS, claim=a_claim(end + 10**6))
    assert at_expiry(task, end, end - 1) is None
    assert after(at_expiry(task, end, end)).state is State.CREATED


@pytest.mark.parametrize("state", sorted(SUSPENDED))
def test_a_suspended_lease_never_ends_by_itself(state: State) -> None:
    assert at_expiry(a_task(state), 0, NOW + 10 * DEADLINE_MS) is None
    assert with_grace(a_task(state), NOW + 10 * DEADLINE_MS) is None


@pytest.mark.parametrize(
    ("last_call", "connected", "sign"),
    [
        (None, False, NOW),  # nothing was heard since the claim itself
        (ALIVE, False, ALIVE),
        (ALIVE, True, NOW + 1000),  # an open line is a sign of life now
        (NOW + 1000 - QUIET_MS - 5, True, NOW + 995),  # but only for an hour after the last call
        (None, True, NOW + 1000),
    ],
)
def test_an_open_connection_is_a_sign_of_life_for_an_hour_after_the_last_call(last_call: int | None, connected: bool, sign: int) -> None:
    assert last_sign_of_life(a_task(State.IN_PROGRESS), last_call, connected, NOW + 1000) == sign


# after a restart


@pytest.mark.parametrize(("lease_s", "grace_ms"), [(900, RESTART_GRACE_MS), (60, RESTART_GRACE_MS), (10, 10_000), (1, 1_000)])
@pytest.mark.parametrize("away_ms", [-(10**9), -1, 0, 1, 999])
def test_after_a_restart_every_lease_has_at_least_the_grace_or_its_whole_length(lease_s: int, grace_ms: int, away_ms: int) -> None:
    longer = with_grace(a_task(State.IN_PROGRESS, claim=a_claim(NOW + away_ms, lease_s=lease_s)), NOW)
    assert longer is not None
    assert longer.claim is not None
    assert longer.claim.expires_at == NOW + grace_ms
    assert at_expiry(longer, NOW, NOW + grace_ms - 1) is None


def test_a_lease_that_has_longer_than_the_grace_is_left_alone() -> None:
    assert with_grace(a_task(State.IN_PROGRESS, claim=a_claim(NOW + RESTART_GRACE_MS)), NOW) is None


def test_a_clock_set_forward_by_ten_days_while_nobody_served_ends_no_claim_before_its_grace() -> None:
    later = NOW + 10 * DEADLINE_MS
    longer = with_grace(a_task(State.IN_PROGRESS), later)
    assert longer is not None
    assert at_expiry(longer, later, later + RESTART_GRACE_MS - 1) is None
    assert at_expiry(longer, later, later + RESTART_GRACE_MS) is not None


# giving to another


def test_assigning_open_work_makes_it_wait_for_its_owner() -> None:
    task = after(assign(a_task(), "bob", CALLERS["a stranger"], NOW))
    assert (task.state, task.owner_agent_name, task.claim, task.fence) == (State.CREATED, "bob", None, 0)


@pytest.mark.parametrize("state", sorted(RUNNING | SUSPENDED))
def test_assigning_held_work_moves_it_with_a_new_fence_that_makes_the_old_one_stale(state: State) -> None:
    task = after(assign(a_task(state), "bob", CALLERS["the holder"], NOW + 5))
    # An offer that stood is decided by it.
    state = State.IN_PROGRESS if state is State.PENDING_HANDOFF else state
    assert (task.state, task.holder, task.owner_agent_name, task.fence) == (state, "bob", "bob", 4)
    assert task.claim is not None
    assert task.claim.fence == 4
    assert task.claim.expires_at == (None if state in SUSPENDED else NOW + 5 + LEASE_S * 1000)
    with pytest.raises(StaleClaim) as no:
        require_fence(task, 3)
    assert no.value.holder == "bob"


def test_whoever_is_given_work_in_review_did_not_implement_it() -> None:
    assert after(assign(a_task(State.REVIEW), "bob", CALLERS["the holder"], NOW)).implementer == HOLDER
    assert after(assign(a_task(State.IN_PROGRESS), "bob", CALLERS["the holder"], NOW)).implementer == "bob"


def test_held_work_is_assigned_by_its_holder_people_and_coordinators_only() -> None:
    for name, caller in CALLERS.items():
        if name in OVERRIDING or caller.name == HOLDER:
            assign(a_task(State.IN_PROGRESS), "bob", caller, NOW)
        else:
            with pytest.raises(NotHolder):
                assign(a_task(State.IN_PROGRESS), "bob", caller, NOW)


@pytest.mark.parametrize("state", [State.DONE, State.ARCHIVED, State.CANCELLED])
def test_what_is_over_is_assigned_to_nobody(state: State) -> None:
    with pytest.raises(TaskClosed):
        assign(a_task(state), "bob", CALLERS["a person"], NOW)


# for all of it together

ACTS = st.tuples(
    st.sampled_from(["claim", "release", "assign", "expire"]), st.sampled_from(["ada", "bob", "cyd"]), st.integers(0, 2_000_000)
)


@given(st.lists(ACTS, max_size=40))
def test_fences_only_grow_and_there_is_never_more_than_one_holder(acts: list[tuple[str, str, int]]) -> None:
    task, now, fences = a_task(), NOW, [0]
    for act, name, pause in acts:
        now += pause
        before = task
        try:
            match act:
                case "claim":
                    task = after(claim(task, an_agent(name), (), LEASE_S, now))
                    assert before.holder in (None, name)
                case "release":
                    task = after(release(task, Caller(name=name), None, None, None, now))
                    assert before.holder == name
                case "assign":
                    task = after(assign(task, name, Caller(name="chief", coordinator=True), now))
                case "expire":
                    ended = at_expiry(task, now - pause, now)
                    task = after(ended) if ended else task
                    assert ended is None or before.claim is not None
        except Refusal:
            assert task == before
        assert task.fence >= fences[-1]
        if task.holder != before.holder and task.holder is not None:
            assert task.fence == before.fence + 1
        assert task.claim is None or (task.claim.fence, task.claim.agent) == (task.fence, task.owner_agent_name)
        fences.append(task.fence)
