"""A stop runs in reverse, answers everything that was let in, and waits for nobody longer than was said."""

from __future__ import annotations

import contextlib
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
    Address,
    Child,
    Letter,
    Observed,
    Place,
    RuntimeFault,
    StartFailed,
    Supervisor,
    in_batches,
    one_at_a_time,
)

Make = Callable[..., Child]
Supervise = Callable[..., Supervisor]
Up = Callable[..., Awaitable[Supervisor]]


async def ask(address: Address, message: object, ends: list[object], within_s: float = 1000) -> None:
    try:
        ends.append(await address.ask(message, within_s))
    except RuntimeFault as error:
        ends.append(error)


async def works_slowly(place: Place) -> None:
    async def handle(letter: Letter[Any]) -> None:
        await trio.sleep(1)
        letter.answer("done")

    await one_at_a_time(place, handle)


async def will_not_stop(place: Place) -> None:
    async def handle(_: Letter[Any]) -> None:
        await trio.sleep_forever()

    await one_at_a_time(place, handle)


async def test_children_stop_in_the_reverse_of_their_start(up: Up, echoing: Make, seen: list[Observed]) -> None:
    supervisor = await up(echoing("a"), echoing("b"), echoing("c"))
    await supervisor.stop()
    assert [event.actor for event in seen if isinstance(event, ActorStopped)] == ["c", "b", "a"]


async def test_a_stop_under_load_answers_everything_that_was_let_in(autojump_clock: MockClock, up: Up, echoing: Make) -> None:
    async def commits(place: Place) -> None:
        async def handle(batch: list[Letter[Any]]) -> None:
            await trio.sleep(0.01)
            for letter in batch:
                letter.answer("committed")

        await in_batches(place, handle, limit=8)

    store = echoing("store", run=commits, capacity=1000)

    async def forwards(place: Place) -> None:
        async def handle(letter: Letter[Any]) -> None:
            letter.forward(store.address)

        await one_at_a_time(place, handle)

    desk = echoing("desk", run=forwards, capacity=1000)
    supervisor = await up(store, desk)
    ends: list[object] = []

    async def client() -> None:
        while not (ends and isinstance(ends[-1], ActorGone)):
            await ask(desk.address, "work", ends)

    async with trio.open_nursery() as clients:
        for _ in range(50):
            clients.start_soon(client)
        await trio.sleep(0.35)
        await supervisor.stop()
    assert ends.count("committed") > 50
    assert {type(end) for end in ends if end != "committed"} == {ActorGone}


async def test_a_letter_that_comes_after_the_stop_began_is_refused_and_those_before_are_served(
    autojump_clock: MockClock, nursery: trio.Nursery, up: Up, echoing: Make
) -> None:
    child = echoing(run=works_slowly, stop_within_s=10)
    supervisor = await up(child)
    before: list[object] = []
    for _ in range(3):
        nursery.start_soon(ask, child.address, "work", before)
    await wait_all_tasks_blocked()
    nursery.start_soon(supervisor.stop)
    await wait_all_tasks_blocked()
    with pytest.raises(ActorGone):
        await child.address.ask("late", 5)
    await supervisor.stop()
    assert before == ["done"] * 3


async def test_a_child_that_will_not_stop_is_cut_at_its_deadline_and_its_queue_hears_actor_gone(
    autojump_clock: MockClock, nursery: trio.Nursery, up: Up, echoing: Make, seen: list[Observed]
) -> None:
    child = echoing("stubborn", run=will_not_stop, stop_within_s=4)
    supervisor = await up(echoing("a"), child)
    ends: list[object] = []
    for _ in range(3):
        nursery.start_soon(ask, child.address, "work", ends)
    await wait_all_tasks_blocked()
    began = trio.current_time()
    await supervisor.stop()
    assert trio.current_time() - began == pytest.approx(4)
    await wait_all_tasks_blocked()
    assert [type(end) for end in ends] == [ActorGone] * 3
    assert ActorStopped("stubborn", cut=True, abandoned=2) in seen
    assert ActorStopped("a", cut=False, abandoned=0) in seen
    assert not [event for event in seen if isinstance(event, ActorCrashedEvent)]


async def test_each_child_has_its_own_deadline(autojump_clock: MockClock, up: Up, echoing: Make) -> None:
    children = [echoing(f"stubborn-{s}", run=will_not_stop, stop_within_s=s) for s in (1, 0, 3)]
    supervisor = await up(*children)
    for child in children:
        child.address.tell("work")
    await wait_all_tasks_blocked()
    began = trio.current_time()
    await supervisor.stop()
    assert trio.current_time() - began == pytest.approx(4)


async def test_a_crash_while_draining_is_heard_not_restarted_and_does_not_fail_the_stop(
    nursery: trio.Nursery, up: Up, echoing: Make, seen: list[Observed]
) -> None:
    go = trio.Event()

    async def run(place: Place) -> None:
        async def handle(_: Letter[Any]) -> None:
            await go.wait()
            raise ValueError("bug")

        await one_at_a_time(place, handle)

    child = echoing("bad", run=run)
    supervisor = await up(child)
    ends: list[object] = []
    for _ in range(2):
        nursery.start_soon(ask, child.address, "work", ends)
        await wait_all_tasks_blocked()
    nursery.start_soon(supervisor.stop)
    await wait_all_tasks_blocked()
    go.set()
    await supervisor.stop()
    await wait_all_tasks_blocked()
    assert {type(end) for end in ends} == {ActorCrashed, ActorGone}
    assert [event.actor for event in seen if isinstance(event, ActorCrashedEvent)] == ["bad"]
    assert not [event for event in seen if isinstance(event, ActorRestarted)]


async def test_one_that_others_rely_on_while_they_stop_is_still_restarted(autojump_clock: MockClock, up: Up, echoing: Make) -> None:
    store = echoing("store")
    ends: list[object] = []

    async def asks_as_it_stops(place: Place) -> None:
        place.ready()
        await place.until_stopped()
        store.address.tell(ValueError("bug"))
        await ask(store.address, "last words", ends)

    supervisor = await up(store, echoing("desk", run=asks_as_it_stops))
    await supervisor.stop()
    assert ends == ["last words"]


async def test_a_child_that_reads_no_letters_learns_of_its_stop(up: Up, echoing: Make) -> None:
    log: list[str] = []

    async def listens(place: Place) -> None:
        place.ready()
        await place.until_stopped()
        log.append("closed its socket")

    supervisor = await up(echoing(run=listens))
    await supervisor.stop()
    assert log == ["closed its socket"]


async def test_stopping_twice_at_once_and_again_is_the_same_stop(
    autojump_clock: MockClock, up: Up, echoing: Make, seen: list[Observed]
) -> None:
    child = echoing(run=works_slowly)
    supervisor = await up(child)
    child.address.tell("work")
    ends: list[float] = []

    async def stop() -> None:
        await supervisor.stop()
        ends.append(trio.current_time())

    async with trio.open_nursery() as stoppers:
        stoppers.start_soon(stop)
        stoppers.start_soon(stop)
    assert len(ends) == 2
    await supervisor.stop()
    assert len([event for event in seen if isinstance(event, ActorStopped)]) == 1


async def test_a_stop_whose_caller_leaves_goes_on_without_it(
    autojump_clock: MockClock, up: Up, echoing: Make, seen: list[Observed]
) -> None:
    child = echoing(run=works_slowly)
    supervisor = await up(child)
    child.address.tell("work")
    await wait_all_tasks_blocked()
    with trio.move_on_after(0):
        await supervisor.stop()
    await supervisor.stop()
    assert ActorStopped("echo", cut=False, abandoned=0) in seen


async def test_stopped_before_it_ran_a_supervisor_returns_at_once_and_its_places_are_gone(
    nursery: trio.Nursery, supervise: Supervise, echoing: Make, seen: list[Observed]
) -> None:
    child = echoing()
    ends: list[object] = []
    nursery.start_soon(ask, child.address, "early", ends)
    await wait_all_tasks_blocked()
    supervisor = supervise(child)
    await supervisor.stop()
    await nursery.start(supervisor.run)
    await wait_all_tasks_blocked()
    assert [type(end) for end in ends] == [ActorGone]
    assert seen == []


async def test_run_returns_normally_after_a_stop(nursery: trio.Nursery, supervise: Supervise, echoing: Make) -> None:
    supervisor = supervise(echoing())
    ends: list[str] = []

    async def run(task_status: trio.TaskStatus[None]) -> None:
        await supervisor.run(task_status)
        ends.append("returned")

    async def started(task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        await run(task_status)

    await nursery.start(started)
    await supervisor.stop()
    await wait_all_tasks_blocked()
    assert ends == ["returned"]


async def test_whoever_waits_for_the_end_is_told_of_it_and_not_before(nursery: trio.Nursery, up: Up, echoing: Make) -> None:
    supervisor = await up(echoing())
    told: list[str] = []

    async def wait() -> None:
        await supervisor.ended()
        told.append("ended")

    nursery.start_soon(wait)
    await wait_all_tasks_blocked()
    assert told == []
    await supervisor.stop()
    await wait_all_tasks_blocked()
    assert told == ["ended"]
    await supervisor.ended()


@pytest.mark.parametrize("way", ["stopped before it ran", "failed to start", "cancelled"])
async def test_the_end_is_told_however_it_came(supervise: Supervise, echoing: Make, way: str) -> None:
    async def run(place: Place) -> None:
        if way == "failed to start":
            raise ValueError("bug")
        place.ready()
        await place.until_stopped()

    supervisor = supervise(echoing(run=run))
    if way == "stopped before it ran":
        await supervisor.stop()
    with trio.CancelScope() as scope:
        if way == "cancelled":
            scope.cancel()
        with contextlib.suppress(StartFailed):
            await supervisor.run()
    await supervisor.ended()
