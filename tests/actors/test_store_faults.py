"""When the engine fails in the middle of a commit, every caller learns what became of their change, and it happens once."""

from collections.abc import Callable
from typing import Any

import pytest
import trio
from attrs import define

from taskactors.actors.project import RESTARTS
from taskactors.actors.refusals import StoreFullRefusal, UnknownOutcome
from taskactors.actors.seat import BACK_OFF_S
from taskactors.storage.errors import EngineFault, NeedsRoom, StoreFull
from tests.actors.team import FragileEngine, Team, team

Commit = Callable[[], None]


def fails_after_committing(commit: Commit) -> None:
    commit()
    raise EngineFault("the last flush was not confirmed")


def fails_before_committing(commit: Commit) -> None:
    raise EngineFault("nothing was written")


def needs_room(commit: Commit) -> None:
    commit_was_tried.append(True)
    raise NeedsRoom("the map is full")


def is_full(commit: Commit) -> None:
    raise StoreFull("no space left")


commit_was_tried: list[bool] = []


async def codes(us: Team) -> list[str]:
    return sorted(task["code"] for task in (await us.call(None, "list_tasks"))["items"])


@pytest.fixture
async def us(nursery: trio.Nursery) -> Any:
    async with team(nursery) as running:
        await running.call("ada", "create_task", code="FIRST-1", name="n", description="d")
        yield running


async def test_a_commit_that_went_through_unconfirmed_is_answered_and_not_done_twice(
    us: Team, autojump_clock: trio.testing.MockClock
) -> None:
    us.engine.troubles.append(fails_after_committing)
    task = await us.call("ada", "create_task", code="SEC", name="n", description="d")
    assert task["code"] == "SEC-001"
    assert await codes(us) == ["FIRST-1", "SEC-001"]
    assert us.engine.opened == 2
    assert (await us.call(None, "admin.verify"))["clean"] is True


async def test_a_commit_that_did_not_go_through_is_run_once_more(us: Team, autojump_clock: trio.testing.MockClock) -> None:
    us.engine.troubles.append(fails_before_committing)
    task = await us.call("ada", "create_task", code="SEC", name="n", description="d")
    assert task["code"] == "SEC-001"
    assert await codes(us) == ["FIRST-1", "SEC-001"]


async def test_a_commit_that_fails_twice_is_told_as_unknown_with_its_command(us: Team, autojump_clock: trio.testing.MockClock) -> None:
    us.engine.troubles += [fails_before_committing, fails_before_committing]
    with pytest.raises(UnknownOutcome) as unknown:
        await us.call("ada", "create_task", code="SEC", name="n", description="d")
    assert unknown.value.command
    assert (await us.call("ada", "create_task", code="SEC", name="n", description="d"))["code"] == "SEC-001"


@define(eq=False)
class Unopenable(FragileEngine):
    """Cannot be opened so many times more."""

    failures: int = 0

    def open(self) -> FragileEngine:
        if self.failures:
            self.failures -= 1
            raise EngineFault("not just now")
        return super().open()


async def test_a_commit_in_doubt_when_the_project_has_to_close_is_told_as_unknown_and_can_be_repeated(
    autojump_clock: trio.testing.MockClock,
) -> None:
    engine = Unopenable()
    async with trio.open_nursery() as nursery, team(nursery, engines={"default": engine}) as on:
        engine.troubles.append(fails_after_committing)
        engine.failures = RESTARTS.restarts
        task = {"code": "SEC", "name": "n", "description": "d", "idempotency_key": "once"}
        with pytest.raises(UnknownOutcome):
            await on.call("ada", "create_task", **task)
        await trio.sleep(BACK_OFF_S[1])
        again = await on.call("ada", "create_task", **task)
        assert (again["code"], again["replayed"]) == ("SEC-001", True)


async def test_reads_go_on_while_a_fault_is_dealt_with(us: Team, autojump_clock: trio.testing.MockClock) -> None:
    us.engine.troubles.append(fails_after_committing)
    async with trio.open_nursery() as load:
        load.start_soon(lambda: us.call("ada", "create_task", code="SEC", name="n", description="d"))
        for _ in range(5):
            load.start_soon(lambda: us.call("bob", "get_task_by_code", code="FIRST-1"))


async def test_a_full_map_is_made_larger_and_the_batch_run_again(us: Team, autojump_clock: trio.testing.MockClock) -> None:
    us.engine.troubles.append(needs_room)
    assert (await us.call("ada", "create_task", code="SEC", name="n", description="d"))["code"] == "SEC-001"
    assert commit_was_tried


async def test_a_full_disk_is_said_to_the_caller_and_work_goes_on_when_there_is_room(
    us: Team, autojump_clock: trio.testing.MockClock
) -> None:
    us.engine.troubles.append(is_full)
    with pytest.raises(StoreFullRefusal):
        await us.call("ada", "create_task", code="SEC", name="n", description="d")
    health = await us.call(None, "health_check")
    assert (health["status"], health["database"]) == ("unhealthy", False)
    assert await codes(us) == ["FIRST-1"]
    assert (await us.call("ada", "create_task", code="SEC", name="n", description="d"))["code"] == "SEC-001"
    assert (await us.call(None, "health_check"))["status"] == "healthy"


async def test_two_uses_of_a_key_in_one_batch_act_once(us: Team, autojump_clock: trio.testing.MockClock) -> None:
    answers: list[Any] = []

    async def create() -> None:
        answers.append(await us.call("ada", "create_task", code="SEC", name="n", description="d", idempotency_key="same"))

    async with trio.open_nursery() as load:
        for _ in range(5):
            load.start_soon(create)
    assert {answer["code"] for answer in answers} == {"SEC-001"}
    assert sum(answer.get("replayed", False) for answer in answers) == 4
