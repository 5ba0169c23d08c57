"""The tables say what was measured, what was not, and by how much a goal is missed."""

import pytest

from bench.contests import ECHO, OURS, READS, SDK
from bench.report import BEGIN, END, page, written
from bench.results import CURVE, Results, this_machine
from bench.rounds import Round
from tests.bench.turns import BUSY, turn


def measured(ours: float, foreign_busy: float = 0.0) -> Results:
    results = Results(this_machine(), "full", "2026-01-01", tokens={"worker": 3_600, "full": 7_000})
    one = Round({OURS: turn(ours), ECHO: turn(10_000, foreign_busy), SDK: turn(1_000)})
    results.contests["team"] = (one,) * 5
    return results


def row(text: str, *words: str) -> str:
    (found,) = [line for line in text.splitlines() if all(word in line for word in words)]
    return found


def test_a_goal_that_is_reached_says_so_and_one_that_is_missed_says_by_how_much() -> None:
    said = page(measured(8_000))
    assert row(said, "64 agents", "MCPServer", "calls").endswith("| 8× | reached |")
    assert row(said, "64 agents", "bare trio-websocket echo").endswith("| 0.8× | reached |")
    assert row(said, "tools: worker").endswith("| 3,600 tokens | **missed** by 1.2× |")
    assert row(said, "tools: full").endswith("| 7,000 tokens | reached, the next too |")


def test_each_number_of_agents_has_a_row_with_everybody_s_figures() -> None:
    results = measured(8_000)
    for agents in (16, 4):
        turns = {OURS: turn(agents * 100), READS: turn(agents * 200), ECHO: turn(agents * 300), SDK: turn(agents * 10)}
        results.contests[f"{CURVE}{agents}"] = (Round(turns),) * 3
    said = page(results)
    lines = [line for line in said.splitlines() if line.startswith(("| 4 |", "| 16 |"))]
    assert [line.split(" | ")[1:8:2] for line in lines] == [["400", "800", "1,200", "40"], ["1,600", "3,200", "4,800", "160"]]


def test_what_was_not_measured_is_not_called_reached() -> None:
    assert row(page(measured(8_000)), "one agent").endswith("| – | not measured |")


def test_a_contest_that_neighbours_disturbed_is_named() -> None:
    assert "the least disturbed ones are shown" in page(measured(8_000, BUSY))
    assert "least disturbed" not in page(measured(8_000))


def test_the_measured_part_of_a_page_is_made_anew_and_the_rest_left() -> None:
    before = f"# Speed\n\n{BEGIN}\n\nold\n\n{END}\n\nMore.\n"
    once = written(before, measured(8_000), soak="| soak |")
    assert once.startswith("# Speed\n")
    assert once.endswith("\n\nMore.\n")
    assert "old" not in once
    assert "| soak |" in once
    assert written(once, measured(8_000), soak="| soak |") == once


def test_a_page_without_a_place_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no"):
        written("# Speed\n", measured(8_000))
