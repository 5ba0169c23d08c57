"""Builders for small trees of actors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from taskactors.runtime import Child, Letter, Observed, Place, RestartBudget, Supervisor, one_at_a_time


async def echo(letter: Letter[Any]) -> None:
    """Answers what it was told; crashes when told an exception."""
    if isinstance(letter.message, BaseException):
        raise letter.message
    letter.answer(letter.message)


@pytest.fixture
def seen() -> list[Observed]:
    return []


@pytest.fixture
def echoing() -> Callable[..., Child]:
    """A child that answers what it is told, and crashes when told an exception."""

    def make(name: str = "echo", **given: Any) -> Child:
        async def run(place: Place) -> None:
            await one_at_a_time(place, echo)

        return Child(name, given.pop("run", run), **({"capacity": 16, "stop_within_s": 5, "start_within_s": 5} | given))

    return make


@pytest.fixture
def supervise(seen: list[Observed]) -> Callable[..., Supervisor]:
    """A supervisor whose events are `seen`; three restarts in a minute unless given."""

    def make(*children: Child, name: str = "root", budget: RestartBudget | None = None) -> Supervisor:
        return Supervisor(name, children, budget or RestartBudget(3, 60), seen.append)

    return make


@pytest.fixture
def up(nursery: trio.Nursery, supervise: Callable[..., Supervisor]) -> Callable[..., Awaitable[Supervisor]]:
    """The same, started and running in the test's nursery."""

    async def start(*children: Child, **given: Any) -> Supervisor:
        supervisor = supervise(*children, **given)
        await nursery.start(supervisor.run)
        return supervisor

    return start
