"""How each project is: one that is in trouble is named with its cause until it is well again, and to ask about it is no use of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import define
from trio.testing import MockClock

from taskactors.actors.auditing import EVERY_S
from taskactors.actors.refusals import Internal, ProjectUnavailable, StoreFullRefusal, TimedOut, UnknownOutcome
from taskactors.actors.seat import BACK_OFF_S, LOOK_EVERY_S, QUIET_S
from taskactors.actors.wellbeing import COMMIT_WITHIN_S, Condition, Whereabouts
from taskactors.domain.errors import NotFound
from taskactors.storage.engine import Unit
from taskactors.storage.errors import Damaged, EngineFault, StoreFull
from taskactors.storage.keys import key
from tests.actors.team import FragileEngine, Team, Trouble, team
from tests.support.batches import write


def raising(error: Exception) -> Trouble:
    def fail(commit: Callable[[], None]) -> None:
        raise error

    return fail


async def create(of: Team, project: str = "web") -> None:
    await of.call("ada", "create_task", project=project, code="T", name="n", description="d")


def condition(of: Team, project: str = "web") -> Condition:
    """How a project is; every other one is well."""
    found = dict(of.projects.conditions())
    one = found.pop(project)
    assert all(each.is_well for each in found.values())
    return one


async def test_a_project_that_rests_is_well_and_goes_on_resting_however_often_one_asks(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery, team(nursery, notes=tmp_path) as of:
        await create(of)
        assert condition(of).whereabouts is Whereabouts.OPEN
        for _ in range(200):
            assert condition(of).is_well
            await trio.sleep((QUIET_S + LOOK_EVERY_S) / 100)
        assert condition(of) == Condition(whereabouts=Whereabouts.RESTING)
        assert of.engines["web"].opened == 1


async def test_a_full_disk_is_told_until_the_next_commit_goes_through(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await create(of)
        of.engines["web"].troubles.append(raising(StoreFull("no space left")))
        with pytest.raises(StoreFullRefusal):
            await create(of)
        await of.call("ada", "list_tasks", project="web")
        with pytest.raises(NotFound):
            await of.call("ada", "claim_task", project="web", code="NOPE-1")
        assert condition(of).why == ("the last commit failed: no space left",)
        await create(of)
        assert condition(of).why == ()


async def test_a_commit_whose_outcome_nobody_knows_is_a_trouble_until_another_goes_through(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await create(of)
        of.engines["web"].troubles += [raising(EngineFault("nothing was written"))] * 2
        with pytest.raises(UnknownOutcome):
            await create(of)
        assert "nothing was written" in condition(of).why[0]
        await create(of)
        assert condition(of).is_well


@define(eq=False)
class Unopenable(FragileEngine):
    broken: bool = True
    opening: Callable[[], object] = lambda: None

    def open(self) -> FragileEngine:
        super().open()
        self.opening()
        if self.broken:
            raise Damaged("the head is torn")
        return self


async def test_a_project_that_cannot_be_opened_is_in_trouble_also_while_it_is_tried_again(autojump_clock: MockClock) -> None:
    engine, seen = Unopenable(), set[tuple[str, ...]]()
    async with trio.open_nursery() as nursery, team(nursery, engines={"default": FragileEngine(), "web": engine}) as of:
        with pytest.raises(ProjectUnavailable):
            await create(of)
        engine.opening = lambda: seen.add(condition(of).why)
        for _ in range(50):
            with pytest.raises(ProjectUnavailable):
                await create(of)
            await trio.sleep(BACK_OFF_S[1] / 10)
            seen.add(condition(of).why)
        assert engine.opened > 5
        (why,) = seen
        assert "the head is torn" in why[0]
        assert of.projects.wanted_up() == {"default": True, "web": False}
        engine.broken = False
        await trio.sleep(BACK_OFF_S[1] + 1)
        await create(of)
        assert condition(of).is_well
        assert of.projects.wanted_up() == {"default": True, "web": True}


async def test_a_broken_rule_is_told_until_it_holds_again(autojump_clock: MockClock) -> None:
    def tampered(unit: Unit) -> None:
        write(of.engines["web"].inner, [unit], 0, b"tampered")

    stray = key("state", "Done", 9)
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await create(of)
        tampered(lambda change: change.put(stray, b""))
        await trio.sleep(EVERY_S + 10)
        assert "breaks its own rules" in condition(of).why[0]
        tampered(lambda change: change.delete(stray))
        await create(of)
        await trio.sleep(2 * EVERY_S + 10)
        assert condition(of).is_well


@pytest.mark.parametrize("met_by", ["a read", "a unit of work"])
async def test_damage_that_somebody_meets_is_told_at_once(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, met_by: str) -> None:
    def damaged(*_: object) -> None:
        raise Damaged("the value does not fit its checksum")

    async with trio.open_nursery() as nursery, team(nursery) as of:
        await create(of)
        with monkeypatch.context() as broken:
            broken.setattr(f"taskactors.board.view.View.{'state_counts' if met_by == 'a read' else 'find_task'}", damaged)
            with pytest.raises(Internal):
                await (of.call("ada", "health_check", project="web") if met_by == "a read" else create(of))
        assert condition(of).why == ("the data is damaged: the value does not fit its checksum",)
        assert (await of.call(None, "health_check", project="web"))["status"] == "unhealthy"


async def overtaxed(of: Team) -> None:
    with pytest.raises(TimedOut):
        await create(of)


async def test_a_commit_that_does_not_come_to_an_end_is_told(mock_clock: MockClock) -> None:
    freed = trio.Event()

    async def off_loop(work: Any, *arguments: Any) -> Any:
        if hanging and getattr(work, "__name__", "") == "commit":
            await freed.wait()
        await trio.lowlevel.checkpoint()
        return work(*arguments)

    hanging = False
    async with trio.open_nursery() as nursery, team(nursery, threads=lambda: off_loop) as of:
        await create(of)
        hanging = True
        async with trio.open_nursery() as calling:
            calling.start_soon(overtaxed, of)
            await trio.testing.wait_all_tasks_blocked()
            assert condition(of).is_well
            mock_clock.jump(COMMIT_WITHIN_S - 5)
            assert condition(of).is_well
            mock_clock.jump(10)
            assert condition(of).why == ("a commit has not come to an end for 35 s",)
            hanging = False
            freed.set()
            await trio.testing.wait_all_tasks_blocked()
            assert condition(of).is_well
