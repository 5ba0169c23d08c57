"""Matching: what is ready, for whom, and in an order that never turns round while work waits."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from taskactors.domain.matching import AGEING_MS_PER_POINT, covers, is_ready, lane_of, rank
from taskactors.domain.task import State, Task

from .values import NOW, a_task, an_agent

PRIORITIES = st.floats(0, 10, allow_nan=False)
TASKS = st.builds(
    lambda task_id, priority, born, due: a_task(id=task_id, priority_score=priority, inserted_at=born, due_at=due),
    st.integers(1, 10**6),
    PRIORITIES,
    st.integers(0, NOW),
    st.none() | st.integers(0, 2 * NOW),
)


def urgency(task: Task, now: int) -> float:
    """Priority with ageing, said once more: a point for every ten hours of waiting."""
    return task.priority_score + (now - task.inserted_at) / AGEING_MS_PER_POINT


@given(TASKS, TASKS, st.integers(0, 10**12))
def test_the_order_of_two_waiting_tasks_is_that_of_their_urgency_at_any_moment(one: Task, other: Task, later: int) -> None:
    now = NOW + later
    if abs(urgency(one, now) - urgency(other, now)) * AGEING_MS_PER_POINT > 2:  # beyond the millisecond that a rank is rounded to
        assert (rank(one) < rank(other)) == (urgency(one, now) > urgency(other, now))


@given(TASKS)
def test_every_rank_can_stand_in_a_key(task: Task) -> None:
    assert all(type(part) is int for part in rank(task))
    assert all(0 <= part < 2**64 for part in rank(task))


def test_a_priority_comes_before_a_lower_one_of_the_same_age_and_nothing_starves() -> None:
    urgent, old = a_task(priority_score=10.0), a_task(priority_score=0.0)
    assert rank(urgent) < rank(old)
    hundred_hours = 100 * 3600 * 1000
    assert rank(evolve(old, inserted_at=old.inserted_at - hundred_hours - 1)) < rank(urgent)


def test_among_equals_the_due_date_decides_and_then_the_plan() -> None:
    plain, due, due_sooner, planned_later = a_task(id=1), a_task(id=2, due_at=NOW + 9), a_task(id=3, due_at=NOW + 5), a_task(id=4)
    assert sorted([planned_later, plain, due, due_sooner], key=rank) == [due_sooner, due, plain, planned_later]
    assert rank(a_task(due_at=0)) < rank(due_sooner)


@pytest.mark.parametrize("state", State)
def test_only_created_work_without_blockers_or_delay_is_ready(state: State) -> None:
    assert is_ready(a_task(state)) == (state is State.CREATED)
    assert not is_ready(a_task(state, unmet=1))
    assert not is_ready(a_task(state, not_before=NOW))


def test_a_lane_covers_whoever_its_work_is_for() -> None:
    ada = an_agent("ada", role="qa")
    for open_to_ada in (a_task(), a_task(role="qa"), a_task(owner_agent_name="ada"), a_task(owner_agent_name="ada", role="qa")):
        assert covers(lane_of(open_to_ada), ada, frozenset())
    for not_hers in (a_task(role="docs"), a_task(owner_agent_name="bob"), a_task(owner_agent_name="bob", role="qa")):
        assert not covers(lane_of(not_hers), ada, frozenset())


def test_assigned_work_is_its_owners_whatever_role_it_was_for() -> None:
    assert covers(lane_of(a_task(owner_agent_name="ada", role="docs")), an_agent("ada", role="qa"), frozenset())


@given(st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from("abcd")))
def test_a_lane_covers_an_agent_exactly_when_its_capabilities_do(needed: set[str], able: set[str]) -> None:
    lane = lane_of(a_task(required_capabilities=tuple(needed)))
    assert lane.capabilities == tuple(sorted(needed))
    assert covers(lane, an_agent(), frozenset(able)) == (needed <= able)
