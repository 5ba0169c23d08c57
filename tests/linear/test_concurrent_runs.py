"""Sixteen agents at once on a live project: whatever they call, all that they are told fits into the one order of the log."""

from collections import Counter
from pathlib import Path
from random import Random
from typing import cast

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors.threads import own_threads
from taskactors.storage.in_memory import InMemoryEngine
from taskactors.storage.on_lmdb import open_lmdb
from tests.actors.team import FragileEngine, Team, team
from tests.actors.test_store_faults import fails_after_committing, fails_before_committing
from tests.linear.crowd import crowd
from tests.linear.history import History
from tests.linear.log import read_log
from tests.linear.witness import check

CLIENTS, CALLS = 16, 40
REST_S = 150.0
"""Longer than a lease here lasts, so that leases run out."""

FAULTS, BETWEEN_FAULTS_S = 8, 20.0


@pytest.fixture
def chance(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Random:
    """Everything that is drawn, the order in which tasks are run too, so that a seed says what happened."""
    chance = Random(request.param)
    monkeypatch.setattr("trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING", True)
    monkeypatch.setattr("trio._core._run._r", Random(request.param))
    return chance


async def replayed(on: Team, history: History) -> Counter[str]:
    """How often what happened, after all of it was found to be in order."""
    log = await read_log(lambda tool, **given: on.call(None, tool, **given))
    check(history.calls, log)
    return Counter(event.kind for event in log)


@pytest.mark.parametrize("chance", range(3), indirect=True)
async def test_all_that_sixteen_agents_are_told_fits_the_log(chance: Random, autojump_clock: MockClock) -> None:
    history = History()
    async with trio.open_nursery() as nursery, team(nursery, lease_s=60) as on:
        await crowd(history, on.call, CLIENTS, CALLS, chance, REST_S)
        happened = await replayed(on, history)
    assert len(history.calls) == CLIENTS * CALLS
    assert happened["claim_expired"] > 0


@pytest.mark.parametrize("chance", range(3), indirect=True)
async def test_it_does_when_the_disk_fails_again_and_again(chance: Random, autojump_clock: MockClock) -> None:
    history = History()

    async def break_things(on: Team) -> None:
        for _ in range(FAULTS):
            await trio.sleep(BETWEEN_FAULTS_S)
            on.engine.troubles.append(chance.choice([fails_after_committing, fails_before_committing]))

    async with trio.open_nursery() as nursery, team(nursery, lease_s=60) as on:
        async with trio.open_nursery() as load:
            load.start_soon(break_things, on)
            load.start_soon(lambda: crowd(history, on.call, CLIENTS, CALLS, chance, REST_S))
        await replayed(on, history)
        assert on.engine.opened > FAULTS // 2


@pytest.mark.parametrize("seed", range(2))
async def test_it_does_on_a_disk_with_a_thread_that_writes(seed: int, tmp_path: Path) -> None:
    history = History()
    engine = open_lmdb(tmp_path / "store")
    engines = {"default": FragileEngine(inner=cast(InMemoryEngine, engine))}
    async with trio.open_nursery() as nursery, team(nursery, engines=engines, threads=own_threads) as on:
        await crowd(history, on.call, CLIENTS, CALLS, Random(seed))
        await replayed(on, history)
    engine.close()
