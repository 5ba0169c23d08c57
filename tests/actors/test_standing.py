"""What stands in a project is said as it is now, whoever asked first and whatever crashed since."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors.standing import TASKS_AT_ONCE, Figures
from tests.actors.team import FragileEngine, Team, team


async def standing(of: Team) -> Figures:
    found = await of.projects.running()["default"].standing.look()
    assert found is not None
    return found


async def added(of: Team, *codes: str, **given: Any) -> None:
    for code in codes:
        await of.call(None, "create_task", code=code, name=code, description=code, **given)


@pytest.mark.parametrize("asked_before", [True, False])
async def test_the_oldest_ready_task_is_the_one_that_could_have_been_started_for_longest(
    autojump_clock: MockClock, asked_before: bool
) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        if asked_before:
            assert await standing(of) == Figures(tasks={}, sessions=0, ready=0, oldest_ready_s=0)
        await added(of, "A-1", "A-2")
        await trio.sleep(100)
        await added(of, "A-3", priority_score=10)
        await trio.sleep(100)
        await of.call("ada", "claim_task", code="A-1", lease_s=86_400)
        found = await standing(of)
        assert (found.ready, found.oldest_ready_s) == (2, pytest.approx(200, abs=1))
        await of.call("ada", "release_task", code="A-1")
        await of.call("bob", "claim_task", code="A-2", lease_s=86_400)
        found = await standing(of)
        assert (found.ready, found.oldest_ready_s, found.tasks) == (2, pytest.approx(100, abs=1), {"Created": 2, "InProgress": 1})


async def test_work_that_waits_or_is_kept_back_is_as_old_as_it_is_ready(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await added(of, "A-1")
        await of.call("ada", "claim_task", code="A-1", lease_s=86_400)
        await of.call("ada", "release_task", code="A-1", not_before_s=300)
        await added(of, "B-1", depends_on=[{"code": "A-1"}])
        assert (await standing(of)).ready == 0
        await trio.sleep(310)
        found = await standing(of)
        assert (found.ready, found.oldest_ready_s) == (1, pytest.approx(10, abs=1))
        await of.call("ada", "claim_task", code="A-1", lease_s=86_400)
        await of.call("ada", "complete_task", code="A-1", fence=2, summary="s")
        await trio.sleep(7)
        found = await standing(of)
        assert (found.ready, found.oldest_ready_s) == (1, pytest.approx(7, abs=1))
        waits = of.projects.running()["default"].statistics.claim_wait_s
        assert waits.sum == pytest.approx(10, abs=1), "time in which nobody could have claimed it is no wait for a claim"


async def test_open_work_sessions_are_counted_until_they_end(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await added(of, "A-1")
        await of.call("ada", "claim_task", code="A-1")
        session = await of.call("ada", "start_work_session", code="A-1")
        assert (await standing(of)).sessions == 1
        await of.call("ada", "end_work_session", session_id=session["session_id"])
        assert (await standing(of)).sessions == 0


async def test_what_was_ready_before_a_start_is_read_whole_and_counted_once(autojump_clock: MockClock) -> None:
    engines: dict[str, FragileEngine] = {}
    many = 2 * TASKS_AT_ONCE + 1
    async with trio.open_nursery() as nursery:
        async with team(nursery, engines=engines) as of:
            for number in range(many):
                await added(of, f"M-{number}")
        async with team(nursery, engines=engines) as of:
            await trio.sleep(50)
            async with trio.open_nursery() as asking:
                for _ in range(3):
                    asking.start_soon(standing, of)
                asking.start_soon(of.call, "ada", "next_task")
            found = await standing(of)
            assert found.ready == many - 1
            assert found.oldest_ready_s >= 50


async def test_a_desk_that_crashes_and_a_store_that_does_change_nothing_of_it(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await standing(of)
        await added(of, "A-1")
        await trio.sleep(60)
        for actor in ("qa", "backend", "store"):
            await of.crash(actor)
            found = await standing(of)
            assert (found.ready, round(found.oldest_ready_s)) == (1, pytest.approx(60, abs=5))


async def test_moments_that_mean_nothing_any_more_do_not_pile_up(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await standing(of)
        await added(of, "OLD-1")
        await trio.sleep(1)
        await added(of, "NEW-1")
        for number in range(2_100):
            await trio.sleep(0.01)
            await of.call(None, "update_task", code="NEW-1", name=f"name {number}")
        kept = of.projects.running()["default"].standing._oldest_first
        assert len(kept) < 1_100
        assert (await standing(of)).oldest_ready_s > 20


async def test_a_store_that_does_not_answer_keeps_no_one_waiting_for_long(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        looked = of.projects.running()["default"].standing
        looked.store = _Deaf()  # type: ignore[assignment]
        with trio.fail_after(10):
            assert await looked.look() is None


class _Deaf:
    async def ask(self, message: object, within_s: float) -> None:
        await trio.sleep_forever()
