"""A project that has to close says to everybody what became of what they asked, and says it at once."""

from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any

import pytest
import trio
from attrs import define
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.actors.refusals import ProjectUnavailable, UnknownOutcome
from taskactors.domain.errors import Refusal
from taskactors.storage.errors import EngineFault
from tests.actors.team import FragileEngine, Team, team

MORE_THAN_ANY_BUDGET = 10


@define(eq=False)
class LockedEngine(FragileEngine):
    """Cannot be opened again for so many times."""

    locked: int = 0

    def open(self) -> FragileEngine:
        if self.opened and self.locked:
            self.locked -= 1
            raise EngineFault("the file cannot be opened")
        return super().open()


@pytest.fixture
async def us(nursery: trio.Nursery) -> AsyncIterator[Team]:
    async with team(nursery, engines={"default": LockedEngine()}) as running:
        yield running


async def closes(us: Team) -> Mapping[str, Exception]:
    """The disk fails in the middle of one write, with another behind it and somebody waiting, and cannot be opened again."""
    heard: dict[str, Exception] = {}

    async def asks(name: str, tool: str, /, **arguments: Any) -> None:
        try:
            await us.call(name, tool, **arguments)
        except Refusal as no:
            heard[name] = no

    engine = us.engine
    assert isinstance(engine, LockedEngine)
    async with trio.open_nursery() as asking:
        asking.start_soon(partial(asks, "parked", "next_task", wait_s=40))
        await wait_all_tasks_blocked()

        def commits_and_fails(commit: Callable[[], None]) -> None:
            commit()
            asking.start_soon(partial(asks, "too-late", "create_task", code="T-2", name="n", description="d"))
            raise EngineFault("the last flush was not confirmed")

        engine.troubles.append(commits_and_fails)
        engine.locked = MORE_THAN_ANY_BUDGET
        asking.start_soon(partial(asks, "in-doubt", "create_task", code="T-1", name="n", description="d"))
    return heard


async def test_whoever_is_parked_hears_at_once_that_the_project_is_closed(us: Team, autojump_clock: MockClock) -> None:
    began = trio.current_time()
    heard = await closes(us)
    assert isinstance(heard["parked"], ProjectUnavailable)
    assert trio.current_time() - began < 2


async def test_what_was_being_written_is_of_unknown_outcome(us: Team, autojump_clock: MockClock) -> None:
    heard = await closes(us)
    assert isinstance(heard["in-doubt"], UnknownOutcome)
    # By then it was tried often enough to be opened again.
    await trio.sleep(300)
    assert "T-1" in [task["code"] for task in (await us.call(None, "list_tasks"))["items"]]


async def test_what_was_never_begun_is_not_said_to_be_in_doubt(us: Team, autojump_clock: MockClock) -> None:
    assert isinstance((await closes(us))["too-late"], ProjectUnavailable)
