"""Pace: a caller who calls too fast is slowed down, and nobody else is."""

from contextlib import suppress

import pytest
import trio
from attrs import define
from trio.testing import MockClock

from taskactors.actors.calls import UnknownTool
from taskactors.actors.pace import BURST, CALLERS_LIMIT, CALLS_PER_S, Pace
from taskactors.actors.refusals import TooManyCalls
from tests.actors.team import team


@define
class Time:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_passes_and_what_comes_on_top_is_refused_with_when_to_come_again() -> None:
    time = Time()
    pace = Pace(time)
    for _ in range(BURST):
        pace.take("ada")
    with pytest.raises(TooManyCalls) as no:
        pace.take("ada")
    time.now += no.value.retry_after_ms / 1000
    pace.take("ada")
    with pytest.raises(TooManyCalls):
        pace.take("ada")
    pace.take("bob")


def test_whoever_keeps_the_pace_is_never_refused() -> None:
    time = Time()
    pace = Pace(time)
    for _ in range(5 * BURST):
        pace.take("ada")
        time.now += 1.001 / CALLS_PER_S


def test_a_refused_call_costs_nothing() -> None:
    time = Time()
    pace = Pace(time)
    for _ in range(BURST):
        pace.take("ada")
    for _ in range(10 * BURST):
        with pytest.raises(TooManyCalls):
            pace.take("ada")
    time.now += 0.01
    pace.take("ada")


def test_the_memory_of_callers_is_bounded() -> None:
    pace = Pace(Time())
    for number in range(2 * CALLERS_LIMIT):
        pace.take(f"agent-{number}")
    assert len(pace._full_at) == CALLERS_LIMIT


async def test_a_caller_who_is_too_fast_is_refused_in_every_project_and_whoever_runs_the_server_in_none(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        for number in range(BURST):
            with suppress(UnknownTool):
                await us.call("ada", "nothing", project=f"project-{number % 2}")
        for project in ("project-0", "default"):
            with pytest.raises(TooManyCalls, match=str(CALLS_PER_S)):
                await us.call("ada", "list_tasks", project=project)
        await us.call("bob", "list_tasks")
        for _ in range(2 * BURST):
            with suppress(UnknownTool):
                await us.call(None, "nothing")
