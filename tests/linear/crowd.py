"""A crowd: agents that call at random on a live project, give up waiting, ask again under a key, and fall silent for a while."""

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any

import trio
from attrs import define, field
from trio.testing import MockClock

from taskactors.domain.errors import Refusal
from tests.linear import seen
from tests.linear.history import History, Recorded
from tests.linear.mind import Mind, Talk
from tests.linear.seen import Reply

REPEATS, GIVES_UP, RESTS = 0.05, 0.03, 0.1
CHECKPOINTS = 8
"""How far a call may have got when its caller leaves."""


@define(eq=False)
class Member:
    """One agent of the crowd. Its pauses are `rest_s` at most: long enough for a lease to run out, where time jumps."""

    mind: Mind
    me: Recorded
    chance: Random
    rest_s: float
    said: list[tuple[str, dict[str, Any]]] = field(factory=list)

    async def work(self, calls: int) -> None:
        """So many calls, one after the other."""
        for _ in range(calls):
            if isinstance(trio.lowlevel.current_clock(), MockClock) and self.chance.random() < RESTS:
                await trio.sleep(self.chance.random() * self.rest_s)
            tool, given = self._wanted()
            if self.chance.random() < GIVES_UP:
                await self._give_up(tool, given)
            else:
                self.mind.learn(tool, given, await self._answered(tool, given))

    def _wanted(self) -> tuple[str, dict[str, Any]]:
        if self.said and self.chance.random() < REPEATS:
            return self.chance.choice(self.said)
        tool, given = self.mind.next_call()
        if tool not in seen.READS:
            given = {**given, "idempotency_key": self.me.history.fresh_key()}
            self.said.append((tool, given))
        return tool, given

    async def _answered(self, tool: str, given: dict[str, Any]) -> Reply:
        try:
            return seen.reply(tool, await self.me.call(tool, **given))
        except Refusal as no:
            return {"refused": no.code}

    async def _give_up(self, tool: str, given: dict[str, Any]) -> None:
        """Leave in the middle of a call, and never learn what became of it."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._answered, tool, given)
            for _ in range(self.chance.randrange(CHECKPOINTS)):
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()


async def crowd(history: History, ask: Any, size: int, calls: int, chance: Random, rest_s: float = 0, wait_s: int = 0) -> None:
    """All of them at once; `ask` takes an agent's name, a tool and its arguments. Where time jumps they may rest and wait."""
    names: Sequence[str] = [f"agent-{number}" for number in range(1, size + 1)]
    talk = Talk()
    async with trio.open_nursery() as nursery:
        for name in names:
            own = Random(chance.random())
            member = Member(Mind(name, names, own, talk, wait_s), history.around(name, partial(ask, name)), own, rest_s)
            nursery.start_soon(member.work, calls)
