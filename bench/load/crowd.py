"""Many agents at once: connects them, lets them work, and says what that gave."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

from attrs import frozen

from bench.processor import memory_kib, used

from .asking import Agent, Timed, Turn, Untimed
from .measured import Measured
from .standing_by import ChangesPair, InboxPair, Pair, parked
from .timing import Timing
from .wires import wire_for
from .work import WORKS

# As many as knock at the same time: a server that is asked for more at once is measured at its door.
CONNECTING_AT_ONCE = 16
# The first answers pay for what is done once; and those that are parked have to be so. Who is timed more briefly warms up so too.
WARM_UP_S = 0.3
WARM_UP_EACH_PARKED_S = 0.002


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
    parked: int = 0
    pairs: int = 0


@frozen
class Part:
    """What one agent is there for: once, and then in each turn with what came of that, or with its own name."""

    name: str
    turn: Callable[[str], Turn]
    timed: Timed
    prepare: Callable[[], Turn] | None = None
    stands_by: bool = False
    """Begins on arrival, so that all of them are parked before the others begin."""


@frozen
class Stopwatches:
    """What is timed: the calls of those at work, and how soon the others of the pairs hear."""

    calls: Timing
    inbox: Timing
    changes: Timing

    def open(self, seconds: float) -> None:
        now = time.perf_counter()
        for timing in (self.calls, self.inbox, self.changes):
            timing.opens_at, timing.closes_at = now, now + seconds


def parts(order: Order, watches: Stopwatches) -> list[Part]:
    """Who is there: those at work, those parked, and the pairs."""
    work, untimed = WORKS[order.work], Untimed()
    cast = [Part(f"{order.prefix}-{number}", work.turn, watches.calls, work.prepare) for number in range(order.agents)]
    cast += [Part(f"parked-{number}", parked, untimed, stands_by=True) for number in range(order.parked)]
    for number in range(order.pairs):
        inbox = InboxPair(Pair(watches.inbox), f"reader-{number}")
        cast += [Part(inbox.reader, inbox.read, untimed, inbox.arrive), Part(f"sender-{number}", inbox.send, untimed)]
        changes = ChangesPair(Pair(watches.changes))
        cast += [Part(f"maker-{number}", changes.change, untimed, changes.a_task), Part(f"follower-{number}", changes.follow, untimed)]
    return cast


async def measure(order: Order) -> Measured:
    """The whole of it: connect, prepare, warm up, measure. Raises Lost, Refused and OSError."""
    watches, errors = Stopwatches(Timing(), Timing(), Timing()), list[str]()
    lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    memory = memory_kib(order.pids)
    began = time.perf_counter()
    crowd = await _gathered(order, watches, errors, lost)
    prepared_s = time.perf_counter() - began
    for agent in crowd:
        if not agent.begun:
            agent.begin()
    await _wait(min(WARM_UP_S, order.seconds) + WARM_UP_EACH_PARKED_S * order.parked, lost)
    before = used(order.pids)
    errors.clear()
    watches.open(order.seconds)
    await _wait(order.seconds, lost)
    spent, calls = used(order.pids) - before, watches.calls.times()
    return Measured(
        work=order.work,
        agents=order.agents,
        seconds=order.seconds,
        calls=calls,
        errors=len(errors),
        first_error=errors[0] if errors else None,
        generator_busy=round(spent.own_s / order.seconds, 3),
        server_busy=round(spent.server_s / order.seconds, 3),
        foreign_busy=round(spent.foreign_s / order.seconds, 3),
        server_us_per_call=round(spent.server_s / max(1, calls.count) * 1e6, 1),
        prepared_s=round(prepared_s, 3),
        server_kib=memory_kib(order.pids),
        server_grew_kib=memory_kib(order.pids) - memory,
        inbox=watches.inbox.times() if order.pairs else None,
        changes=watches.changes.times() if order.pairs else None,
    )


async def _gathered(order: Order, watches: Stopwatches, errors: list[str], lost: asyncio.Future[str]) -> list[Agent]:
    """Everybody, connected and prepared."""
    wire, door = wire_for(order.url), asyncio.Semaphore(CONNECTING_AT_ONCE)

    def end(why: str) -> None:
        if not lost.done():
            lost.set_result(why)

    async def arrive(part: Part) -> Agent:
        agent = Agent(part.name, wire.speech(), partial(part.turn, part.name), part.timed, errors, lost=end)
        async with door:
            await wire.connect(agent, order.url, order.token, greets=order.work != "echo")
            if part.prepare:
                agent.turns = partial(part.turn, await agent.perform(part.prepare()))
            if part.stands_by:
                agent.begin()
        return agent

    arriving = asyncio.gather(*map(arrive, parts(order, watches)))
    await asyncio.wait({asyncio.ensure_future(each) for each in (arriving, lost)}, return_when=asyncio.FIRST_COMPLETED)
    if lost.done():
        arriving.cancel()
        raise Lost(lost.result())
    return list(await arriving)


async def _wait(seconds: float, lost: asyncio.Future[str]) -> None:
    done, _ = await asyncio.wait([lost], timeout=seconds)
    if done:
        raise Lost(lost.result())
