"""The gate lets through what chance does to a speed, and nothing that is half as fast."""

from pathlib import Path

import pytest

from bench.contests import ECHO, OURS, SDK
from bench.gate import findings
from bench.results import Results, read_results, this_machine
from bench.rounds import Round, kept
from tests.bench.turns import turn


def rounds(ours: float, echo: float = 10_000, sdk: float = 1_000) -> tuple[Round, ...]:
    return tuple(Round({OURS: turn(ours), ECHO: turn(echo), SDK: turn(sdk)}) for _ in range(5))


def record() -> Results:
    results = Results(this_machine(), "full", "2026-01-01")
    results.contests["team"] = rounds(15_000)
    return results


@pytest.mark.parametrize("ours", [15_000, 11_000, 20_000])
def test_what_neighbours_take_away_passes(ours: float) -> None:
    assert list(findings(kept(rounds(ours)), record())) == []


def test_a_server_that_is_half_as_fast_fails_against_both() -> None:
    assert len(list(findings(kept(rounds(7_500)), record()))) == 2


def test_a_slow_machine_that_slows_everybody_passes() -> None:
    assert list(findings(kept(rounds(5_000, echo=3_300, sdk=330)), record())) == []


def test_results_without_the_contest_are_a_finding() -> None:
    results = record()
    results.contests.clear()
    assert len(list(findings(kept(rounds(15_000)), results))) == 1


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    results = record()
    results.walls["python3 -c pass"] = (0.01, 0.02)
    results.write(tmp_path / "results.json")
    assert read_results(tmp_path / "results.json") == results
