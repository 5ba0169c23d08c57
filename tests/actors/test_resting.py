"""A project that nobody uses is stopped, and is there again when it is wanted or something is due, without anybody being refused."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
import trio
from attrs import define
from trio.testing import MockClock

from taskactors.actors.backups import BackupSettings
from taskactors.actors.calls import Connection
from taskactors.actors.due_note import DueNote, Noted
from taskactors.actors.project import Project
from taskactors.actors.refusals import ProjectUnavailable
from taskactors.actors.seat import AHEAD_S, LOOK_EVERY_S, OPEN_WITHIN_S, QUIET_S
from taskactors.board.passing import Outlook
from tests.actors.team import FragileEngine, Team, in_place, team

T = TypeVar("T")

LONG_QUIET_S = QUIET_S + LOOK_EVERY_S + 5
"""By then a project that may rest does."""

HOUR_S = 3600.0


@define
class Gate:
    """Lets everything through at once but the closing of stores, which it holds while it is shut."""

    open: trio.Event

    async def off_loop(self, work: Callable[..., T], *arguments: Any) -> T:
        if getattr(work, "__name__", "") == "close":
            await self.open.wait()
        return await in_place(work, *arguments)


def in_time(us: Team, seconds: float) -> str:
    """A moment as tools take it, from now on by the projects' own clock."""
    now = us.projects.running()["default"].clock.now() / 1000
    return (datetime.fromtimestamp(now, UTC) + timedelta(seconds=seconds)).isoformat()


def noted_in(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def is_up(us: Team) -> bool:
    return "side" in us.projects.running()


async def create(us: Team, code: str = "T-1", **given: Any) -> str:
    made = await us.call("ada", "create_task", project="side", code=code, name="n", description="d", **given)
    return str(made["code"])


async def test_a_project_that_nobody_uses_is_stopped_and_the_next_call_starts_it_again(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        await create(us)
        await trio.sleep(QUIET_S - 5)
        assert is_up(us)
        await trio.sleep(LOOK_EVERY_S + 10)
        assert not is_up(us)
        assert (us.engines["side"].opened, us.engines["side"].closed) == (1, 1)
        assert (await us.call("ada", "get_task_by_code", project="side", code="T-1"))["state"] == "Created"
        assert us.engines["side"].opened == 2
        await trio.sleep(LONG_QUIET_S)
        assert not is_up(us)


async def test_a_start_takes_no_longer_than_it_takes(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        began = trio.current_time()
        await create(us)
        await trio.sleep(LONG_QUIET_S)
        await create(us, "T-2")
        assert trio.current_time() - began - LONG_QUIET_S < 0.001


async def test_the_first_project_never_rests(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        await trio.sleep(3 * 24 * HOUR_S)
        assert list(us.projects.running()) == ["default"]
        assert us.engine.opened == 1


async def test_each_call_keeps_it_up_for_as_long_again(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        for _ in range(5):
            await us.call("ada", "list_tasks", project="side")
            await trio.sleep(QUIET_S - 10)
        assert us.engines["side"].opened == 1
        assert is_up(us)


async def test_never_with_a_claim_that_runs(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        await create(us)
        await us.call("ada", "claim_task", project="side", code="T-1", lease_s=20_000)
        await trio.sleep(15_000)
        assert is_up(us)
        await trio.sleep(5_010)
        # Its end has been, and has to be told to whoever comes: the failed work is ready again, after a while.
        assert (await us.call("bob", "get_task_by_code", project="side", code="T-1"))["state"] == "Created"


async def test_never_under_somebody_who_waits(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        patient = Connection(id="wire", project="side", agent="bob", patient=True)
        async with trio.open_nursery() as load:

            @load.start_soon
            async def wait() -> None:
                assert (await us.projects.call(patient, "next_task", {"wait_s": 3_000}))["nothing_ready"]

            await trio.sleep(2_999)
            assert is_up(us)
        assert us.engines["side"].opened == 1
        await trio.sleep(LONG_QUIET_S)
        assert not is_up(us)


async def test_never_under_somebody_who_is_connected(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        wire = Connection(id="wire", project="side")
        us.projects.opened(wire)
        await create(us)
        await trio.sleep(24 * HOUR_S)
        assert is_up(us)
        us.projects.closed(wire)
        await trio.sleep(LONG_QUIET_S)
        assert not is_up(us)


async def test_whoever_connects_finds_it_up_and_is_known_to_be_there(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        await us.call("ada", "register_agent", project="side", agent_name="ada", agent_type="dev", capabilities=[])
        await trio.sleep(LONG_QUIET_S)
        assert not is_up(us)
        us.projects.opened(Connection(id="wire", project="side", agent="ada"))
        await trio.sleep(1)
        assert is_up(us)
        assert us.projects.running()["side"].presence.connections == 1


async def test_what_is_due_within_the_hour_is_waited_for(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        await create(us, not_before=in_time(us, AHEAD_S - 60))
        await trio.sleep(AHEAD_S - 90)
        assert is_up(us)
        await trio.sleep(90 + LOOK_EVERY_S)
        assert us.engines["side"].opened == 1
        assert not is_up(us)


async def test_what_is_due_later_starts_it_in_time_without_anybody_calling(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        await create(us, not_before=in_time(us, 5 * HOUR_S))
        await trio.sleep(LONG_QUIET_S)
        assert not is_up(us)
        await trio.sleep(5 * HOUR_S - LONG_QUIET_S - 10)
        assert not is_up(us)
        await trio.sleep(9)
        assert is_up(us)
        await trio.sleep(2)
        # Not by a call: what time does is done.
        task = us.engines["side"].read(lambda snapshot: snapshot.range(b"", b"\xff", limit=10_000))
        assert b'"not_before"' not in b"".join(value for _, value in task if b"T-1" in value)
        await trio.sleep(LONG_QUIET_S)
        assert not is_up(us)
        await trio.sleep(30 * 24 * HOUR_S)
        assert us.engines["side"].opened == 2


async def test_whoever_calls_while_it_stops_is_served_by_the_next_life(autojump_clock: MockClock) -> None:
    gate = Gate(trio.Event())
    async with trio.open_nursery() as nursery, team(nursery, threads=lambda: gate.off_loop) as us:
        await create(us)
        await trio.sleep(LONG_QUIET_S)
        assert (is_up(us), us.engines["side"].closed) == (False, 0)
        codes: list[str] = []

        async def call(number: int) -> None:
            codes.append(await create(us, f"LATE-{number}"))

        async with trio.open_nursery() as load:
            for number in range(50):
                load.start_soon(call, number)
            await trio.sleep(OPEN_WITHIN_S - 5)
            assert codes == []
            gate.open.set()
        assert sorted(codes) == sorted(f"LATE-{number}" for number in range(50))
        assert us.engines["side"].opened == 2


async def test_a_stop_that_hangs_is_told_in_time_felt_by_nobody_else_and_over_when_it_ends(autojump_clock: MockClock) -> None:
    gate = Gate(trio.Event())
    async with trio.open_nursery() as nursery, team(nursery, threads=lambda: gate.off_loop) as us:
        await create(us)
        await trio.sleep(LONG_QUIET_S)
        for _ in range(3):
            began = trio.current_time()
            with pytest.raises(ProjectUnavailable, match="being stopped"):
                await create(us, "LATE-1")
            assert trio.current_time() - began <= OPEN_WITHIN_S + 1
            began = trio.current_time()
            await us.call("bob", "create_task", code="OTHER", name="n", description="d")
            assert trio.current_time() - began < 1
        # No file is opened while whoever had it has not let go of it.
        assert us.engines["side"].opened == 1
        gate.open.set()
        assert await create(us, "LATE-1") == "LATE-1"
        assert us.engines["side"].opened == 2


async def test_a_stop_that_fails_is_followed_by_a_start_for_whoever_waits(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        await create(us)
        with monkeypatch.context() as planted:
            planted.setattr(FragileEngine, "close", lambda engine: 1 // 0)
            await trio.sleep(LONG_QUIET_S)
        assert await create(us, "T-2") == "T-2"


async def test_a_call_that_comes_while_the_store_is_asked_keeps_it_up(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    look_ahead = Project.look_ahead
    came: list[str] = []

    async def look(project: Project) -> Outlook:
        ahead = await look_ahead(project)
        came.append(await create(us, f"T-{len(came) + 2}"))
        return ahead

    async with trio.open_nursery() as nursery, team(nursery) as us:
        await create(us)
        monkeypatch.setattr(Project, "look_ahead", look)
        await trio.sleep(LONG_QUIET_S)
        assert came == ["T-2"]
        await trio.sleep(QUIET_S - LOOK_EVERY_S - 10)
        assert us.engines["side"].opened == 1
        monkeypatch.undo()
        await trio.sleep(LONG_QUIET_S)
        assert not is_up(us)


async def test_a_new_start_of_the_server_knows_when_each_resting_project_is_due(autojump_clock: MockClock, tmp_path: Path) -> None:
    engines: dict[str, FragileEngine] = {}
    async with trio.open_nursery() as nursery:
        async with team(nursery, engines=engines, notes=tmp_path) as us:
            await us.call("ada", "list_tasks", project="idle")
            await create(us, not_before=in_time(us, 5 * HOUR_S))
            # While a project is up, what a note said could be wrong by the next call.
            assert noted_in(tmp_path) == set()
        assert noted_in(tmp_path) == {"default.json", "idle.json", "side.json"}
        assert DueNote(tmp_path / "idle.json").read() == Noted(None)
        async with team(nursery, engines=engines, notes=tmp_path) as us:
            await trio.sleep(4.9 * HOUR_S)
            assert list(us.projects.running()) == ["default"]
            await trio.sleep(0.2 * HOUR_S)
            assert is_up(us)
            assert (engines["side"].opened, engines["idle"].opened) == (2, 1)


async def test_without_its_note_a_project_is_opened_to_see_what_is_due_and_rests_again(autojump_clock: MockClock, tmp_path: Path) -> None:
    engines: dict[str, FragileEngine] = {}
    async with trio.open_nursery() as nursery:
        async with team(nursery, engines=engines, notes=tmp_path) as us:
            await create(us, not_before=in_time(us, 5 * HOUR_S))
        (tmp_path / "side.json").unlink()
        async with team(nursery, engines=engines, notes=tmp_path) as us:
            await trio.sleep(1)
            assert is_up(us)
            await trio.sleep(LONG_QUIET_S)
            assert not is_up(us)
            noted = DueNote(tmp_path / "side.json").read()
            assert noted is not None
            assert noted.due is not None
            await trio.sleep(5 * HOUR_S - LONG_QUIET_S)
            assert is_up(us)
            assert not (tmp_path / "side.json").exists()


async def test_a_project_whose_end_nobody_saw_leaves_no_note(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery:
        async with trio.open_nursery() as dying:
            us = await dying.start(partial(_served, tmp_path))
            await create(us)
            dying.cancel_scope.cancel()
        assert noted_in(tmp_path) == set()
        nursery.cancel_scope.cancel()


async def _served(notes: Path, task_status: trio.TaskStatus[Team]) -> None:
    async with trio.open_nursery() as nursery, team(nursery, notes=notes) as us:
        task_status.started(us)
        await trio.sleep_forever()


async def test_an_older_backup_is_a_reason_to_be_up(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        await create(us)
        backups = us.projects.running()["side"].backups
        due = us.projects.running()["side"].clock.now() + round(3 * HOUR_S * 1000)
        monkeypatch.setattr(type(backups), "due_after", lambda self, last_change: due if last_change else None)
        await trio.sleep(LONG_QUIET_S)
        assert not is_up(us)
        await trio.sleep(3 * HOUR_S - LONG_QUIET_S)
        assert is_up(us)


async def test_time_does_not_go_back_over_a_start(autojump_clock: MockClock) -> None:
    engines: dict[str, FragileEngine] = {}
    async with trio.open_nursery() as nursery:
        async with team(nursery, engines=engines) as us:
            await trio.sleep(10 * 24 * HOUR_S)
            await us.call("ada", "create_task", code="T-1", name="n", description="d")
        # A new server reads the machine's clock, which knows nothing of these ten days.
        async with team(nursery, engines=engines) as us:
            await us.call("ada", "create_task", code="T-2", name="n", description="d")
            moments = [each["at"] for each in (await us.call("ada", "get_changes"))["items"]]
            assert moments == sorted(moments)


async def test_a_backup_is_due_only_of_what_has_changed_since_the_last(autojump_clock: MockClock, tmp_path: Path) -> None:
    settings = BackupSettings(folder=tmp_path, every_s=24 * HOUR_S, keep=3)
    async with trio.open_nursery() as nursery, team(nursery, backups=settings) as us:
        await create(us)
        project = us.projects.running()["side"]
        now = project.clock.now()
        await trio.sleep(1)
        first = project.backups.due_after(now)
        assert first is not None
        assert now < first <= now + AHEAD_S * 1000
        (made := tmp_path / "20260101T000000Z").mkdir()
        os.utime(made, (now / 1000 + 1, now / 1000 + 1))
        assert project.backups.due_after(now) is None
        assert project.backups.due_after(now + 2_000) == first
        assert project.backups.due_after(None) is None
