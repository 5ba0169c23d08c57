"""Sharing commits: calls that are on their way together are committed together, and one that comes alone waits for nobody."""

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.actors.in_hand import Batch, InHand
from taskactors.actors.store import Store
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
    monkeypatch.setattr("taskactors.actors.store.HOPS", 1)
    async with trio.open_nursery() as nursery, team(nursery) as us:
        assert await _commits(us, AGENTS) > ROUNDS + 2


async def test_one_alone_has_a_commit_for_each_call(mock_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        assert await _commits(us, 1) == ROUNDS


async def _with_the_woken(monkeypatch: pytest.MonkeyPatch) -> int:
    """How many share the commit of one who waited for mail, while everybody else works."""
    sizes: list[int] = []
    write = Store._write

    async def written(self: Store, batch: Batch) -> None:
        if any(letter.message.woken for letter in batch.letters):
            sizes.append(len(batch.letters))
        await write(self, batch)

    monkeypatch.setattr(Store, "_write", written)
    async with trio.open_nursery() as nursery, team(nursery) as us:
        heard: list[object] = []

        async def read() -> None:
            heard.extend((await us.call("reader", "read_inbox", wait_s=40))["items"])

        async with trio.open_nursery() as working:
            working.start_soon(read)
            await wait_all_tasks_blocked()
            working.start_soon(_commits, us, AGENTS)
            for _ in range(3 * LATEST):
                await trio.lowlevel.checkpoint()
            await us.call("sender", "send_message", to="reader", content="hello")
        assert len(heard) == 1
    return sizes[0]


async def test_one_who_was_woken_waits_for_nobody_to_share_the_commit(mock_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await _with_the_woken(monkeypatch) < AGENTS / 2


async def test_without_that_all_who_work_would_be_waited_for(mock_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InHand, "has_woken", property(lambda self: False, lambda self, value: None), raising=True)
    assert await _with_the_woken(monkeypatch) > AGENTS / 2
