"""What brought a supervisor down can be read off its error, without digging through groups."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio

from taskactors.runtime import Child, Place, RestartBudget, Supervisor, TooManyRestarts

Make = Callable[..., Child]
Supervise = Callable[..., Supervisor]


class Bug(Exception):
    pass


async def test_a_crash_of_a_childs_own_nursery_is_the_cause_itself(supervise: Supervise, echoing: Make) -> None:
    async def fails(place: Place) -> None:
        place.ready()
        async with trio.open_nursery() as outer, trio.open_nursery() as inner:
            outer.start_soon(trio.sleep_forever)
            inner.start_soon(trio.sleep_forever)
            raise Bug("deep")

    with pytest.raises(TooManyRestarts) as no:
        await supervise(echoing(run=fails), budget=RestartBudget(0, 60)).run()
    assert isinstance(no.value.__cause__, Bug)


async def test_two_failures_at_once_are_both_in_the_cause(supervise: Supervise, echoing: Make) -> None:
    async def fail(error: Exception) -> None:
        raise error

    async def fails(place: Place) -> None:
        place.ready()
        async with trio.open_nursery() as inner:
            inner.start_soon(fail, Bug())
            inner.start_soon(fail, OSError())

    with pytest.raises(TooManyRestarts) as no:
        await supervise(echoing(run=fails), budget=RestartBudget(0, 60)).run()
    assert isinstance(no.value.__cause__, ExceptionGroup)
    assert {type(error) for error in no.value.__cause__.exceptions} == {Bug, OSError}


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
async def test_what_concerns_the_process_is_not_restarted_and_comes_out_bare(
    supervise: Supervise, echoing: Make, stop: type[BaseException]
) -> None:
    lives = 0

    async def interrupted(place: Place) -> None:
        nonlocal lives
        lives += 1
        place.ready()
        await trio.lowlevel.checkpoint()
        raise stop

    with pytest.raises(stop):
        await supervise(echoing("a"), echoing("b", run=interrupted)).run()
    assert lives == 1
