"""Which rounds of a run count, and what they say together."""

import pytest
from attrs import evolve

from bench.rounds import Round, kept, p50_ms, per_second
from tests.bench.turns import BUSY, QUIET, turn


def a_round(ours: float, peers: float, foreign_busy: float = QUIET) -> Round:
    return Round({"ours": turn(ours), "peer": turn(peers, foreign_busy)})


def test_a_ratio_is_the_median_of_the_rounds_own_ratios() -> None:
    # A machine that got faster from round to round: the ratio of the medians would be 3.
    rounds = kept([a_round(200, 100), a_round(600, 200), a_round(900, 450)])
    assert rounds.ratio("ours", "peer", per_second) == 2.0
    assert rounds.of("ours", per_second) == 600


def test_a_round_in_which_a_neighbour_was_busy_during_any_turn_is_dropped() -> None:
    rounds = kept([a_round(200, 100), a_round(900, 100, BUSY), a_round(200, 100), a_round(200, 100)])
    assert (len(rounds.rounds), rounds.dropped, rounds.disturbed) == (3, 1, False)
    assert rounds.ratio("ours", "peer", per_second) == 2.0


def test_where_all_rounds_are_disturbed_the_least_disturbed_are_taken_and_it_is_said() -> None:
    rounds = kept([a_round(100, 100, share) for share in (0.9, 0.5, 0.7, 0.3, 0.6)])
    assert [each.foreign_busy for each in rounds.rounds] == [0.3, 0.5, 0.6]
    assert (rounds.dropped, rounds.disturbed) == (2, True)


def test_one_quiet_round_among_disturbed_ones_is_not_enough() -> None:
    rounds = kept([a_round(100, 100, share) for share in (QUIET, BUSY, BUSY, BUSY, 0.3)])
    assert rounds.disturbed
    assert len(rounds.rounds) == 3


@pytest.mark.parametrize("count", [1, 2])
def test_a_run_of_few_rounds_keeps_them_all_when_they_are_quiet(count: int) -> None:
    rounds = kept([a_round(200, 100)] * count)
    assert (len(rounds.rounds), rounds.disturbed) == (count, False)


def test_a_busy_neighbour_of_one_turn_alone_counts_for_the_round() -> None:
    calm = turn(100)
    assert Round({"ours": calm, "peer": evolve(calm, foreign_busy=BUSY)}).foreign_busy == BUSY


def test_a_time_is_compared_as_a_rate_is() -> None:
    rounds = kept([Round({"ours": turn(1, p50_ms=3.0), "peer": turn(1, p50_ms=1.5)})])
    assert rounds.ratio("ours", "peer", p50_ms) == 2.0
