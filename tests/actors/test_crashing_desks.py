"""A desk that crashes answers its caller, comes back, and is felt by nobody else."""

from collections import Counter

import pytest
import trio

from taskactors.actors.refusals import Internal
from taskactors.actors.roles.desk import Desk
from taskactors.domain.codes import numbered
from taskactors.runtime import ActorCrashedEvent, ActorRestarted
from tests.actors.team import team


class Planted(Exception):
    pass


async def test_a_desk_that_crashes_under_load_answers_its_caller_and_no_other_desk_fails(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward, outcomes = Desk.forward, Counter[str]()

    def crash_on_poison(desk: Desk, letter: object) -> None:
        if getattr(letter.message.request, "name", "") == "poison":  # type: ignore[attr-defined]
            raise Planted
        forward(desk, letter)  # type: ignore[arg-type]

    monkeypatch.setattr(Desk, "forward", crash_on_poison)
    async with team(nursery) as us:

        async def backend(number: int) -> None:
            try:
                await us.call("ada", "create_task", code="LOAD", name="poison" if number in (20, 50) else "fine", description="d")
            except Internal:
                outcomes["backend crashed"] += 1
            else:
                outcomes["backend answered"] += 1

        async def integrator(number: int) -> None:
            await us.call("bob", "send_message", to="all", content=f"message {number}")
            outcomes["integrator answered"] += 1

        async with trio.open_nursery() as load:
            for number in range(100):
                load.start_soon(backend, number)
                load.start_soon(integrator, number)
        after = await us.call("ada", "create_task", code="AFTER-1", name="the desk is back", description="d")
        assert after["state"] == "Created"
        assert outcomes["integrator answered"] == 100
        assert outcomes["backend answered"] + outcomes["backend crashed"] == 100
        # Whoever was in hand with the poison hears of the crash; the rest of the queue waits for the next life.
        assert outcomes["backend crashed"] >= 1
        assert {event.actor for event in us.seen if isinstance(event, ActorCrashedEvent)} == {"backend"}
        assert "backend" in {event.actor for event in us.seen if isinstance(event, ActorRestarted)}
        assert (await us.call(None, "admin.verify"))["clean"] is True


async def test_a_bug_in_one_unit_of_work_is_its_caller_s_alone(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(prefix: str, number: int) -> str:
        if prefix == "BUG":
            raise Planted
        return numbered(prefix, number)

    monkeypatch.setattr("taskactors.board.tasks.numbered", broken)
    async with team(nursery) as us:
        answers: list[object] = []

        async def create(code: str) -> None:
            try:
                answers.append((await us.call("ada", "create_task", code=code, name="n", description="d"))["code"])
            except Internal:
                answers.append("internal")

        async with trio.open_nursery() as load:
            for code in ("OK", "BUG", "OK"):
                load.start_soon(create, code)
        assert Counter(answers) == Counter(["OK-001", "OK-002", "internal"])
        assert not [event for event in us.seen if isinstance(event, ActorCrashedEvent)]
