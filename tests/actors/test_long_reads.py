"""Long reads: done in turns, between which everybody else has theirs, and answered as one."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.actors.store import Store
from taskactors.board import listing
from taskactors.board.changes import EXAMINED_LIMIT
from taskactors.domain.errors import Refusal
from tests.actors.team import Team, team

TASKS = 60

A_TURN = 2


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One for each further turn of a long read, as they are done."""
    monkeypatch.setattr(listing, "RECORDS_A_TURN", A_TURN)
    done, answer_read = list[int](), Store._answer_read

    def counted(store: Store, letter: object, read: object) -> object:
        left = answer_read(store, letter, read)  # type: ignore[arg-type]
        if left is not None:
            done.append(1)
        return left

    monkeypatch.setattr(Store, "_answer_read", counted)
    return done


async def fill(on: Team) -> None:
    for number in range(1, TASKS + 1):
        await on.call("ada", "create_task", code=f"T-{number}", name="n", description="d")


async def test_calls_of_others_are_answered_between_the_turns_of_a_long_read(autojump_clock: MockClock, turns: list[int]) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await fill(on)
        meanwhile: list[int] = []

        async def ask_meanwhile() -> None:
            while len(turns) < TASKS // A_TURN:
                before = len(turns)
                await on.call("bob", "get_task_by_code", code="T-1")
                meanwhile.append(len(turns) - before)

        nursery.start_soon(ask_meanwhile)
        listed = await on.call("ada", "list_tasks", role="qa", limit=100)
        assert listed == {"items": []}
        assert len(turns) == TASKS // A_TURN
        assert len(meanwhile) >= 3
        assert max(meanwhile) <= 10, "the turns of one call: router, desk, store and back"


async def test_a_change_between_two_turns_is_made_and_the_read_goes_on(autojump_clock: MockClock, turns: list[int]) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await fill(on)

        async def change() -> None:
            await on.call("bob", "update_task", code="T-1", name="changed meanwhile")
            assert len(turns) < TASKS // A_TURN

        nursery.start_soon(change)
        items = (await on.call("ada", "list_tasks", limit=100))["items"]
        assert [each["code"] for each in items] == [f"T-{number}" for number in range(TASKS, 0, -1)]
        assert items[-1]["name"] == "changed meanwhile"


async def test_whoever_waits_for_a_long_read_hears_of_the_end_of_the_store(autojump_clock: MockClock, turns: list[int]) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await fill(on)
        refused: list[str] = []

        async def read() -> None:
            try:
                await on.call("ada", "list_tasks", role="qa")
            except Refusal as no:
                refused.append(no.code)

        async with trio.open_nursery() as reading:
            reading.start_soon(read)
            while len(turns) < 3:
                await trio.lowlevel.checkpoint()
            await on.crash("store")
        assert refused == ["internal"]
        assert (await on.call("ada", "list_tasks", role="qa"))["items"] == []


async def test_a_search_in_the_log_that_stops_early_is_not_parked_before_what_is_there(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        for number in range(1, 1_002):
            await on.call("ada", "create_task", code=f"T-{number}", name="n", description="d")
        await on.call("ada", "claim_task", code="T-1")
        began = trio.current_time()
        first = await on.call("bob", "get_changes", kinds=["task_claimed"], wait_s=30)
        assert (first["items"], first["stopped_after"]) == ([], 1_000)
        then = await on.call("bob", "get_changes", kinds=["task_claimed"], wait_s=30, cursor=first["next_cursor"])
        assert [each["kind"] for each in then["items"]] == ["task_claimed"]
        assert trio.current_time() == began


async def much_happens(on: Team, to: str) -> None:
    """More than one page of the log looks at, and nothing of it of interest."""
    for number in range(EXAMINED_LIMIT + 100):
        await on.call(to, "create_task", code=f"OTHER-{number}", name="n", description="d")


async def test_who_follows_one_task_of_a_busy_team_reads_none_of_what_happened_to_the_others(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: list[Any] = []

        async def follow() -> None:
            answers.append(await on.call("ada", "get_changes", code="MINE-1", cursor="now", wait_s=40))

        await on.call("ada", "create_task", code="MINE-1", name="n", description="d")
        async with trio.open_nursery() as following:
            following.start_soon(follow)
            await wait_all_tasks_blocked()
            await much_happens(on, "bob")
            assert answers == []
            await on.call("bob", "claim_task", code="MINE-1")
            await wait_all_tasks_blocked()
            # The first answer has it, and not only that a thousand events were looked at in vain.
            (answer,) = answers
        assert [(each["kind"], each["by"]) for each in answer["items"]] == [("task_claimed", "bob")]
        assert (await on.call("ada", "get_changes", code="MINE-1", cursor=answer["next_cursor"]))["items"] == []


async def test_a_wait_that_ends_with_nothing_goes_on_from_its_end(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        cursors: list[str] = []

        async def follow(digest: bool) -> None:
            nothing = await on.call("ada", "get_changes", code="MINE-1", cursor="now", wait_s=40, digest=digest)
            assert nothing["items"] == []
            cursors.append(nothing["next_cursor"])

        await on.call("ada", "create_task", code="MINE-1", name="n", description="d")
        async with trio.open_nursery() as following:
            following.start_soon(follow, False)
            following.start_soon(follow, True)
            await wait_all_tasks_blocked()
            await much_happens(on, "bob")
            end = (await on.call("ada", "get_changes", cursor="now"))["next_cursor"]
        assert cursors == [end, end]
