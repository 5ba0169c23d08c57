"""What a person is shown: aligned columns and short local times."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from taskactors.cli.shown import WIDEST_CELL, moment, table, width


@pytest.fixture
def in_tokyo() -> Iterator[None]:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def test_a_time_of_another_day_is_local_and_has_its_date(in_tokyo: None) -> None:
    assert moment("2026-01-02T20:04:05.678Z") == "2026-01-03 05:04"


def test_a_time_of_today_has_no_date() -> None:
    now = datetime.now(UTC)
    shown = {moment((now + timedelta(seconds=each)).isoformat()) for each in (0, 1)}
    assert any(len(each) == len("12:34:56") for each in shown)


@pytest.mark.parametrize(("text", "shown"), [(None, ""), ("", ""), ("soon\x1b", r"soon\x1b"), (5, "")])
def test_what_is_no_time_breaks_nothing(text: object, shown: str) -> None:
    assert moment(text) == shown


no_bars = st.text(st.characters(exclude_characters="|"), max_size=90)


@given(st.lists(st.tuples(no_bars, st.text(max_size=90)), min_size=1, max_size=5))
def test_the_last_column_begins_in_one_place_whatever_is_in_the_others(rows: list[tuple[str, str]]) -> None:
    lines = table(("FIRST", "|LAST"), [(first, "|" + last) for first, last in rows]).split("\n")
    assert len(lines) == len(rows) + 1
    assert len({width(line[: line.index("|")]) for line in lines}) == 1


def test_wide_letters_take_two_columns_and_combining_ones_none() -> None:
    assert [width(text) for text in ("ab", "世界", "e\u0301")] == [2, 4, 1]


def test_a_long_cell_is_cut_unless_it_is_the_last() -> None:
    (_, line) = table(("A", "B"), [("x" * 200, "y" * 200)]).splitlines()
    assert line == "x" * (WIDEST_CELL - 1) + "…  " + "y" * 200
