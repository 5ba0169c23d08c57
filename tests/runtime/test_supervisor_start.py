"""Children start in order, each ready before the next; a start that fails says why, at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.runtime import (
    ActorGone,
    ActorStarted,
    ActorStopped,
    Child,
    Observed,
    Place,
    ReturnedEarly,
    StartFailed,
    Supervisor,
)

Make = Callable[..., Child]
Supervise = Callable[..., Supervisor]
Up = Callable[..., Awaitable[Supervisor]]


async def test_a_child_starts_only_when_the_one_before_it_is_ready(nursery: trio.Nursery, supervise: Supervise, echoing: Make) -> None:
    log: list[str] = []
    set_up = trio.Event()

    async def slow(place: Place) -> None:
        log.append("first begins")
        await set_up.wait()
        log.append("first ready")
        place.ready()
        await place.until_stopped()

    async def second(place: Place) -> None:
        log.append("second begins")
        place.ready()
        await place.until_stopped()

    supervisor = supervise(echoing("first", run=slow), echoing("second", run=second))
    started = trio.Event()

    async def start() -> None:
        await nursery.start(supervisor.run)
        started.set()

    nursery.start_soon(start)
    await wait_all_tasks_blocked()
    assert log == ["first begins"]
    assert not started.is_set()
    set_up.set()
    await started.wait()
    assert log == ["first begins", "first ready", "second begins"]
    await supervisor.stop()


async def test_letters_sent_before_the_start_are_served_after_it(nursery: trio.Nursery, up: Up, echoing: Make) -> None:
    child = echoing()
    got: list[object] = []

    async def ask() -> None:
        got.append(await child.address.ask("early", 5))

    nursery.start_soon(ask)
    await wait_all_tasks_blocked()
    supervisor = await up(child)
    await wait_all_tasks_blocked()
    assert got == ["early"]
    await supervisor.stop()


async def test_a_failing_start_shows_its_cause_and_stops_in_reverse_those_already_up(
    supervise: Supervise, echoing: Make, seen: list[Observed]
) -> None:
    bug = OSError("disk on fire")

    async def fail(_: Place) -> None:
        raise bug

    last = echoing("last")
    with pytest.raises(StartFailed) as no:
        await supervise(echoing("a"), echoing("b"), echoing("store", run=fail), last).run()
    assert (no.value.supervisor, no.value.child, no.value.__cause__) == ("root", "store", bug)
    assert "disk on fire" in str(no.value)
    assert [event.actor for event in seen if isinstance(event, ActorStarted)] == ["a", "b"]
    assert [event.actor for event in seen if isinstance(event, ActorStopped)] == ["b", "a"]
    with pytest.raises(ActorGone):
        last.address.tell("anybody?")


async def test_a_failing_start_reaches_whoever_started_the_supervisor_as_itself(
    nursery: trio.Nursery, supervise: Supervise, echoing: Make
) -> None:
    async def fail(_: Place) -> None:
        async with trio.open_nursery() as inner:
            inner.start_soon(trio.sleep_forever)
            raise OSError("disk on fire")

    with pytest.raises(StartFailed) as no:
        await nursery.start(supervise(echoing(run=fail)).run)
    assert isinstance(no.value.__cause__, OSError)


async def test_a_start_that_never_becomes_ready_fails_when_its_time_is_up(
    autojump_clock: MockClock, supervise: Supervise, echoing: Make
) -> None:
    async def hang(_: Place) -> None:
        await trio.sleep_forever()

    began = trio.current_time()
    with pytest.raises(StartFailed) as no:
        await supervise(echoing(run=hang, start_within_s=7)).run()
    assert isinstance(no.value.__cause__, TimeoutError)
    assert trio.current_time() - began == pytest.approx(7)


async def test_ready_said_in_the_moment_the_time_is_up_is_too_late(autojump_clock: MockClock, supervise: Supervise, echoing: Make) -> None:
    async def late(place: Place) -> None:
        autojump_clock.jump(7)
        place.ready()
        await trio.sleep_forever()

    with pytest.raises(StartFailed) as no:
        await supervise(echoing(run=late, start_within_s=7)).run()
    assert isinstance(no.value.__cause__, TimeoutError)


async def test_a_child_that_is_ready_may_live_longer_than_its_time_to_start(autojump_clock: MockClock, up: Up, echoing: Make) -> None:
    child = echoing(start_within_s=7)
    supervisor = await up(child)
    await trio.sleep(1000)
    assert await child.address.ask("there?", 5) == "there?"
    await supervisor.stop()


async def test_a_child_that_returns_before_it_is_ready_failed_to_start(supervise: Supervise, echoing: Make) -> None:
    async def give_up(_: Place) -> None:
        await trio.lowlevel.checkpoint()

    with pytest.raises(StartFailed) as no:
        await supervise(echoing(run=give_up)).run()
    assert isinstance(no.value.__cause__, ReturnedEarly)


async def test_a_stop_during_the_start_starts_nobody_else_and_is_no_failure(
    nursery: trio.Nursery, supervise: Supervise, echoing: Make, seen: list[Observed]
) -> None:
    async def slow(place: Place) -> None:
        assert await place.mailbox.take() is None

    never = echoing("never")
    supervisor = supervise(echoing("first"), echoing("slow", run=slow), never)
    ends: list[str] = []

    async def start() -> None:
        await nursery.start(supervisor.run)
        ends.append("start returned")

    nursery.start_soon(start)
    await wait_all_tasks_blocked()
    await supervisor.stop()
    await wait_all_tasks_blocked()
    assert ends == ["start returned"]
    assert [event.actor for event in seen if isinstance(event, ActorStarted)] == ["first"]
    assert [event.actor for event in seen if isinstance(event, ActorStopped)] == ["slow", "first"]
    with pytest.raises(ActorGone):
        never.address.tell("anybody?")


async def test_a_supervisor_runs_once(up: Up, echoing: Make) -> None:
    supervisor = await up(echoing())
    with pytest.raises(RuntimeError, match="already"):
        await supervisor.run()
    await supervisor.stop()
    with pytest.raises(RuntimeError, match="already"):
        await supervisor.run()


async def test_children_are_found_by_name_and_only_one_may_have_it(supervise: Supervise, echoing: Make) -> None:
    child = echoing("store")
    supervisor = supervise(child)
    assert supervisor.address("store") is child.address
    with pytest.raises(KeyError):
        supervisor.address("nobody")
    with pytest.raises(ValueError, match="same name"):
        supervise(echoing("store"), echoing("store"))


@pytest.mark.parametrize("wrong", [{"capacity": 0}, {"stop_within_s": -1}, {"start_within_s": 0}, {"name": ""}])
def test_a_senseless_child_cannot_be_made(echoing: Make, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"echo|name"):
        echoing(**wrong)


async def test_a_supervisor_of_nobody_runs_until_it_is_stopped(up: Up) -> None:
    supervisor = await up()
    await supervisor.stop()
