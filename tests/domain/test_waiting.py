"""Waiting: a blocker is met by Done alone, the last one frees, and reopening pulls back only what nobody started."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskactors.domain.errors import DependenciesUnmet
from taskactors.domain.events import EventKind
from taskactors.domain.lifecycle import advance
from taskactors.domain.task import State, Task
from taskactors.domain.waiting import (
    blocker_cancelled,
    blocker_met,
    blocker_reopened,
    blocker_restored,
    called_off,
    meets,
    require_met,
    settled,
)

from .values import NOW, a_task

WAITING = State.WAITING_FOR_DEPENDENCY


@pytest.mark.parametrize("state", State)
def test_a_blocker_is_met_once_done_also_when_archived_and_by_nothing_else(state: State) -> None:
    assert meets(a_task(state)) == (state in (State.DONE, State.ARCHIVED))


def test_a_cancelled_blocker_never_meets_also_when_archived() -> None:
    archived = advance(a_task(State.CANCELLED), State.ARCHIVED, NOW)
    for blocker in (a_task(State.CANCELLED), archived):
        assert called_off(blocker)
        assert not meets(blocker)
    assert not called_off(advance(a_task(State.DONE), State.ARCHIVED, NOW))


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("unmet", [1, 2])
@pytest.mark.parametrize("by_hand", [False, True])
def test_only_the_last_blocker_frees_and_only_what_waits_for_it_by_itself(state: State, unmet: int, by_hand: bool) -> None:
    task = a_task(state, unmet=unmet, by_hand=by_hand)
    fact = blocker_met(task, "B-1", NOW)
    assert isinstance(fact.after, Task)
    frees = state is WAITING and unmet == 1 and not by_hand
    assert fact.after.unmet == unmet - 1
    assert fact.after.state is (State.CREATED if frees else state)
    assert fact.kind is (EventKind.TASK_UNBLOCKED if frees else EventKind.TASK_UPDATED)


@pytest.mark.parametrize("state", State)
def test_a_reopened_blocker_pulls_back_created_work_and_nothing_else(state: State) -> None:
    task = a_task(state)
    after = blocker_reopened(task, "B-1", NOW).after
    assert isinstance(after, Task)
    assert after.unmet == 1
    assert after.state is (WAITING if state is State.CREATED else state)
    assert after.claim == task.claim


def test_a_cancelled_blocker_is_counted_and_one_restored_is_not() -> None:
    marked = blocker_cancelled(a_task(WAITING, unmet=1), "B-1").after
    assert isinstance(marked, Task)
    assert (marked.state, marked.unmet, marked.cancelled_blockers) == (WAITING, 1, 1)
    restored = blocker_restored(marked, "B-1").after
    assert restored == a_task(WAITING, unmet=1)


def test_nobody_says_by_hand_that_a_task_waits_no_longer_while_it_does() -> None:
    with pytest.raises(DependenciesUnmet) as no:
        require_met(a_task(WAITING), State.CREATED, ("B-1", "B-2"))
    assert no.value.unmet == ("B-1", "B-2")
    require_met(a_task(WAITING), State.CREATED, ())
    require_met(a_task(WAITING), State.CANCELLED, ("B-1",))


@given(st.lists(st.booleans(), max_size=20), st.integers(0, 3))
def test_a_task_is_created_exactly_while_nothing_holds_it_back(opened: list[bool], blockers: int) -> None:
    task, unmet = settled(a_task(unmet=blockers), NOW), blockers
    for reopen in opened:
        if reopen:
            after, unmet = blocker_reopened(task, "B", NOW).after, unmet + 1
        elif unmet:
            after, unmet = blocker_met(task, "B", NOW).after, unmet - 1
        else:
            continue
        assert isinstance(after, Task)
        task = after
        assert (task.unmet, task.state) == (unmet, WAITING if unmet else State.CREATED)
