"""Worlds: a live project with a crowd on it, and what came of it as a run that can be checked."""

from random import Random

import trio

from tests.actors.team import FragileEngine, Team, team
from tests.linear.crowd import crowd
from tests.linear.history import History
from tests.linear.log import read_log
from tests.linear.scheduler import Run

CLIENTS, CALLS = 16, 40
LEASE_S = 60
REST_S = 150.0
"""Longer than a lease here lasts, so that leases run out."""

WAIT_S = 20


async def crowded(seed: int, engine: FragileEngine | None = None) -> Run:
    """A run of sixteen agents on a project in memory, where time jumps."""
    history = History()
    engines = {} if engine is None else {"default": engine}
    async with trio.open_nursery() as nursery, team(nursery, lease_s=LEASE_S, engines=engines) as on:
        await crowd(history, on.call, CLIENTS, CALLS, Random(seed), REST_S, WAIT_S)
        return await run_of(on, history)


async def run_of(on: Team, history: History) -> Run:
    """What was called, and the log, as the person reads it."""
    return Run(history.calls, await read_log(lambda tool, **given: on.call(None, tool, **given)))
