"""Two checkers that share nothing but the model: one that trusts the log, and one that tries every order."""

from collections import Counter
from random import Random

import pytest

from tests.linear.mutated import MUTATIONS
from tests.linear.plan import planned
from tests.linear.planted import IN_ANY_ORDER
from tests.linear.reasons import Rejected
from tests.linear.scheduler import Run, scheduled
from tests.linear.search import is_linearizable
from tests.linear.witness import check

HISTORIES, PARTS = 5_000, 5


def is_accepted(run: Run) -> bool:
    try:
        check(run.history, run.log)
    except Rejected:
        return False
    return True


def short(seed: int) -> Run:
    """Three or four clients, five to eight calls."""
    return scheduled(seed, clients=3 + seed % 2, calls=5 + seed % 4)


@pytest.mark.parametrize("part", range(PARTS))
def test_both_checkers_accept_what_is_right_and_reject_what_is_wrong_by_construction(part: int) -> None:
    planted: Counter[bool] = Counter()
    for seed in range(part, HISTORIES, PARTS):
        run = short(seed)
        assert is_accepted(run), seed
        assert is_linearizable(run.history, run.log), seed
        wrong = IN_ANY_ORDER[seed // PARTS % len(IN_ANY_ORDER)](planned(run, Random(seed)))
        planted[wrong is not None] += 1
        if wrong is not None:
            assert not is_accepted(wrong), seed
            assert not is_linearizable(wrong.history, wrong.log), seed
    assert planted[True] > HISTORIES // PARTS // 10


@pytest.mark.parametrize("part", range(PARTS))
def test_what_the_log_explains_some_order_explains(part: int) -> None:
    found: Counter[tuple[bool, bool]] = Counter()
    for seed in range(part, HISTORIES, PARTS):
        mutation = MUTATIONS[seed // PARTS % len(MUTATIONS)]
        run = mutation(short(seed), Random(seed))
        accepted = is_accepted(run)
        explained = accepted or is_linearizable(run.history, run.log)
        assert not accepted or is_linearizable(run.history, run.log), (seed, mutation.__name__)
        found[accepted, explained] += 1
    assert found[True, True] > 50, "some mutations change nothing that matters"
    assert found[False, False] > 50, "some are wrong whatever the order"
