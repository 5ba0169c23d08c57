"""Leases end by themselves when their holders fall silent, and only then; delayed work starts on time."""

from typing import Any

import pytest
import trio

from taskactors.actors.calls import Connection
from taskactors.domain.errors import StaleClaim
from tests.actors.team import Team, team

LEASE_S = 60
LONG_LEASE_S = 900
DAY_S = 24 * 3600


@pytest.fixture
async def us(nursery: trio.Nursery) -> Any:
    async with team(nursery, LEASE_S) as running:
        await running.call(None, "create_task", code="WORK-1", name="n", description="d")
        yield running


async def state(us: Team) -> str:
    return str((await us.call(None, "get_task_by_code", code="WORK-1"))["state"])


async def test_the_lease_of_a_silent_holder_ends_and_another_takes_over(us: Team, autojump_clock: trio.testing.MockClock) -> None:
    claim = (await us.call("ada", "claim_task", code="WORK-1"))["claim"]
    await trio.sleep(LEASE_S - 1)
    assert await state(us) == "InProgress"
    await trio.sleep(2)
    assert await state(us) == "Created"
    assert (await us.call("bob", "claim_task", code="WORK-1"))["claim"]["fence"] == claim["fence"] + 1
    with pytest.raises(StaleClaim):
        await us.call("ada", "release_task", code="WORK-1", fence=claim["fence"])


async def test_any_call_of_the_holder_keeps_its_lease(us: Team, autojump_clock: trio.testing.MockClock) -> None:
    await us.call("ada", "claim_task", code="WORK-1")
    for _ in range(10):
        await trio.sleep(LEASE_S / 2)
        await us.call("ada", "health_check")
    assert await state(us) == "InProgress"
    await trio.sleep(LEASE_S + 1)
    assert await state(us) == "Created"


async def test_an_open_connection_counts_for_an_hour_after_the_last_call_and_no_longer(
    us: Team, autojump_clock: trio.testing.MockClock
) -> None:
    connection = Connection(id="wire", project="default", agent="ada")
    us.projects.opened(connection)
    await us.call("ada", "claim_task", code="WORK-1")
    await trio.sleep(3600 - 5)
    assert await state(us) == "InProgress"
    await trio.sleep(LEASE_S * 2 + 10)
    assert await state(us) == "Created"
    us.projects.closed(connection)


async def test_a_holder_whose_connection_closed_has_its_lease_and_no_more(us: Team, autojump_clock: trio.testing.MockClock) -> None:
    connection = Connection(id="wire", project="default", agent="ada")
    us.projects.opened(connection)
    await us.call("ada", "claim_task", code="WORK-1")
    us.projects.closed(connection)
    await trio.sleep(LEASE_S + 1)
    assert await state(us) == "Created"


async def test_no_sign_of_life_outlasts_a_day(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> None:
    async with team(nursery, LONG_LEASE_S) as us:
        await us.call(None, "create_task", code="WORK-1", name="n", description="d")
        await us.call("ada", "claim_task", code="WORK-1")
        for number in range(DAY_S // LONG_LEASE_S + 2):
            assert (await state(us) == "InProgress") is (number < DAY_S // LONG_LEASE_S)
            await trio.sleep(LONG_LEASE_S)
            await us.call("ada", "get_task_by_code", code="WORK-1")
        assert await state(us) == "Created"


async def test_delayed_work_is_offered_when_its_time_comes(us: Team, autojump_clock: trio.testing.MockClock) -> None:
    await us.call("ada", "claim_task", code="WORK-1")
    await us.call("ada", "release_task", code="WORK-1", not_before_s=600)
    assert (await us.call("bob", "discover_work"))["items"] == []
    await trio.sleep(601)
    assert [task["code"] for task in (await us.call("bob", "discover_work"))["items"]] == ["WORK-1"]


async def test_one_project_knows_nothing_of_another(us: Team, autojump_clock: trio.testing.MockClock) -> None:
    await us.call(None, "create_task", project="other", code="WORK-1", name="another", description="d")
    assert (await us.call(None, "get_task_by_code", project="other", code="WORK-1"))["name"] == "another"
    assert (await us.call(None, "get_task_by_code", code="WORK-1"))["name"] == "n"
