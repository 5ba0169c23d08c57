"""Sharing commits: calls that are on their way together are committed together, and one that comes alone waits for nobody."""

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors import store
from tests.actors.team import Team, team

AGENTS, ROUNDS = 24, 6

LATEST = 4
"""They begin within so many turns of the loop, so that some are always on their way while others are being committed."""


async def _commits(us: Team, agents: int) -> int:
    """How many commits it takes when each agent makes its next call as soon as its last was answered."""

    async def work(name: str, late: int) -> None:
        for _ in range(late):
            await trio.lowlevel.checkpoint()
        for number in range(ROUNDS):
            await us.call(name, "create_task", code=f"{name}-{number}", name="some work", description="to be done")

    await us.call("agent-0", "create_task", code="FIRST", name="some work", description="to be done")
    before = us.projects.running()["default"].health.commits
    async with trio.open_nursery() as nursery:
        for number in range(agents):
            nursery.start_soon(work, f"agent-{number}", number % LATEST)
    return us.projects.running()["default"].health.commits - before


async def test_those_who_are_answered_together_and_call_again_share_the_next_commit(mock_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        assert await _commits(us, AGENTS) <= ROUNDS + 2


async def test_without_letting_calls_arrive_there_are_many_more_commits(mock_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "HOPS", 1)
    async with trio.open_nursery() as nursery, team(nursery) as us:
        assert await _commits(us, AGENTS) > ROUNDS + 2


async def test_one_alone_has_a_commit_for_each_call(mock_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        assert await _commits(us, 1) == ROUNDS
