"""One agent in its closed loop: it asks, waits for the answer, and asks what follows from it."""

from __future__ import annotations

import time
from asyncio import Future, get_running_loop
from collections.abc import Callable, Generator
from typing import Protocol

import msgspec
from attrs import define, field, frozen


@frozen
class Call:
    """A tool, and what it is called with."""

    tool: str
    arguments: dict[str, object]
    timed: bool = True
    """Not so for what only prepares or tidies up."""


@frozen
class Raw:
    """Bytes as they are, for what is no tool's call."""

    body: bytes
    timed: bool = False


@frozen
class Pause:
    """Ask nothing for a while."""

    seconds: float


class Claim(msgspec.Struct):
    """As much of a claim as later calls need."""

    fence: int = 0


class Content(msgspec.Struct):
    """As much of any answer as later calls need; the rest is checked to be JSON and skipped."""

    code: str = ""
    claim: Claim | None = None
    next_cursor: str | None = None
    items: list[msgspec.Raw] = []

    @property
    def fence(self) -> int:
        return self.claim.fence if self.claim else 0


class Refused(Exception):
    """An answer that is no success; the agent begins its turn anew."""


Turn = Generator[Call | Raw | Pause, Content, str]
"""Asks, is sent the answers, and ends with what it may want to hand on."""


class Speech(Protocol):
    """How one connection words a request, and reads an answer."""

    def ask(self, request: Call | Raw) -> bytes: ...

    def heard(self, body: bytes) -> Content | None:
        """The answer to the last request, or None if this is none. Raises Refused."""


class Timed(Protocol):
    def add(self, asked_at: float, answered_at: float) -> None: ...


class Untimed:
    """For agents that only stand by."""

    def add(self, asked_at: float, answered_at: float) -> None:
        return


@define(eq=False)
class Agent:
    """One connection's agent; `say` is set by its wire, which calls `hear` with each message."""

    name: str
    speech: Speech
    turns: Callable[[], Turn]
    timed: Timed
    errors: list[str]
    say: Callable[[bytes], None] = field(default=lambda _: None)
    lost: Callable[[str], None] = field(default=lambda _: None)
    _turn: Turn | None = None
    _asked_at: float = 0.0
    _is_timed: bool = True
    _finished: Future[str] | None = None

    @property
    def begun(self) -> bool:
        return self._turn is not None

    def begin(self) -> None:
        """Take turns until the program ends."""
        self._turn = self.turns()
        self._ask(next(self._turn))

    async def perform(self, turn: Turn) -> str:
        """One turn from its beginning to its end, before the time runs. Raises Refused."""
        self._turn, self._finished = turn, get_running_loop().create_future()
        self._ask(next(turn))
        try:
            return await self._finished
        finally:
            self._turn = self._finished = None

    def hear(self, body: bytes) -> None:
        """A message has come."""
        now = time.perf_counter()
        try:
            answer = self.speech.heard(body)
        except Refused as refused:
            self._give_up(refused)
            return
        if answer is not None and self._turn is not None:
            if self._is_timed:
                self.timed.add(self._asked_at, now)
            self._go_on(self._turn, answer)

    def _go_on(self, turn: Turn, answer: Content) -> None:
        try:
            request = turn.send(answer)
        except StopIteration as end:
            self._end(str(end.value))
        else:
            self._ask(request)

    def _end(self, result: str) -> None:
        if self._finished is None:
            self.begin()
        elif not self._finished.done():
            self._finished.set_result(result)

    def _give_up(self, refused: Refused) -> None:
        if self._finished is None:
            self.errors.append(str(refused))
            self.begin()
        elif not self._finished.done():
            self._finished.set_exception(refused)

    def _ask(self, request: Call | Raw | Pause) -> None:
        if isinstance(request, Pause):
            assert self._turn is not None
            get_running_loop().call_later(request.seconds, self._go_on, self._turn, Content())
            return
        body = self.speech.ask(request)
        self._is_timed = request.timed
        self._asked_at = time.perf_counter()
        self.say(body)
