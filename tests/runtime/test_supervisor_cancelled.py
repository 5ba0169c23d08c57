"""Cancelled from outside, a supervisor unwinds at once; nobody is left waiting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.runtime import (
    ActorCrashedEvent,
    ActorGone,
    ActorRestarted,
    Address,
    Child,
    Letter,
    Observed,
    Place,
    Supervisor,
    one_at_a_time,
)

Make = Callable[..., Child]
Supervise = Callable[..., Supervisor]


async def ask(address: Address, message: object, ends: list[object]) -> None:
    try:
        ends.append(await address.ask(message, 1000))
    except ActorGone as error:
        ends.append(error)


async def will_not_stop(place: Place) -> None:
    async def handle(_: Letter[Any]) -> None:
        await trio.sleep_forever()

    await one_at_a_time(place, handle)


async def test_cancelled_from_outside_it_unwinds_at_once_and_everybody_waiting_hears_actor_gone(
    autojump_clock: MockClock, nursery: trio.Nursery, supervise: Supervise, echoing: Make
) -> None:
    child, idle = echoing(run=will_not_stop, stop_within_s=100), echoing("idle")
    supervisor = supervise(child, idle)
    ends: list[object] = []
    for _ in range(3):
        nursery.start_soon(ask, child.address, "work", ends)
    began = trio.current_time()
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as inner:
            await inner.start(supervisor.run)
            await wait_all_tasks_blocked()
            scope.cancel()
    assert trio.current_time() == began
    await wait_all_tasks_blocked()
    assert [type(end) for end in ends] == [ActorGone] * 3
    for gone in (child, idle):
        with pytest.raises(ActorGone):
            gone.address.tell("anybody?")
    await supervisor.stop()


async def test_cancelled_from_outside_in_the_middle_of_a_stop_it_unwinds_at_once(
    autojump_clock: MockClock, nursery: trio.Nursery, supervise: Supervise, echoing: Make
) -> None:
    child = echoing(run=will_not_stop, stop_within_s=100)
    supervisor = supervise(child)
    ends: list[object] = []
    began = trio.current_time()
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as inner:
            await inner.start(supervisor.run)
            nursery.start_soon(ask, child.address, "work", ends)
            nursery.start_soon(supervisor.stop)
            await wait_all_tasks_blocked()
            scope.cancel()
    await wait_all_tasks_blocked()
    assert trio.current_time() == began
    assert [type(end) for end in ends] == [ActorGone]


async def test_a_crash_while_it_is_cancelled_from_outside_is_seen_and_restarts_nobody(
    supervise: Supervise, echoing: Make, seen: list[Observed]
) -> None:
    async def fails_on_the_way_out(place: Place) -> None:
        place.ready()
        try:
            await place.until_stopped()
        finally:
            raise ValueError("bug")

    with trio.CancelScope() as scope:
        async with trio.open_nursery() as inner:
            await inner.start(supervise(echoing("bad", run=fails_on_the_way_out)).run)
            scope.cancel()
    assert scope.cancelled_caught
    assert [event.actor for event in seen if isinstance(event, ActorCrashedEvent)] == ["bad"]
    assert not [event for event in seen if isinstance(event, ActorRestarted)]
