"""Load: what waits in one project is bounded in number and in bytes, whoever is one too many hears so at once, and work can end."""

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.actors.calls import LARGEST_BYTES, Call, Connection, size_of
from taskactors.actors.in_hand import BATCH_BYTES, BATCH_LIMIT, WAITING_BYTES, WAITING_LIMIT, InHand
from taskactors.actors.orders import Write
from taskactors.actors.project import BOX, BOX_BYTES, KEPT_FREE
from taskactors.actors.roles import desk
from taskactors.actors.waiting import ENDS_SPARE
from taskactors.domain.errors import Refusal
from taskactors.runtime import Letter
from tests.actors.team import Team, team

ORDINARY = BOX - KEPT_FREE
LARGEST = {"description": "x" * (LARGEST_BYTES - len('{"description":""}'))}
"""Arguments of the largest size: refused by the desk, but first they wait for it."""


async def outcomes_of(us: Team, calls: int, tool: str, arguments: dict[str, Any] | None = None) -> Counter[str]:
    """How each of many calls ends that all come before anybody could take one out of the box."""
    ended: Counter[str] = Counter()

    async def one(agent: str) -> None:
        try:
            await us.call(agent, tool, **(arguments or {}))
        except Refusal as no:
            ended[no.code if no.code != "overloaded" or no.facts()["retry_after_ms"] > 0 else "overloaded for ever"] += 1
        else:
            ended["answered"] += 1

    async with trio.open_nursery() as load:
        for each in range(calls):
            load.start_soon(one, f"agent-{each % 100}")
    return ended


async def test_as_many_calls_wait_as_there_is_room_for_and_the_next_hears_at_once_that_there_is_none(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        assert await outcomes_of(us, ORDINARY, "list_tasks") == {"answered": ORDINARY}
        began = trio.current_time()
        assert await outcomes_of(us, ORDINARY + 1, "list_tasks") == {"answered": ORDINARY, "overloaded": 1}
        assert trio.current_time() == began


async def test_as_many_bytes_wait_as_there_is_room_for_and_no_call_more(autojump_clock: MockClock) -> None:
    room = BOX_BYTES * ORDINARY // BOX // LARGEST_BYTES
    async with trio.open_nursery() as nursery, team(nursery) as us:
        assert size_of(LARGEST) == LARGEST_BYTES
        assert await outcomes_of(us, room, "create_task", LARGEST) == {"invalid_arguments": room}
        assert await outcomes_of(us, room + 1, "create_task", LARGEST) == {"invalid_arguments": room, "overloaded": 1}
        assert await outcomes_of(us, room, "create_task", LARGEST) == {"invalid_arguments": room}


@pytest.mark.parametrize("tool", ["complete_task", "renew_claim", "release_task", "set_task_state"])
async def test_the_rest_of_the_room_is_kept_for_what_ends_work(autojump_clock: MockClock, tool: str) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        assert await is_let_in(us, "create_task", behind=ORDINARY - 1)
        assert not await is_let_in(us, "create_task", behind=ORDINARY)
        assert not await is_let_in(us, "next_task", behind=ORDINARY)
        assert await is_let_in(us, tool, behind=ORDINARY)
        assert await is_let_in(us, tool, behind=BOX - 1)
        assert not await is_let_in(us, tool, behind=BOX)


async def is_let_in(us: Team, tool: str, behind: int) -> bool:
    """Whether a call is let into the router's box when so many others are in it."""
    box = us.projects.running()["default"].supervisor.children[-1].mailbox
    nobody = Call(connection=Connection(id="of-nobody", project="default"), tool="nothing", arguments={})
    while box.depth < behind:
        box.deliver(Letter(nobody), urgent=True)
    try:
        await us.call("ada", tool)
    except Refusal as no:
        return no.code != "overloaded"
    return True


async def test_work_beside_a_desks_box_is_bounded_too(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "BESIDE_LIMIT", 3)
    async with trio.open_nursery() as nursery, team(nursery) as us:
        assert await outcomes_of(us, 3, "get_workspace_manifest") == {"answered": 3}
        assert await outcomes_of(us, 5, "get_workspace_manifest") == {"answered": 3, "overloaded": 2}


# what the store takes at once


def taken(*sizes: int) -> InHand:
    in_hand = InHand()
    for number, size in enumerate(sizes):
        in_hand.take(Letter(Write(lambda transaction: None, f"command-{number}"), None, size=size))
    return in_hand


def test_a_commit_has_so_many_units_and_the_rest_is_in_the_next() -> None:
    in_hand = taken(*[1] * (2 * BATCH_LIMIT + 1))
    assert [len(in_hand.next_batch()) for _ in range(4)] == [BATCH_LIMIT, BATCH_LIMIT, 1, 0]
    assert in_hand.waiting_bytes == 0


def test_a_commit_has_so_many_bytes_and_not_one_more() -> None:
    half = BATCH_BYTES // 2
    assert [len(batch) for batch in batches(taken(half, half, half))] == [2, 1]
    assert [len(batch) for batch in batches(taken(half, half, 1))] == [2, 1]
    assert [len(batch) for batch in batches(taken(half, half + 1, half))] == [1, 1, 1]
    assert [len(batch) for batch in batches(taken(2 * BATCH_BYTES, 1, 1))] == [1, 2]


def batches(in_hand: InHand) -> Iterator[list[Letter[Write]]]:
    while batch := in_hand.next_batch():
        assert [letter.message.command for letter in batch] == sorted(letter.message.command for letter in batch)
        yield batch


def test_the_store_takes_no_more_letters_than_it_will_soon_have_room_for() -> None:
    assert not taken(*[1] * WAITING_LIMIT).is_enough
    assert taken(*[1] * (WAITING_LIMIT + 1)).is_enough
    assert not taken(WAITING_BYTES).is_enough
    assert taken(WAITING_BYTES, 1).is_enough


# what is left behind by whoever has gone


@pytest.mark.parametrize("tool", ["next_task", "read_inbox"])
async def test_of_callers_who_left_while_they_waited_nothing_stays(autojump_clock: MockClock, tool: str) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        waiting = us.projects.running()["default"].waiting
        for _ in range(8):
            async with trio.open_nursery() as leaving:
                for number in range(ENDS_SPARE // 2):
                    leaving.start_soon(partial(us.call, f"agent-{number % 50}", tool, wait_s=40))
                await wait_all_tasks_blocked()
                assert len(waiting.parked) == ENDS_SPARE // 2
                leaving.cancel_scope.cancel()
        assert (len(waiting.parked), waiting._lines) == (0, {})
        assert len(waiting._ends) <= ENDS_SPARE
        began = trio.current_time()
        answer = await us.call("agent-0", tool, wait_s=30)
        assert answer.get("nothing_ready") or answer["items"] == []
        assert trio.current_time() - began == pytest.approx(30, abs=0.1)
