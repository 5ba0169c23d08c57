"""A supervisor is a child like any other; its failure climbs one step, and its own children's addresses outlive it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.runtime import (
    ActorCrashed,
    ActorGone,
    ActorRestarted,
    ActorStarted,
    ActorStopped,
    Child,
    Letter,
    NoLettersHere,
    Observed,
    Place,
    RestartBudget,
    StartFailed,
    Supervisor,
    TooManyRestarts,
    one_at_a_time,
)

Make = Callable[..., Child]
Supervise = Callable[..., Supervisor]
Up = Callable[..., Awaitable[Supervisor]]


class Bug(Exception):
    pass


async def test_a_supervisor_is_ready_when_all_its_children_are(up: Up, supervise: Supervise, echoing: Make, seen: list[Observed]) -> None:
    roles = supervise(echoing("qa"), echoing("docs"), name="roles")
    root = await up(echoing("store"), roles.as_child(), echoing("router"))
    assert [event.actor for event in seen if isinstance(event, ActorStarted)] == ["store", "qa", "docs", "roles", "router"]
    await root.stop()
    assert [event.actor for event in seen if isinstance(event, ActorStopped)] == ["router", "docs", "qa", "roles", "store"]
    for name in ("qa", "docs"):
        with pytest.raises(ActorGone):
            roles.address(name).tell("anybody?")


async def test_a_spent_budget_below_restarts_the_whole_group_and_its_addresses_and_queues_live_on(
    autojump_clock: MockClock, nursery: trio.Nursery, up: Up, supervise: Supervise, echoing: Make, seen: list[Observed]
) -> None:
    async def slow(place: Place) -> None:
        async def handle(letter: Letter[Any]) -> None:
            await trio.sleep(1)
            letter.answer(letter.message)

        await one_at_a_time(place, handle)

    bad, good = echoing("bad"), echoing("good", run=slow)
    roles = supervise(bad, good, name="roles", budget=RestartBudget(0, 60))
    root = await up(roles.as_child())
    ends: list[object] = []

    async def ask(child: Child, message: object) -> None:
        try:
            ends.append(await child.address.ask(message, 100))
        except ActorCrashed as error:
            ends.append(error)

    for message in ("in hand", "queued", "queued too"):
        nursery.start_soon(ask, good, message)
        await wait_all_tasks_blocked()
    nursery.start_soon(ask, bad, Bug())
    nursery.start_soon(ask, bad, "queued at the bad one")
    await trio.sleep(10)
    crashes = [end for end in ends if isinstance(end, ActorCrashed)]
    assert len(crashes) == 1
    assert sorted(end for end in ends if isinstance(end, str)) == ["in hand", "queued", "queued at the bad one", "queued too"]
    assert [event.actor for event in seen if isinstance(event, ActorRestarted)] == ["roles"]
    assert await bad.address.ask("there?", 5) == "there?"
    await root.stop()


async def test_a_group_that_keeps_failing_climbs_with_one_step_per_supervisor(supervise: Supervise, echoing: Make) -> None:
    async def fails(place: Place) -> None:
        place.ready()
        await wait_all_tasks_blocked()
        raise Bug("the root of it")

    leaf = echoing("leaf", run=fails)
    queued = echoing("queued")
    low = supervise(queued, leaf, name="low", budget=RestartBudget(1, 60))
    mid = supervise(low.as_child(), name="mid", budget=RestartBudget(1, 60))
    top = supervise(mid.as_child(), name="top", budget=RestartBudget(1, 60))
    with pytest.raises(TooManyRestarts) as no:
        await top.run()
    steps: list[tuple[str, str]] = []
    step: BaseException | None = no.value
    while isinstance(step, TooManyRestarts):
        steps.append((step.supervisor, step.child))
        step = step.__cause__
    assert steps == [("top", "mid"), ("mid", "low"), ("low", "leaf")]
    assert isinstance(step, Bug)
    assert "the root of it" in str(no.value)
    with pytest.raises(ActorGone):
        queued.address.tell("anybody?")


async def test_a_group_that_falls_while_it_starts_did_not_start(supervise: Supervise, echoing: Make) -> None:
    async def fails(place: Place) -> None:
        place.ready()
        raise Bug

    low = supervise(echoing(run=fails), name="low", budget=RestartBudget(1, 60))
    with pytest.raises(StartFailed) as no:
        await supervise(low.as_child()).run()
    assert isinstance(no.value.__cause__, TooManyRestarts)


async def test_a_failing_start_below_names_the_way_down_to_its_cause(supervise: Supervise, echoing: Make) -> None:
    async def fail(_: Place) -> None:
        raise OSError("disk on fire")

    project = supervise(echoing("store", run=fail), name="project")
    with pytest.raises(StartFailed) as no:
        await supervise(project.as_child(), name="root").run()
    assert (no.value.supervisor, no.value.child) == ("root", "project")
    below = no.value.__cause__
    assert isinstance(below, StartFailed)
    assert (below.supervisor, below.child) == ("project", "store")
    assert isinstance(below.__cause__, OSError)


async def test_a_nested_group_has_the_time_of_all_its_children_to_stop(
    autojump_clock: MockClock, up: Up, supervise: Supervise, echoing: Make, seen: list[Observed]
) -> None:
    async def stubborn(place: Place) -> None:
        place.ready()
        await trio.sleep_forever()

    roles = supervise(*(echoing(name, run=stubborn, stop_within_s=3) for name in ("a", "b", "c")), name="roles")
    root = await up(roles.as_child())
    began = trio.current_time()
    await root.stop()
    assert trio.current_time() - began == pytest.approx(9)
    assert [(event.actor, event.cut) for event in seen if isinstance(event, ActorStopped)] == [
        ("c", True),
        ("b", True),
        ("a", True),
        ("roles", False),
    ]


async def test_a_nested_group_given_less_time_is_cut_with_all_below_it(
    autojump_clock: MockClock, up: Up, supervise: Supervise, echoing: Make
) -> None:
    async def stubborn(place: Place) -> None:
        place.ready()
        await trio.sleep_forever()

    child = echoing("a", run=stubborn, stop_within_s=30)
    root = await up(supervise(child, name="roles").as_child(stop_within_s=2))
    heard: list[type[BaseException | None]] = []
    child.address.post(Letter("ask", lambda _, error: heard.append(type(error))))
    began = trio.current_time()
    await root.stop()
    assert trio.current_time() - began == pytest.approx(2)
    assert heard == [ActorGone]


async def test_a_nested_group_given_less_time_to_start_fails_in_that_time(
    autojump_clock: MockClock, supervise: Supervise, echoing: Make
) -> None:
    async def hang(_: Place) -> None:
        await trio.sleep_forever()

    roles = supervise(echoing("a", run=hang, start_within_s=30), name="roles")
    began = trio.current_time()
    with pytest.raises(StartFailed) as no:
        await supervise(roles.as_child(start_within_s=2)).run()
    assert isinstance(no.value.__cause__, TimeoutError)
    assert trio.current_time() - began == pytest.approx(2)


async def test_a_supervisor_takes_no_letters_and_says_so(up: Up, supervise: Supervise, echoing: Make) -> None:
    roles = supervise(echoing("qa"), name="roles")
    root = await up(roles.as_child())
    with pytest.raises(NoLettersHere):
        await root.address("roles").ask("anybody?", 5)
    await root.stop()


async def test_cancelled_from_outside_a_nested_group_is_gone_at_once(supervise: Supervise, echoing: Make) -> None:
    child = echoing("qa")
    root = supervise(supervise(child, name="roles").as_child())
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as inner:
            await inner.start(root.run)
            scope.cancel()
    with pytest.raises(ActorGone):
        child.address.tell("anybody?")


async def test_a_group_that_was_restarted_has_its_whole_budget_again(
    up: Up, supervise: Supervise, echoing: Make, seen: list[Observed]
) -> None:
    child = echoing("qa")
    root = await up(supervise(child, name="roles", budget=RestartBudget(1, 60)).as_child())
    for _ in range(3):
        with pytest.raises(ActorCrashed):
            await child.address.ask(Bug(), 5)
        await wait_all_tasks_blocked()
    assert [event.actor for event in seen if isinstance(event, ActorRestarted)] == ["qa", "roles", "qa"]
    await root.stop()


async def test_a_nested_supervisor_stopped_behind_its_parents_back_empties_its_boxes_and_its_parent_gives_up(
    autojump_clock: MockClock, nursery: trio.Nursery, supervise: Supervise, echoing: Make
) -> None:
    async def slow(place: Place) -> None:
        async def handle(letter: Letter[Any]) -> None:
            await trio.sleep(1)
            letter.answer(letter.message)

        await one_at_a_time(place, handle)

    child = echoing("qa", run=slow)
    roles = supervise(child, name="roles")
    root = supervise(roles.as_child(), budget=RestartBudget(1, 60))
    heard: list[object] = []

    async def stop() -> None:
        for message in ("in hand", "queued"):
            child.address.post(Letter(message, lambda value, error: heard.append(error or value)))
        await trio.sleep(0.5)
        await roles.stop()

    nursery.start_soon(stop)
    with pytest.raises(TooManyRestarts) as no:
        await root.run()
    assert no.value.child == "roles"
    assert heard == ["in hand", "queued"]
    with pytest.raises(ActorGone):
        child.address.tell("anybody?")
