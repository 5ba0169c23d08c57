"""Posts: calls under way that no task waits for. Each is told of once: its answer, why there is none, or that it takes too long."""

from collections.abc import Callable
from typing import Any

import trio
from attrs import Factory, define, field

from ..runtime import AskTimedOut, Letter
from .calls import Call

Ended = Callable[["Post", Any, BaseException | None], None]
"""Hears how a post ended: with its answer, or with what went wrong; with neither when its caller left.

It must not hold the post itself: of calls that refer to themselves in a circle the collector would have thousands to find.
"""


@define(eq=False)
class Post:
    """One call on its way."""

    call: Call
    ended: Ended
    within_s: float
    line: dict["Post", None]
    began: float = field(factory=trio.current_time)
    letter: Letter[Call] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.letter = Letter(self.call, self.end)
        self.line[self] = None

    def end(self, value: Any, error: BaseException | None) -> None:
        """It is over; an answer still to come is nothing to do."""
        if self.line.pop(self, self) is None:
            self.letter.withdraw()
            self.ended(self, value, error)

    def leave(self) -> None:
        """Its caller waits no more. Nothing when it is over already."""
        self.end(None, None)

    @property
    def due(self) -> float:
        """When it has taken too long."""
        return self.began + self.within_s


@define(eq=False)
class Posts:
    """All that are under way, and one sleeper for the ends of their times.

    Those that have as much time as each other stand in one line, in the order of their ends.
    """

    _lines: dict[float, dict[Post, None]] = Factory(dict)
    _sleeps_until: float = 0.0
    _sooner: trio.Event = Factory(trio.Event)

    def begin(self, call: Call, within_s: float, ended: Ended) -> Post:
        """A new one, to be sent by its letter."""
        line = self._lines.setdefault(within_s, {})
        post = Post(call, ended, within_s, line)
        if post.due < self._sleeps_until:
            self._sooner.set()
        return post

    async def end_in_time(self) -> None:
        """End each that has taken too long, until cancelled."""
        while True:
            firsts = [next(iter(line)) for line in self._lines.values() if line]
            late = [post for post in firsts if post.due <= trio.current_time()]
            for post in late:
                post.end(None, AskTimedOut("router", post.within_s))
            if late:
                continue
            self._sooner = trio.Event()
            self._sleeps_until = min((post.due for post in firsts), default=float("inf"))
            with trio.move_on_at(self._sleeps_until):
                await self._sooner.wait()
            self._sleeps_until = 0.0
