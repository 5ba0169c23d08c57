"""Every planted wrong answer is found in every run that it is put into, and called by its name."""

from collections import Counter
from collections.abc import Sequence
from random import Random

import pytest
from trio.testing import MockClock

from tests.linear.plan import planned
from tests.linear.planted import PLANTED, Plant
from tests.linear.reasons import Reason, Rejected
from tests.linear.scheduler import Run, scheduled
from tests.linear.witness import check
from tests.linear.worlds import crowded

SEEDS = 40
CLIENTS, CALLS = 6, 60
FOUND_A_PLACE = SEEDS // 3
"""In how many of the runs there has to be a place for it, at least."""


def reasons(plant: Plant, runs: Sequence[Run]) -> Counter[Reason | None]:
    """What is said of the runs with the plant in them."""
    said: Counter[Reason | None] = Counter()
    for seed, run in enumerate(runs):
        wrong = plant(planned(run, Random(seed)))
        if wrong is None:
            continue
        try:
            check(wrong.history, wrong.log)
        except Rejected as rejected:
            said[rejected.reason] += 1
        else:
            said[None] += 1
    return said


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    return [scheduled(seed, CLIENTS, CALLS) for seed in range(SEEDS)]


def test_good_runs_are_accepted(runs: list[Run]) -> None:
    for run in runs:
        check(run.history, run.log)


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_it_is_found_and_named(plant: Plant, runs: list[Run]) -> None:
    said = reasons(plant, runs)
    assert set(said) == {PLANTED[plant]}
    assert said[PLANTED[plant]] >= FOUND_A_PLACE


@pytest.mark.parametrize("seed", [5], indirect=True)
async def test_it_is_found_in_what_a_live_project_answered(seed: int, autojump_clock: MockClock) -> None:
    run = await crowded(seed)
    said = {plant.__name__: reasons(plant, [run] * 3) for plant in PLANTED}
    assert {name: set(reasons) for name, reasons in said.items()} == {plant.__name__: {reason} for plant, reason in PLANTED.items()}
