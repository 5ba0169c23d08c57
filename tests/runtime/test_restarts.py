"""A budget allows so many restarts in any window of its length, and forgets what is older."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskactors.runtime import RestartBudget

gaps = st.lists(st.integers(0, 8), max_size=60)


def test_a_budget_of_none_allows_none() -> None:
    assert RestartBudget(0, 60).spend(0) is None


def test_a_budget_is_spent_by_one_restart_more_than_it_has() -> None:
    one = RestartBudget(2, 60).spend(0)
    assert one is not None
    two = one.spend(1)
    assert two is not None
    assert two.spend(59) is None


def test_a_restart_is_forgotten_when_the_window_has_passed_and_not_before() -> None:
    spent = RestartBudget(1, 60).spend(100)
    assert spent is not None
    assert spent.spend(159.9) is None
    assert spent.spend(160) is not None


def test_spending_leaves_the_budget_it_was_spent_from_as_it_was() -> None:
    budget = RestartBudget(1, 60)
    budget.spend(0)
    assert budget == RestartBudget(1, 60)


@pytest.mark.parametrize(("restarts", "within_s"), [(-1, 60.0), (3, 0.0), (3, -1.0), (3, float("nan"))])
def test_a_senseless_budget_cannot_be_made(restarts: int, within_s: float) -> None:
    with pytest.raises(ValueError, match="must"):
        RestartBudget(restarts, within_s)


@given(restarts=st.integers(0, 4), within_s=st.integers(1, 12), gaps=gaps)
def test_any_window_holds_at_most_the_budget_and_a_refusal_means_it_was_full(restarts: int, within_s: int, gaps: list[int]) -> None:
    budget, now = RestartBudget(restarts, within_s), 0
    granted: list[int] = []
    for gap in gaps:
        now += gap
        in_window = len([at for at in granted if now - at < within_s])
        spent = budget.spend(now)
        assert (spent is None) == (in_window == restarts)
        if spent is not None:
            budget = spent
            granted.append(now)
        assert len(budget.spent) <= restarts
