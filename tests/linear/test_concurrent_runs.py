"""Sixteen agents at once on a live project: whatever they call, all that they are told fits into the one order of the log."""

from collections import Counter
from pathlib import Path
from random import Random
from typing import cast

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors.project import RESTARTS
from taskactors.actors.seat import BACK_OFF_S
from taskactors.actors.threads import own_threads
from taskactors.storage.in_memory import InMemoryEngine
from taskactors.storage.on_lmdb import open_lmdb
from tests.actors.team import FragileEngine, Team, team
from tests.actors.test_store_faults import Unopenable, fails_after_committing, fails_before_committing
from tests.linear.crowd import crowd
from tests.linear.history import History
from tests.linear.live_faults import FAULTS, Fault
from tests.linear.reasons import Rejected
from tests.linear.witness import check
from tests.linear.worlds import CALLS, CLIENTS, LEASE_S, REST_S, crowded, run_of

BREAKS, BETWEEN_BREAKS_S = 8, 20.0


@pytest.mark.parametrize("seed", range(3), indirect=True)
async def test_all_that_sixteen_agents_are_told_fits_the_log(seed: int, autojump_clock: MockClock) -> None:
    run = await crowded(seed)
    check(run.history, run.log)
    assert len(run.history) == CLIENTS * CALLS
    happened = Counter(event.kind for event in run.log)
    assert happened["task_claimed"] > CLIENTS
    assert happened["claim_expired"] > 0
    told = Counter("unknown" if call.reply is None else "refused" if call.refused else "done" for call in run.history)
    assert min(told["unknown"], told["refused"], told["done"]) > 0


@pytest.mark.parametrize("seed", range(3), indirect=True)
async def test_it_does_when_the_disk_fails_again_and_again(seed: int, autojump_clock: MockClock) -> None:
    history, chance = History(), Random(seed)

    async def break_things(on: Team) -> None:
        for _ in range(BREAKS):
            await trio.sleep(BETWEEN_BREAKS_S)
            on.engine.troubles.append(chance.choice([fails_after_committing, fails_before_committing]))

    async with trio.open_nursery() as nursery, team(nursery, lease_s=LEASE_S) as on:
        async with trio.open_nursery() as load:
            load.start_soon(break_things, on)
            load.start_soon(lambda: crowd(history, on.call, CLIENTS, CALLS, chance, REST_S))
        run = await run_of(on, history)
        assert on.engine.opened > BREAKS // 2
    check(run.history, run.log)


@pytest.mark.parametrize("seed", range(3), indirect=True)
async def test_it_does_when_the_project_has_to_close_with_commits_in_doubt(seed: int, autojump_clock: MockClock) -> None:
    history, chance, engine = History(), Random(seed), Unopenable()

    async def break_things() -> None:
        for _ in range(BREAKS):
            await trio.sleep(BETWEEN_BREAKS_S)
            engine.troubles.append(chance.choice([fails_after_committing, fails_before_committing]))
            engine.failures = RESTARTS.restarts + 1

    async with trio.open_nursery() as nursery, team(nursery, lease_s=LEASE_S, engines={"default": engine}) as on:
        async with trio.open_nursery() as load:
            load.start_soon(break_things)
            load.start_soon(lambda: crowd(history, on.call, CLIENTS, CALLS, chance, REST_S))
        engine.troubles.clear()
        engine.failures = 0
        await trio.sleep(BACK_OFF_S[1])
        run = await run_of(on, history)
    check(run.history, run.log)


@pytest.mark.parametrize("number", range(2))
async def test_it_does_on_a_disk_with_a_thread_that_writes(number: int, tmp_path: Path) -> None:
    history = History()
    engine = open_lmdb(tmp_path / "store")
    engines = {"default": FragileEngine(inner=cast(InMemoryEngine, engine))}
    async with trio.open_nursery() as nursery, team(nursery, engines=engines, threads=own_threads) as on:
        await crowd(history, on.call, CLIENTS, CALLS, Random(number))
        run = await run_of(on, history)
    engine.close()
    check(run.history, run.log)


@pytest.mark.parametrize("seed", [1], indirect=True)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_a_mistake_in_the_server_is_seen(fault: Fault, seed: int, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same run on a project with a mistake in it is rejected."""
    run = await crowded(seed, fault(monkeypatch))
    with pytest.raises(Rejected):
        check(run.history, run.log)
