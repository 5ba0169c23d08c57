"""The state table: every edge by every kind of caller, and what follows from every state."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from taskactors.domain.caller import Caller
from taskactors.domain.errors import InvalidTransition, NotAllowed, NotHolder, OwnReview, ReasonRequired, Refusal, ReviewRequired
from taskactors.domain.lifecycle import DEADLINE_MS, TABLE, advance, allowed_from, permit
from taskactors.domain.moving import archive, move
from taskactors.domain.task import RUNNING, SUSPENDED, State, Task

from .values import CALLERS, HOLDER, IMPLEMENTER, LEASE_S, NOW, OVERRIDING, OWNER, a_claim, a_task

# Written out again from what is promised, so that a slip in the table is a failure here.
PROMISED = {
    "Created": "InProgress WaitingForDependency PendingDecomposition Quarantined Cancelled",
    "InProgress": "Blocked Review Done PendingHandoff PendingDecomposition WaitingForDependency Created Quarantined Cancelled",
    "Blocked": "InProgress Created Quarantined Cancelled",
    "Review": "Done InProgress Created Quarantined Cancelled",
    "PendingHandoff": "InProgress Created Quarantined Cancelled",
    "PendingDecomposition": "WaitingForDependency Created Quarantined Cancelled",
    "WaitingForDependency": "Created Done PendingDecomposition Quarantined Cancelled",
    "Quarantined": "Created Cancelled",
    "Done": "Archived Created",
    "Cancelled": "Archived Created",
    "Archived": "",
}

HOLDERS = {"the holder", "the holder, by a person"} | OVERRIDING
ANYONE = set(CALLERS)
STEPS = [(before, after) for before in State for after in TABLE[before]]


def who_may(before: State, after: State) -> set[str]:
    """Who may ask for a step, in words of its own."""
    if after in (State.QUARANTINED, State.CANCELLED):
        return {"the creator"} | (HOLDERS if before in RUNNING | SUSPENDED else {"the owner"} | OVERRIDING)
    if before is State.QUARANTINED:
        return set(OVERRIDING)
    if (before, after) == (State.WAITING_FOR_DEPENDENCY, State.DONE):
        return set()
    if before in (State.IN_PROGRESS, State.BLOCKED, State.PENDING_HANDOFF):
        return HOLDERS
    return ANYONE


def owned(state: State) -> Task:
    """In that state, with an owner besides the holder wherever nobody holds it."""
    task = a_task(state)
    return task if task.claim else evolve(task, owner_agent_name=OWNER)


@pytest.mark.parametrize("state", State)
def test_a_task_may_go_where_it_was_promised_and_nowhere_else(state: State) -> None:
    assert {str(each) for each in allowed_from(state)} == set(PROMISED[state].split())


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("before", "after"), STEPS)
def test_every_step_is_open_to_exactly_those_it_is_for(before: State, after: State, caller: str) -> None:
    task = owned(before)
    if caller in who_may(before, after):
        permit(task, after, CALLERS[caller], "because")
    else:
        with pytest.raises((NotHolder, NotAllowed)):
            permit(task, after, CALLERS[caller], "because")


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("state", State)
def test_a_step_that_is_not_in_the_table_is_refused_naming_those_that_are_even_to_people(state: State, caller: str) -> None:
    for after in set(State) - set(TABLE[state]):
        with pytest.raises(InvalidTransition) as no:
            permit(owned(state), after, CALLERS[caller], "because")
        assert {str(each) for each in no.value.allowed} == set(PROMISED[state].split())
        assert all(str(each) in no.value.remedy() for each in no.value.allowed)
        with pytest.raises(InvalidTransition):
            advance(owned(state), after, NOW)


def test_archived_is_final_and_says_so() -> None:
    for after in State:
        with pytest.raises(InvalidTransition) as no:
            move(a_task(State.ARCHIVED), after, CALLERS["a person"], "because", NOW)
        assert "final" in no.value.remedy()


@pytest.mark.parametrize("before", [State.DONE, State.CANCELLED, State.QUARANTINED])
@pytest.mark.parametrize("reason", [None, ""])
def test_reopening_and_kicking_need_a_reason(before: State, reason: str | None) -> None:
    with pytest.raises(ReasonRequired):
        permit(a_task(before), State.CREATED, CALLERS["a person"], reason)


@pytest.mark.parametrize("caller", CALLERS)
def test_nobody_can_pass_over_a_review_that_is_required(caller: str) -> None:
    with pytest.raises(ReviewRequired):
        permit(a_task(State.IN_PROGRESS, requires_review=True), State.DONE, CALLERS[caller], None)


def test_the_implementer_cannot_approve_their_own_work_also_not_through_a_person_or_as_coordinator() -> None:
    task = a_task(State.REVIEW, requires_review=True, implementer=IMPLEMENTER)
    own = Caller(name=IMPLEMENTER)
    for caller in (own, evolve(own, by="local"), evolve(own, coordinator=True)):
        with pytest.raises(OwnReview):
            permit(task, State.DONE, caller, None)
    for name in set(CALLERS) - {"the implementer"}:
        permit(task, State.DONE, CALLERS[name], None)
    permit(evolve(task, requires_review=False), State.DONE, own, None)


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_done_at_is_set_by_done_kept_by_archived_and_cleared_by_reopening_alone(before: State, after: State) -> None:
    for done_at in {None, a_task(before).done_at}:
        moved = advance(a_task(before, done_at=done_at), after, NOW)
        if after is State.DONE:
            assert moved.done_at == NOW
        elif after is State.CREATED:
            assert moved.done_at is None
        else:
            assert moved.done_at == done_at


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_a_claim_lives_on_only_where_work_goes_on(before: State, after: State) -> None:
    task = a_task(before)
    moved = advance(task, after, NOW + 5)
    if task.claim is None or after not in RUNNING | SUSPENDED:
        assert moved.claim is None
        return
    assert moved.claim is not None
    assert (moved.claim.fence, moved.claim.agent) == (task.claim.fence, task.claim.agent)
    assert (moved.claim.expires_at is None) == (after in SUSPENDED)


@pytest.mark.parametrize("state", sorted(SUSPENDED))
def test_a_suspended_claim_goes_on_with_its_whole_lease_and_deadline_and_the_same_fence(state: State) -> None:
    much_later = NOW + 3 * DEADLINE_MS
    back = advance(a_task(state), State.IN_PROGRESS, much_later)
    assert back.claim == a_claim(much_later + LEASE_S * 1000, deadline=much_later + DEADLINE_MS)


def test_going_on_after_being_blocked_does_not_restart_the_lease() -> None:
    task = a_task(State.BLOCKED, blocked_reason="no key")
    on = advance(task, State.IN_PROGRESS, NOW + 5)
    assert on.claim == task.claim
    assert on.blocked_reason is None


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_a_claim_that_ends_before_the_work_does_leaves_no_owner(before: State, after: State) -> None:
    task = owned(before)
    owner = advance(task, after, NOW).owner_agent_name
    if after in (State.DONE, State.ARCHIVED, State.CANCELLED):
        assert owner == task.owner_agent_name
    elif (task.claim and after not in RUNNING | SUSPENDED) or before in (State.DONE, State.CANCELLED):
        assert owner is None
    else:
        assert owner == task.owner_agent_name


def test_a_kick_gives_a_task_all_its_attempts_again_at_once() -> None:
    kicked = advance(a_task(State.QUARANTINED, attempts=3, not_before=NOW + 10**6), State.CREATED, NOW)
    assert (kicked.attempts, kicked.not_before) == (0, None)


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_only_waiting_and_pending_states_remember_that_they_were_set_by_hand(before: State, after: State) -> None:
    by_hand = advance(a_task(before), after, NOW, by_hand=True).by_hand
    assert by_hand == (after in (State.WAITING_FOR_DEPENDENCY, State.PENDING_DECOMPOSITION, State.PENDING_HANDOFF))
    assert not advance(a_task(before, by_hand=True), after, NOW).by_hand


def test_work_that_was_started_once_keeps_its_first_start() -> None:
    assert advance(a_task(State.REVIEW, started_at=5), State.IN_PROGRESS, NOW).started_at == 5


def test_being_blocked_keeps_its_reason_and_every_move_is_one_fact_with_both_states() -> None:
    fact = move(a_task(State.IN_PROGRESS), State.BLOCKED, CALLERS["the holder"], "no key", NOW)
    assert isinstance(fact.after, Task)
    assert fact.after.blocked_reason == "no key"
    assert dict(fact.data) == {"from": "InProgress", "to": "Blocked", "reason": "no key"}


def test_only_what_is_over_can_be_archived() -> None:
    for state in State:
        if state in (State.DONE, State.CANCELLED):
            after = archive(a_task(state), CALLERS["a stranger"], NOW).after
            assert isinstance(after, Task)
            assert after.state is State.ARCHIVED
        else:
            with pytest.raises(InvalidTransition):
                archive(a_task(state), CALLERS["a person"], NOW)


@given(st.lists(st.tuples(st.sampled_from(State), st.sampled_from(sorted(CALLERS)), st.booleans()), max_size=30), st.integers(0, 2))
def test_whatever_is_asked_in_any_order_the_task_stays_sound_and_a_refusal_changes_nothing(
    asked: list[tuple[State, str, bool]], unmet: int
) -> None:
    task, now = a_task(State.IN_PROGRESS, unmet=unmet, requires_review=bool(unmet % 2)), NOW
    finished = False
    for after, caller, explained in asked:
        now += 1
        before = task
        if (task.state, after) == (State.CREATED, State.IN_PROGRESS):
            continue  # that is a claim
        try:
            moved = move(task, after, CALLERS[caller], "because" if explained else None, now).after
        except Refusal:
            assert task == before
            continue
        assert isinstance(moved, Task)
        task = moved
        finished = task.state is State.DONE or (finished and task.state is State.ARCHIVED)
        assert (task.state in RUNNING) == (task.claim is not None and task.claim.expires_at is not None)
        assert (task.state in SUSPENDED) == (task.claim is not None and task.claim.expires_at is None)
        assert (task.done_at is not None) == finished
        assert not (task.state is State.CREATED and task.unmet)
        assert task.claim is None or task.claim.agent == task.owner_agent_name == HOLDER
