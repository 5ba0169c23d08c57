"""What a call makes refers to itself in no circle: it is gone with its answer, and the collector has nothing to look for."""

import gc
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors.calls import Connection
from taskactors.actors.metrics import Metrics
from tests.actors.team import Team, team

ADA = Connection(id="of-ada", project="default", agent="ada")
CALLS = 20


class Circle:
    """The control: it holds itself."""

    def __init__(self) -> None:
        self.me = self


async def _a_days_work(us: Team, number: int) -> None:
    """A task made, claimed, renewed and done, and something refused, each by a call that no task waits for."""
    code = f"DAY-{number}"
    await _posted(us, "create_task", code=code, name="work", description="to be done")
    fence = (await _posted(us, "claim_task", code=code))["claim"]["fence"]
    await _posted(us, "report_progress", code=code, fence=fence, percent=50)
    await _posted(us, "get_task_by_code", code=code)
    await _posted(us, "claim_task", code="NOTHING-1")
    await _posted(us, "complete_task", code=code, fence=fence, summary="done")


async def _posted(us: Team, tool: str, **arguments: Any) -> Mapping[str, Any]:
    """Its answer; empty when it was refused."""
    heard: list[Mapping[str, Any] | None] = []
    us.projects.post(ADA, tool, arguments, lambda answer, error: heard.append(answer))
    while not heard:
        await trio.lowlevel.checkpoint()
    return heard[0] or {}


async def _left_in_circles(us: Team) -> Counter[str]:
    """What is found by the collector alone after some days' work, by its type."""
    await _a_days_work(us, 0)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for number in range(1, CALLS):
            await _a_days_work(us, number)
        gc.collect()
        return Counter(type(each).__name__ for each in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


async def test_calls_leave_nothing_that_only_the_collector_finds(mock_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        left = await _left_in_circles(us)
    assert sum(left.values()) < CALLS, left


async def test_one_circle_for_each_call_would_be_found(mock_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Metrics.called

    def called(self: Metrics, *facts: Any) -> None:
        Circle()
        real(self, *facts)

    monkeypatch.setattr(Metrics, "called", called)
    async with trio.open_nursery() as nursery, team(nursery) as us:
        left = await _left_in_circles(us)
    assert left["Circle"] >= CALLS
