"""History: what is too old goes by itself, in time; a project in which nothing is too old is not written to."""

import trio
from trio.testing import MockClock

from taskactors.actors.history import EVERY_S, FIRST_AFTER_S
from taskactors.board.requests.admin import DropHistory
from taskactors.board.retention import DROPPED_AT_ONCE
from tests.actors.team import Team, team

DAY = 24 * 3600.0


async def first_seq(of: Team) -> int:
    return int((await of.call(None, "get_changes", limit=1))["items"][0]["seq"])


async def test_history_goes_once_it_is_old_enough(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery, keep_history=DropHistory(keep_days=3, keep_events=1)) as of:
        for number in range(5):
            await of.call(None, "create_task", code=f"T-{number}", name="n", description="d")
        await trio.sleep(2 * DAY)
        await of.call(None, "create_task", code="LATER-1", name="n", description="d")
        assert await first_seq(of) == 1
        await trio.sleep(DAY + EVERY_S)
        assert await first_seq(of) == 6
        assert (await of.call(None, "admin.verify"))["clean"] is True


async def test_history_stays_where_nothing_is_to_be_dropped_and_the_project_is_not_written_to(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery, keep_history=DropHistory(keep_days=90, keep_events=1)) as of:
        await of.call(None, "create_task", code="T-1", name="n", description="d")
        units = of.projects.running()["default"].health.units
        await trio.sleep(30 * DAY)
        assert of.projects.running()["default"].health.units == units


async def test_a_server_that_keeps_everything_keeps_it(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        for number in range(3):
            await of.call(None, "create_task", code=f"T-{number}", name="n", description="d")
        await trio.sleep(400 * DAY)
        assert await first_seq(of) == 1


async def test_whoever_asks_gets_everything_dropped_that_may_go(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        for _ in range(DROPPED_AT_ONCE + 50):
            await of.call(None, "create_task", code="T", name="n", description="d")
        await trio.sleep(5 * DAY)
        answer = await of.call(None, "admin.retain", keep_days=1, keep_events=1)
        assert (answer["dropped"], answer["more"]) == (DROPPED_AT_ONCE + 50, False)


async def test_a_store_in_trouble_on_that_day_puts_it_off_by_a_day(autojump_clock: MockClock) -> None:
    def fails(commit: object) -> None:
        raise RuntimeError("planted")

    async with trio.open_nursery() as nursery, team(nursery, keep_history=DropHistory(keep_days=1, keep_events=1)) as of:
        await of.call(None, "create_task", code="T-1", name="n", description="d")
        await trio.sleep(FIRST_AFTER_S + 23 * 3600 - 100)
        await of.call(None, "create_task", code="T-2", name="n", description="d")
        of.engine.troubles.append(fails)
        await trio.sleep(4 * DAY)
        assert of.engine.troubles == []
        assert await first_seq(of) > 1
