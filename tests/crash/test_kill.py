"""kill -9 while many clients write as fast as they can: nothing answered is lost, nothing is won twice, all of it fits one order."""

import random
from collections import Counter
from pathlib import Path

import pytest
import trio
from attrs import Factory, define

from taskactors.app import verify_offline
from tests.linear import witness
from tests.linear.history import History, Recorded
from tests.linear.log import read_log
from tests.support.agent_client import Lost, Refused, connected
from tests.support.server_process import ServerProcess, running

CLIENTS = 16
KILLS, LONG_KILLS = 20, 200
RUNS = 2
"""Among which the kills are shared, so that two processes can share the test."""

WORK_BEFORE_KILL = (20, 200)
"""A kill comes after so many answers more, so that it meets batches of every size."""


@define
class Acknowledged:
    """What clients were told, and so must find again."""

    created: set[str] = Factory(set)
    claimed: list[tuple[str, str, int]] = Factory(list)
    history: History = Factory(History)
    """Every call that was made, what was never answered among them."""

    more: trio.Event = Factory(trio.Event)

    @property
    def answers(self) -> int:
        return len(self.created) + len(self.claimed)

    def told(self) -> None:
        """One more answer came."""
        self.more.set()
        self.more = trio.Event()


async def create_and_claim(me: Recorded, name: str, told: Acknowledged, open_codes: list[str], chance: random.Random) -> None:
    """One agent's work for ever: add a task, then try to win any that is open."""
    while True:
        created = await me.call("create_task", code="CRASH", name="a task", description="written while the server dies")
        told.created.add(created["code"])
        told.told()
        open_codes.append(created["code"])
        wanted = open_codes.pop(chance.randrange(len(open_codes)))
        try:
            claim = (await me.call("claim_task", code=wanted))["claim"]
        except Refused as no:
            if no.code != "not_claimable":
                raise
        else:
            told.claimed.append((wanted, name, claim["fence"]))


async def work_until_killed(server: ServerProcess, told: Acknowledged, chance: random.Random) -> None:
    """Sixteen agents at work until the server dies under them."""
    enough = told.answers + chance.randint(*WORK_BEFORE_KILL)
    open_codes = sorted(told.created - {code for code, _, _ in told.claimed})

    async def agent(name: str) -> None:
        try:
            async with connected(server.ws, name) as me:
                await create_and_claim(told.history.around(name, me.call), name, told, open_codes, chance)
        except Lost:
            return

    async def killer() -> None:
        while told.answers < enough:
            await told.more.wait()
        await trio.to_thread.run_sync(server.kill)

    async with trio.open_nursery() as nursery:
        for number in range(CLIENTS):
            nursery.start_soon(agent, f"agent-{number}")
        nursery.start_soon(killer)
    told.history.died()


async def check(server: ServerProcess, told: Acknowledged) -> None:
    """Every answered create and claim is there, and nobody was told what somebody else was told too."""
    winners = Counter((code, fence) for code, _, fence in told.claimed)
    assert max(winners.values(), default=1) == 1
    async with connected(server.ws) as person:
        found: dict[str, dict[str, object]] = {}
        cursor: dict[str, str] = {}
        while True:
            page = await person.call("list_tasks", limit=100, **cursor)
            found |= {task["code"]: task for task in page["items"]}
            if "next_cursor" not in page:
                break
            cursor = {"cursor": page["next_cursor"]}
    assert told.created <= found.keys()
    for code, name, fence in told.claimed:
        claim = found[code]["claim"]
        assert isinstance(claim, dict)
        assert (claim["agent"], claim["fence"]) == (name, fence)


async def kill_again_and_again(data: Path, times: int, seed: int) -> None:
    told, chance = Acknowledged(), random.Random(seed)
    for _ in range(times):
        with running(data) as server:
            await check(server, told)
            await work_until_killed(server, told, chance)
        assert verify_offline(data) == []
    with running(data) as server:
        await check(server, told)
        async with connected(server.ws) as person:
            # Whatever was not answered has happened once or never, as the log has it.
            witness.check(told.history.calls, await read_log(person.call))
    assert told.answers > times * WORK_BEFORE_KILL[0]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(1, 1 + RUNS))
async def test_nothing_answered_is_lost_when_the_server_is_killed(tmp_path: Path, seed: int) -> None:
    await kill_again_and_again(tmp_path / "data", KILLS // RUNS, seed)


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_nothing_answered_is_lost_when_the_server_is_killed_many_times(tmp_path: Path) -> None:
    await kill_again_and_again(tmp_path / "data", LONG_KILLS, seed=0)


async def test_the_check_sees_a_lost_task_and_a_task_won_twice(tmp_path: Path) -> None:
    """The control: told of what never happened, the check must fail."""
    with running(tmp_path / "data") as server:
        async with connected(server.ws, "ada") as ada:
            code = (await ada.call("create_task", code="CRASH", name="a task", description="there"))["code"]
            fence = (await ada.call("claim_task", code=code))["claim"]["fence"]
        await check(server, Acknowledged({code}, [(code, "ada", fence)]))
        with pytest.raises(AssertionError):
            await check(server, Acknowledged({code, "CRASH-999"}, []))
        with pytest.raises(AssertionError):
            await check(server, Acknowledged({code}, [(code, "ada", fence), (code, "bob", fence)]))
        with pytest.raises(AssertionError):
            await check(server, Acknowledged({code}, [(code, "bob", fence)]))
