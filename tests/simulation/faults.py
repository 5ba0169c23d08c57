"""Faults: places in the running code where a planned one strikes, and whether what was seen to go wrong comes from one."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import trio
from attrs import Factory, define, evolve

from taskactors.actors.refusals import StoreFullRefusal, UnknownOutcome
from taskactors.actors.roles.desk import Answer, Desk
from taskactors.actors.router import Router
from taskactors.actors.timers import Timers
from taskactors.actors.tools import Tool
from taskactors.runtime import ActorGone, Letter
from taskactors.storage.errors import StoreFull
from tests.simulation.disk import Broken


class Struck(Exception):
    """A bug that the simulation put into the code."""


ROUTER, TIMERS, OWN_WORK = "the router", "the timers", "a desk's own work"
BEFORE_UNIT, AFTER_UNIT = "a unit, before its work", "a unit, after its work"


def desk_named(role: str) -> str:
    return f"the {role} desk"


@define(eq=False)
class Faults:
    """How often each place is still to fail."""

    planned: Counter[str] = Factory(Counter)
    struck_at: list[float] = Factory(list)

    def plan(self, place: str, times: int = 1) -> None:
        self.planned[place] += times

    def calm(self) -> None:
        """From now on nothing fails that was not failing before."""
        self.planned.clear()

    def strike(self, place: str) -> None:
        """Whoever comes past this place raises Struck, if that is planned."""
        if self.planned[place] > 0:
            self.planned[place] -= 1
            self.struck_at.append(trio.current_time())
            raise Struck(place)

    def within(self, tools: Mapping[str, Tool]) -> Mapping[str, Tool]:
        """The same tools, whose units may fail before their work and after it."""
        return {name: evolve(tool, unit=partial(self._unit, tool)) if not tool.reads else tool for name, tool in tools.items()}

    def _unit(self, tool: Tool, change: Any, request: Any) -> Mapping[str, Any]:
        self.strike(BEFORE_UNIT)
        answer: Mapping[str, Any] = tool.unit(change, request)
        self.strike(AFTER_UNIT)
        return answer

    @contextmanager
    def in_actors(self) -> Iterator[None]:
        """The places in actors, for as long as this lasts."""
        forward, ask_store, command, sweep = Desk.forward, Desk.ask_store, Router._command, Timers._sweep

        def forwarding(desk: Desk, letter: Letter[Any]) -> None:
            self.strike(desk_named(desk.tools[letter.message.tool].desk))
            forward(desk, letter)

        async def asking(desk: Desk, about: Any) -> Answer:
            answer = await ask_store(desk, about)
            self.strike(OWN_WORK)
            return answer

        def commanding(router: Router, call: Any) -> Any:
            self.strike(ROUTER)
            return command(router, call)

        async def sweeping(timers: Timers) -> None:
            self.strike(TIMERS)
            await sweep(timers)

        with ExitStack() as places:
            places.enter_context(patch.object(Desk, "forward", forwarding))
            places.enter_context(patch.object(Desk, "ask_store", asking))
            places.enter_context(patch.object(Router, "_command", commanding))
            places.enter_context(patch.object(Timers, "_sweep", sweeping))
            yield


PLANNED = (Struck, Broken, StoreFull, StoreFullRefusal, UnknownOutcome, ActorGone)
"""What the simulation does, and what follows from it: in a project that has to close, those that are left find the others gone."""

SAYS_WHY_ELSEWHERE = "could not be opened"
"""A server that cannot open its first project ends with that text alone; the error behind it was logged, and is looked at there."""


def is_planned(error: BaseException | None) -> bool:
    """Whether an error, or what it comes from, was made by the simulation."""
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        if isinstance(each, PLANNED) or (isinstance(each, RuntimeError) and SAYS_WHY_ELSEWHERE in str(each)):
            return True
        seen.add(id(each))
        waiting += [each.__cause__, each.__context__, *(each.exceptions if isinstance(each, BaseExceptionGroup) else ())]
    return False
