"""The client: one agent's way to the server, over a line that is slow, breaks, and loses answers."""

from collections.abc import Mapping
from typing import Any

import trio
from attrs import Factory, define

from taskactors.actors.calls import Connection
from taskactors.actors.patience import waited_for_s
from taskactors.actors.projects import CALL_WITHIN_S, Projects
from taskactors.actors.seat import OPEN_WITHIN_S
from taskactors.domain.caller import LOCAL_PERSON
from taskactors.domain.errors import Refusal
from tests.simulation.chance import Chance
from tests.simulation.history import Answered, History, Lost, Op, Outcome, Refused
from tests.simulation.machine import Machine
from tests.simulation.overlooked import overlooked

LATENCY_S = (0.0005, 0.012)
LOST_SHARE = 0.06
"""Answers that do not arrive."""

LEFT_SHARE = 0.08
LEFT_WITHIN_S = (0.0, 0.006)
"""Callers who leave while they are being served, and how soon."""

SERVED_WITHIN_S = OPEN_WITHIN_S + CALL_WITHIN_S + 1.0
"""The promise: beside what it waits for, a call ends within this time."""

TIMED_OUT = "timed_out"
"""Said for an answer that never came: a disk that is slow for seconds explains none that takes half a minute."""

TRIES = 6
TRY_AGAIN_S = (0.2, 8.0)
WAIT_FOR_SERVER_S = 150.0

AGAIN = frozenset({"timed_out", "unknown_outcome", "internal", "overloaded", "project_unavailable", "stopping", "store_full"})
"""Refusals of a server in trouble, after which an agent that wants something done asks again."""


@define(eq=False)
class Client:
    """One agent, or the person when `agent` is None. One call at a time."""

    agent: str | None
    machine: Machine
    chance: Chance
    history: History
    _connection: Connection | None = None
    _connected_in: int = 0
    _numbers: list[int] = Factory(lambda: [0, 0])

    @property
    def name(self) -> str:
        return self.agent or LOCAL_PERSON

    async def call(self, tool: str, /, **arguments: Any) -> Outcome:
        """One call, sent once."""
        op = self.history.began(self.name, tool, arguments, self.machine.life)
        return self.history.ended(op, await self._carried(op))

    async def insist(self, tool: str, /, **arguments: Any) -> Outcome:
        """The same call again and again under one key, until its outcome is known or the caller gives up."""
        self._numbers[0] += 1
        arguments["idempotency_key"] = f"{self.name}-{self._numbers[0]}"
        for _ in range(TRIES):
            outcome = await self.call(tool, **arguments)
            if isinstance(outcome, Answered) or (isinstance(outcome, Refused) and outcome.code not in AGAIN):
                return outcome
            await self.chance.pause(*TRY_AGAIN_S)
            with trio.move_on_after(WAIT_FOR_SERVER_S):
                await self.machine.up.wait()
        return outcome

    def hang_up(self) -> None:
        """Be gone, until the next call."""
        connection, self._connection = self._connection, None
        if connection is not None and self.machine.projects is not None and self._connected_in == self.machine.life:
            self.history.say(f"{self.name:5} hangs up")
            self.machine.projects.closed(connection)

    async def _carried(self, op: Op) -> Outcome:
        """There, and back again if nothing happens on the way."""
        with trio.CancelScope() as line:
            self.machine.lines[line] = None
            try:
                await self.chance.pause(*LATENCY_S)
                if self.machine.projects is None:
                    return Lost("nobody listens")
                answered = await self._served(op, line)
                await self.chance.pause(*LATENCY_S)
                if self.chance.happens(LOST_SHARE):
                    self.hang_up()
                    return Lost("the answer did not arrive")
                return answered
            finally:
                del self.machine.lines[line]
        return Lost("the line broke, or its caller left")

    async def _served(self, op: Op, line: trio.CancelScope) -> Outcome:
        projects = self.machine.projects
        assert projects is not None
        connection = self._connected()
        limit = SERVED_WITHIN_S + waited_for_s(op.arguments)
        began, jumped = trio.current_time(), self.machine.jumped
        op.life, op.before = self.machine.life, self.machine.disk.seq
        if self.chance.happens(LEFT_SHARE):
            line.deadline = began + self.chance.within(*LEFT_WITHIN_S)
        with trio.move_on_after(limit):
            try:
                answer = await _asked(projects, connection, op)
            except Refusal as no:
                op.after = self.machine.disk.seq
                if no.code == TIMED_OUT and self.machine.jumped == jumped:
                    self.history.found(f"#{op.number} {op.tool} of {op.who} was never answered: {no.cause()}")
                return Refused(no)
            finally:
                line.deadline = float("inf")
            op.after, op.given = self.machine.disk.seq, dict(answer)
            if (missed := overlooked(op, began, self.machine)) is not None:
                self.history.found(missed)
            return Answered(op.given)
        if trio.current_time() - began - (self.machine.jumped - jumped) >= limit:
            self.history.found(f"#{op.number} {op.tool} of {op.who} hung for {limit:.0f} s")
        return Lost("no answer came in time")

    def _connected(self) -> Connection:
        assert self.machine.projects is not None
        if self._connection is None or self._connected_in != self.machine.life:
            self._numbers[1] += 1
            self._connected_in = self.machine.life
            self._connection = Connection(
                id=f"{self.name}-{self._numbers[1]}", project=self.machine.project, agent=self.agent, operator=self.agent is None
            )
            self.machine.projects.opened(self._connection)
        return self._connection


async def _asked(projects: Projects, connection: Connection, op: Op) -> Mapping[str, Any]:
    """Every other call is posted, as WebSockets do it, and the rest has a task that waits, as at the other doors. Raises Refusal."""
    ear = Ear()
    leave = projects.post(connection, op.tool, op.arguments, ear.hear) if op.number % 2 else None
    if leave is None:
        return await projects.call(connection, op.tool, op.arguments)
    try:
        await ear.heard.wait()
    finally:
        leave()
    if ear.error is not None:
        raise ear.error
    assert ear.answer is not None
    return ear.answer


@define(eq=False)
class Ear:
    """Whoever posted a call; hears of it once."""

    heard: trio.Event = Factory(trio.Event)
    answer: Mapping[str, Any] | None = None
    error: BaseException | None = None

    def hear(self, answer: Mapping[str, Any] | None, error: BaseException | None) -> None:
        assert not self.heard.is_set()
        self.answer, self.error = answer, error
        self.heard.set()
