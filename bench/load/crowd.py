"""Many agents at once: connects them, lets them work, and says what that gave."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial

from attrs import frozen

from bench.processor import Used, used

from .asking import Agent
from .timing import Timing
from .wires import wire_for
from .work import WORKS

# As many as knock at the same time: a server that is asked for more at once is measured at its door.
CONNECTING_AT_ONCE = 16
# The first answers pay for what is done once.
WARM_UP_S = 0.3


class Lost(Exception):
    """A connection ended on its own: then what was timed means nothing."""


@frozen
class Order:
    """What is to be measured."""

    url: str
    work: str
    agents: int
    seconds: float
    token: str | None = None
    pids: Sequence[int] = ()
    prefix: str = "agent"


async def measure(order: Order) -> dict[str, object]:
    """The whole of it: connect, prepare, warm up, measure."""
    timing, errors = Timing(), list[str]()
    wire = wire_for(order.url)
    lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    work = WORKS[order.work]

    def end(why: str) -> None:
        if not lost.done():
            lost.set_result(why)

    names = [f"{order.prefix}-{number}" for number in range(order.agents)]
    crowd = [Agent(name, wire.speech(), partial(work.turn, ""), timing, errors, lost=end) for name in names]
    door = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def arrive(agent: Agent) -> None:
        async with door:
            await wire.connect(agent, order.url, order.token, greets=order.work != "echo")
            if work.prepare:
                agent.turns = partial(work.turn, await agent.perform(work.prepare()))

    await asyncio.gather(*map(arrive, crowd))
    for agent in crowd:
        agent.begin()
    await _wait(WARM_UP_S, lost)
    before = used(order.pids)
    timing.opens_at = time.perf_counter()
    timing.closes_at = timing.opens_at + order.seconds
    errors.clear()
    await _wait(order.seconds, lost)
    return facts(order, timing, used(order.pids) - before, errors)


async def _wait(seconds: float, lost: asyncio.Future[str]) -> None:
    done, _ = await asyncio.wait([lost], timeout=seconds)
    if done:
        raise Lost(lost.result())


def facts(order: Order, timing: Timing, spent: Used, errors: Sequence[str]) -> dict[str, object]:
    """What is printed: rates and times of the calls, and who used how much of a core meanwhile."""
    count = len(timing.seconds)
    return {
        "work": order.work,
        "agents": order.agents,
        "seconds": order.seconds,
        **timing.facts(),
        "errors": len(errors),
        "first_error": errors[0] if errors else None,
        "generator_busy": round(spent.own_s / order.seconds, 3),
        "generator_us_per_op": round(spent.own_s / count * 1e6, 2) if count else None,
        "server_busy": round(spent.server_s / order.seconds, 3),
        "server_us_per_op": round(spent.server_s / count * 1e6, 2) if count else None,
        "foreign_busy": round(spent.foreign_s / order.seconds, 3),
    }
