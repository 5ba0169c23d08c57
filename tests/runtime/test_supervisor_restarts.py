"""A crash is answered, restarts that child alone, and is counted; too many of them climb."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.runtime import (
    ActorCrashed,
    ActorCrashedEvent,
    ActorGone,
    ActorRestarted,
    ActorStopped,
    AskTimedOut,
    BudgetSpent,
    Child,
    Letter,
    Observed,
    Place,
    RestartBudget,
    ReturnedEarly,
    Supervisor,
    TooManyRestarts,
    one_at_a_time,
)

Make = Callable[..., Child]
Supervise = Callable[..., Supervisor]
Up = Callable[..., Awaitable[Supervisor]]


class Bug(Exception):
    pass


async def crash(child: Child) -> None:
    with pytest.raises(ActorCrashed):
        await child.address.ask(Bug(), 5)
    await wait_all_tasks_blocked()


async def test_a_crash_is_heard_by_the_letter_in_hand_and_the_queued_are_served_by_the_next_instance(
    nursery: trio.Nursery, up: Up, echoing: Make
) -> None:
    instances: list[int] = []
    go = trio.Event()

    async def run(place: Place) -> None:
        instances.append(len(instances))
        mine = instances[-1]

        async def handle(letter: Letter[Any]) -> None:
            if mine == 0:
                await go.wait()
                raise Bug
            letter.answer(mine)

        await one_at_a_time(place, handle)

    child = echoing(run=run)
    supervisor = await up(child)
    ends: dict[str, object] = {}

    async def ask(name: str) -> None:
        try:
            ends[name] = await child.address.ask(name, 5)
        except ActorCrashed as error:
            ends[name] = error

    for name in ("in hand", "queued", "queued too"):
        nursery.start_soon(ask, name)
        await wait_all_tasks_blocked()
    go.set()
    await wait_all_tasks_blocked()
    assert isinstance(ends["in hand"], ActorCrashed)
    assert isinstance(ends["in hand"].__cause__, Bug)
    assert (ends["queued"], ends["queued too"]) == (1, 1)
    assert await child.address.ask("after", 5) == 1
    await supervisor.stop()


async def test_a_caller_that_gave_up_does_not_hurt_the_server(
    autojump_clock: MockClock, up: Up, echoing: Make, seen: list[Observed]
) -> None:
    async def run(place: Place) -> None:
        async def handle(letter: Letter[Any]) -> None:
            await trio.sleep(letter.message)
            letter.answer("slow but sure")

        await one_at_a_time(place, handle)

    child = echoing(run=run)
    supervisor = await up(child)
    with trio.move_on_after(2) as patience:
        await child.address.ask(10, 100)
    assert patience.cancelled_caught
    with pytest.raises(AskTimedOut):
        await child.address.ask(10, 2)
    assert await child.address.ask(1, 100) == "slow but sure"
    assert not [event for event in seen if isinstance(event, ActorCrashedEvent)]
    await supervisor.stop()


async def test_siblings_never_notice_a_crash(up: Up, echoing: Make, seen: list[Observed]) -> None:
    bad, good = echoing("bad"), echoing("good")
    supervisor = await up(good, bad)
    await crash(bad)
    assert await good.address.ask("there?", 5) == "there?"
    assert [event.actor for event in seen if isinstance(event, ActorRestarted)] == ["bad"]
    await supervisor.stop()


async def test_a_child_that_returns_unasked_counts_as_a_crash(supervise: Supervise, echoing: Make, seen: list[Observed]) -> None:
    async def quits(place: Place) -> None:
        place.ready()

    with pytest.raises(TooManyRestarts) as no:
        await supervise(echoing(run=quits), budget=RestartBudget(2, 60)).run()
    assert isinstance(no.value.__cause__, ReturnedEarly)
    assert len([event for event in seen if isinstance(event, ActorCrashedEvent)]) == 3


async def test_a_spent_budget_climbs_as_itself_with_the_last_crash_and_stops_the_siblings_in_reverse(
    autojump_clock: MockClock, nursery: trio.Nursery, supervise: Supervise, echoing: Make, seen: list[Observed]
) -> None:
    a, bad, b = echoing("a"), echoing("bad"), echoing("b")
    supervisor = supervise(a, bad, b, budget=RestartBudget(1, 60))
    last = Bug("the last")

    async def crash_twice() -> None:
        await crash(bad)
        bad.address.tell(last)

    nursery.start_soon(crash_twice)
    with pytest.raises(TooManyRestarts) as no:
        await supervisor.run()
    assert (no.value.supervisor, no.value.child, no.value.__cause__) == ("root", "bad", last)
    assert "the last" in str(no.value)
    assert [event.actor for event in seen if isinstance(event, BudgetSpent)] == ["bad"]
    assert [event.actor for event in seen if isinstance(event, ActorStopped)] == ["b", "a"]
    for child in (a, bad, b):
        with pytest.raises(ActorGone):
            await child.address.ask("anybody?", 5)


async def test_the_budget_is_shared_by_all_children(nursery: trio.Nursery, supervise: Supervise, echoing: Make) -> None:
    children = [echoing(name) for name in ("a", "b", "c")]
    supervisor = supervise(*children, budget=RestartBudget(2, 60))

    async def crash_each_once() -> None:
        for child in children:
            await crash(child)

    nursery.start_soon(crash_each_once)
    with pytest.raises(TooManyRestarts) as no:
        await supervisor.run()
    assert no.value.child == "c"


async def test_old_crashes_are_forgotten(autojump_clock: MockClock, up: Up, echoing: Make) -> None:
    child = echoing()
    supervisor = await up(child, budget=RestartBudget(1, 60))
    for _ in range(5):
        await crash(child)
        await trio.sleep(60)
    assert await child.address.ask("there?", 5) == "there?"
    await supervisor.stop()


async def test_a_budget_of_none_gives_up_at_the_first_crash(nursery: trio.Nursery, supervise: Supervise, echoing: Make) -> None:
    child = echoing()
    supervisor = supervise(child, budget=RestartBudget(0, 60))
    nursery.start_soon(crash, child)
    with pytest.raises(TooManyRestarts):
        await supervisor.run()


async def test_whoever_queues_at_a_child_that_is_given_up_hears_it_before_its_siblings_have_stopped(
    autojump_clock: MockClock, nursery: trio.Nursery, supervise: Supervise, echoing: Make
) -> None:
    asked = trio.Event()
    heard: list[float] = []

    async def falls(place: Place) -> None:
        async def handle(_: Letter[Any]) -> None:
            await asked.wait()
            raise Bug

        await one_at_a_time(place, handle)

    bad = echoing("bad", run=falls)

    async def relies_on_bad(place: Place) -> None:
        place.ready()
        with pytest.raises(ActorGone):
            await bad.address.ask("help", 1000)
        heard.append(trio.current_time())
        await trio.sleep_forever()

    supervisor = supervise(bad, echoing("relies", run=relies_on_bad, stop_within_s=50), budget=RestartBudget(0, 60))
    bad.address.tell("fall")
    began = trio.current_time()

    async def let_it_fall() -> None:
        await wait_all_tasks_blocked()
        asked.set()

    nursery.start_soon(let_it_fall)
    with pytest.raises(TooManyRestarts):
        await supervisor.run()
    assert heard == [began]
    assert trio.current_time() - began == pytest.approx(50)


async def test_a_restart_that_does_not_become_ready_is_another_crash(
    autojump_clock: MockClock, supervise: Supervise, echoing: Make, seen: list[Observed]
) -> None:
    lives = 0

    async def ready_once(place: Place) -> None:
        nonlocal lives
        lives += 1
        if lives == 1:
            place.ready()
            raise Bug
        await trio.sleep_forever()

    began = trio.current_time()
    with pytest.raises(TooManyRestarts) as no:
        await supervise(echoing(run=ready_once, start_within_s=7), budget=RestartBudget(2, 60)).run()
    assert isinstance(no.value.__cause__, TimeoutError)
    assert lives == 3
    assert trio.current_time() - began == pytest.approx(14)
    assert not [event for event in seen if isinstance(event, ActorRestarted)]


async def test_a_parked_letter_outlives_the_crash_of_the_desk_that_parked_it(nursery: trio.Nursery, up: Up, echoing: Make) -> None:
    parked: list[Letter[Any]] = []

    async def handle(letter: Letter[Any]) -> None:
        match letter.message:
            case "wait":
                parked.append(letter.keep())
                raise Bug
            case "wake":
                parked.pop().answer("at last")
                letter.answer(None)

    async def run(place: Place) -> None:
        await one_at_a_time(place, handle)

    child = echoing(run=run)
    supervisor = await up(child)
    got: list[object] = []

    async def ask() -> None:
        got.append(await child.address.ask("wait", 5))

    nursery.start_soon(ask)
    await wait_all_tasks_blocked()
    assert got == []
    await child.address.ask("wake", 5)
    await wait_all_tasks_blocked()
    assert got == ["at last"]
    await supervisor.stop()
