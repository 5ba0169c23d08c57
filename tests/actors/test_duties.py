"""Standing duties: what the desks see to by themselves, in time and without being asked."""

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors.calls import Connection
from taskactors.actors.refusals import Internal
from taskactors.actors.roles.architect import ArchitectDesk
from tests.actors.team import Team, team


async def mail(of: Team, agent: str) -> list[str]:
    return [each["content"] for each in (await of.call(agent, "read_inbox"))["items"]]


async def test_a_silent_holder_hears_of_its_end_in_time_to_call_while_parked(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery, lease_s=600) as of:
        await of.call("ada", "create_task", code="T-1", name="n", description="d")
        await of.call(None, "claim_task", code="T-1", agent_name="ada")
        began = trio.current_time()
        patient = Connection(id="of-ada", project="default", agent="ada", patient=True)
        woken = await of.projects.call(patient, "read_inbox", {"wait_s": 3_000})
        assert 479 <= trio.current_time() - began <= 482
        assert "ends by itself" in woken["items"][0]["content"]


async def test_stalled_work_is_announced_within_minutes_and_again_only_after_it_moved(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery, lease_s=86_400) as of:
        await of.call("ada", "create_task", code="T-1", name="n", description="d")
        fence = (await of.call("ada", "claim_task", code="T-1"))["claim"]["fence"]
        await trio.sleep(1_800 + 120)
        assert len(await mail(of, "ada")) == 1
        await trio.sleep(7_200)
        assert len(await mail(of, "ada")) == 1
        await of.call("ada", "report_progress", code="T-1", fence=fence)
        await trio.sleep(1_800 + 120)
        assert len(await mail(of, "ada")) == 2


async def test_keeping_watch_over_an_idle_project_costs_nothing(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await of.call("ada", "create_task", code="T-1", name="n", description="d")
        units = of.projects.running()["default"].health.units
        await trio.sleep(80_000)
        assert of.projects.running()["default"].health.units == units


async def test_a_crash_of_the_desk_does_not_end_its_watch(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    async with trio.open_nursery() as nursery, team(nursery, lease_s=86_400) as of:
        await of.call("ada", "create_task", code="T-1", name="n", description="d")
        await of.call("ada", "claim_task", code="T-1")
        with monkeypatch.context() as planted, pytest.raises(Internal):
            planted.setattr(ArchitectDesk, "forward", lambda desk, letter: 1 // 0)
            await of.call("ada", "get_dependency_graph")
        await trio.sleep(1_800 + 120)
        assert len(await mail(of, "ada")) == 1
