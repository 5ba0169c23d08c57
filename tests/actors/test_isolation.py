"""What goes wrong in one project is not felt in another: a crash loop, a flood, a full disk, a disk that hangs."""

import statistics
import threading
from collections.abc import Callable
from typing import Any

import pytest
import trio
from attrs import Factory, define
from trio.testing import MockClock

from taskactors.actors.refusals import Overloaded, StoreFullRefusal
from taskactors.actors.roles.desk import Desk
from taskactors.actors.threads import PROJECT_THREADS, own_threads
from taskactors.domain.errors import Refusal
from taskactors.runtime import BudgetSpent
from taskactors.storage.errors import EngineFault, StoreFull
from tests.actors.team import FragileEngine, Team, team

FLOOD = 2_000
"""Calls at once: twice what a project's boxes hold."""

SHARE = 3
"""A call of the quiet project takes at most this part of what one takes that stands in the flooded project's line."""


async def create(us: Team, project: str, name: str = "n") -> str:
    return str((await us.call("bob", "create_task", project=project, code="T", name=name, description="d"))["code"])


async def clean(us: Team, project: str, tasks: int) -> bool:
    """Whether the project has these tasks, its log the events of their creation and no others, and nothing is wrong with it."""
    answer = await us.call(None, "admin.verify", project=project)
    log = (await us.call(None, "get_changes", project=project, limit=100))["items"]
    kinds = {each["kind"] for each in log}
    return answer["clean"] and answer["tasks"] == tasks and kinds <= {"agent_registered", "task_created"}


@pytest.mark.parametrize("trouble", ["a desk that crashes", "an engine that fails"])
async def test_a_project_that_crashes_until_it_has_to_be_closed_is_felt_by_no_other(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    forward = Desk.forward

    def crash_on_poison(desk: Desk, letter: Any) -> None:
        if getattr(letter.message.request, "name", "") == "poison":
            raise RuntimeError("planted")
        forward(desk, letter)

    monkeypatch.setattr(Desk, "forward", crash_on_poison)
    async with trio.open_nursery() as nursery, team(nursery) as us:
        await create(us, "bad")
        await create(us, "good")
        project = us.projects.running()["good"]
        causes: set[str] = set()
        for _ in range(40):
            if trouble.startswith("an engine"):
                us.engines["bad"].troubles += [fails, fails]
            began = trio.current_time()
            with pytest.raises(Refusal) as no:
                await create(us, "bad", "poison" if trouble.startswith("a desk") else "n")
            causes.add(no.value.code)
            await create(us, "good")
            # On a clock that stands still while anybody works: it waited for nothing.
            assert trio.current_time() - began < 0.1
            await trio.sleep(0.2)
        assert "project_unavailable" in causes
        assert any(isinstance(each, BudgetSpent) for each in us.seen)
        assert us.projects.running()["good"] is project
        assert us.engines["good"].opened == 1
        assert await clean(us, "good", tasks=41)
        us.engines["bad"].troubles.clear()
        await trio.sleep(120)
        assert await create(us, "bad") != ""


def fails(commit: Callable[[], None]) -> None:
    raise EngineFault("nothing was written")


async def test_a_full_disk_of_one_project_is_told_there_and_nowhere_else(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        await create(us, "full")
        await create(us, "good")
        us.engines["full"].troubles += [is_full] * 1_000
        for _ in range(20):
            with pytest.raises(StoreFullRefusal):
                await create(us, "full")
            assert len((await us.call("bob", "list_tasks", project="full"))["items"]) == 1
            await create(us, "good")
        assert (await us.call(None, "health_check", project="full"))["status"] == "unhealthy"
        assert (await us.call(None, "health_check", project="good"))["status"] == "healthy"
        assert await clean(us, "good", tasks=21)
        us.engines["full"].troubles.clear()
        await create(us, "full")
        assert await clean(us, "full", tasks=2)


def is_full(commit: Callable[[], None]) -> None:
    raise StoreFull("no space left")


@define
class Measured:
    """How long calls took, in seconds: those of the flooded project, and those beside it."""

    loud: list[float] = Factory(list)
    beside: list[float] = Factory(list)

    @property
    def ratio(self) -> float:
        """What a call beside the flood takes, in units of one that stands in its line."""
        return statistics.median(self.beside) / statistics.median(self.loud)


async def flooded(us: Team, tool: str, beside: str, **arguments: Any) -> Measured:
    """Thousands of calls at once to one project, each repeated until it is answered, and meanwhile one after the other beside it."""
    measured, left, full = Measured(), FLOOD, trio.Event()
    for project in {"loud", beside}:
        await create(us, project)

    async def call(agent: str, project: str, into: list[float]) -> None:
        began = trio.current_time()
        while True:
            try:
                await us.call(agent, tool, project=project, **arguments)
            except Overloaded as no:
                full.set()
                await trio.sleep(no.retry_after_ms / 1000)
            else:
                into.append(trio.current_time() - began)
                return

    async def one_of_many(number: int) -> None:
        nonlocal left
        await call(f"agent-{number % 100}", "loud", measured.loud)
        left -= 1

    async with trio.open_nursery() as load:
        for number in range(FLOOD):
            load.start_soon(one_of_many, number)
        # Whoever calls before the line stands is in front of it.
        await full.wait()
        # In its second half a flood is none any more.
        while left > FLOOD / 2:
            await call("bob", beside, measured.beside)
    assert len(measured.loud) == FLOOD
    return measured


FLOODS: dict[str, tuple[str, dict[str, Any]]] = {
    "of writes": ("create_task", {"code": "T", "name": "n", "description": "d"}),
    "of reads": ("list_tasks", {"limit": 100}),
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_in_one_project_is_no_line_to_stand_in_for_another(flood: str) -> None:
    tool, arguments = FLOODS[flood]
    async with trio.open_nursery() as nursery, team(nursery, threads=own_threads) as us:
        measured = await flooded(us, tool, beside="quiet", **arguments)
        assert len(measured.beside) >= SHARE
        assert measured.ratio <= 1 / SHARE
        assert (await us.call(None, "admin.verify", project="quiet"))["clean"] is True
        assert (await us.call(None, "admin.verify", project="loud"))["clean"] is True


async def test_the_measure_sees_a_line_that_all_stand_in() -> None:
    async with trio.open_nursery() as nursery, team(nursery, threads=own_threads) as us:
        tool, arguments = FLOODS["of writes"]
        assert (await flooded(us, tool, beside="loud", **arguments)).ratio > 1 / SHARE


@define
class Stuck:
    """Engines whose disks hang until they are let go."""

    let_go: threading.Event = Factory(threading.Event)
    hanging: int = 0

    def hangs(self, commit: Callable[[], None]) -> None:
        self.hanging += 1
        self.let_go.wait(30)
        commit()


TROUBLED = 48
"""More projects than threads that a process of trio's shares by default (40)."""


async def beside_stuck_disks(us: Team) -> bool:
    """Whether a project is answered while the disks of many others hang."""
    stuck = Stuck()
    await create(us, "good")
    for number in range(TROUBLED):
        us.engines.setdefault(f"stuck-{number}", FragileEngine()).troubles.append(stuck.hangs)  # type: ignore[attr-defined]
    async with trio.open_nursery() as load:
        for number in range(TROUBLED):
            load.start_soon(create, us, f"stuck-{number}")
        try:
            while stuck.hanging < min(TROUBLED, 40):
                await trio.lowlevel.checkpoint()
            with trio.move_on_after(2) as late:
                await create(us, "good")
        finally:
            stuck.let_go.set()
    return not late.cancelled_caught


async def test_the_hanging_disks_of_many_projects_are_not_felt_by_another() -> None:
    assert PROJECT_THREADS < TROUBLED
    async with trio.open_nursery() as nursery, team(nursery, threads=own_threads) as us:
        assert await beside_stuck_disks(us)


async def test_with_threads_that_all_share_they_would_be() -> None:
    async with trio.open_nursery() as nursery, team(nursery, threads=lambda: trio.to_thread.run_sync) as us:
        assert not await beside_stuck_disks(us)
