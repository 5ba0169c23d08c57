"""Failures: each class keeps a task back in its own way, and the third of any kind puts it aside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskactors.domain.failing import ATTEMPTS_LIMIT, BACK_OFF, LONGEST_BACK_OFF_S, BackOff, Failure, failed
from taskactors.domain.lifecycle import advance
from taskactors.domain.task import State

from .values import NOW, a_task


@pytest.mark.parametrize("failure", Failure)
def test_every_class_of_failure_has_a_back_off(failure: Failure) -> None:
    assert failure in BACK_OFF


@pytest.mark.parametrize(
    ("failure", "kept_back_s"),
    [
        (Failure.TRANSIENT, [30, 30]),
        (Failure.LOGIC_ERROR, [60, 120]),
        (Failure.ENVIRONMENTAL, [60, 120]),
        (Failure.CAPABILITY_MISMATCH, [0, 0]),
        (Failure.CONTEXT_OVERFLOW, [0, 0]),
        (Failure.INVALID_REQUIREMENTS, [0, 0]),
        (Failure.LEASE_EXPIRED, [0, 0]),
    ],
)
def test_a_failed_attempt_keeps_the_task_back_for_as_long_as_its_class_says(failure: Failure, kept_back_s: list[int]) -> None:
    task = a_task()
    for attempts, delay_s in enumerate(kept_back_s, 1):
        task = failed(task, failure, NOW)
        assert (task.state, task.attempts) == (State.CREATED, attempts)
        assert task.not_before == (NOW + delay_s * 1000 if delay_s else None)


@pytest.mark.parametrize("failure", Failure)
def test_the_attempt_at_the_limit_puts_the_task_aside_and_the_one_before_does_not(failure: Failure) -> None:
    assert failed(a_task(attempts=ATTEMPTS_LIMIT - 2), failure, NOW).state is State.CREATED
    aside = failed(a_task(attempts=ATTEMPTS_LIMIT - 1), failure, NOW)
    assert (aside.state, aside.attempts) == (State.QUARANTINED, ATTEMPTS_LIMIT)


def test_after_a_kick_a_task_may_fail_as_often_as_at_first() -> None:
    task = a_task()
    for _ in range(2):
        for _ in range(ATTEMPTS_LIMIT):
            assert task.state is State.CREATED
            task = failed(task, Failure.LOGIC_ERROR, NOW)
        assert task.state is State.QUARANTINED
        task = advance(task, State.CREATED, NOW)


def test_a_failure_without_back_off_does_not_bring_delayed_work_forward() -> None:
    assert failed(a_task(not_before=NOW + 5), Failure.LEASE_EXPIRED, NOW).not_before == NOW + 5


@given(st.integers(0, 3600), st.integers(1, 10), st.integers(1, 1000))
def test_a_back_off_never_shrinks_with_attempts_and_never_passes_the_longest(first_s: int, factor: int, attempts: int) -> None:
    back_off = BackOff(first_s, factor)
    assert back_off.delay_s(attempts) <= back_off.delay_s(attempts + 1) <= LONGEST_BACK_OFF_S
    assert back_off.delay_s(1) == first_s
