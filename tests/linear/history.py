"""A history: every call of a run with several clients, when it was made and answered, and what was said."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import count
from typing import Any

from attrs import Factory, define, evolve, frozen

from taskactors.domain.errors import Refusal
from tests.linear import seen
from tests.linear.seen import Reply
from tests.support.agent_client import Refused

UNKNOWN = {"timed_out", "unknown_outcome", "project_unavailable"}
"""Refusals after which the change may have been made."""

Ask = Callable[..., Awaitable[Mapping[str, Any]]]


@frozen(eq=False)
class Call:
    """One call. Without `answered` and `reply` its outcome is unknown: it happened once after `invoked`, or never.

    `ends` is when the claim that was shown ends by itself, as the server said, in milliseconds. An unknown outcome that can no
    longer change, because the server died, was settled by `over`. One line of a client has one call at a time.
    """

    client: str
    tool: str
    given: Mapping[str, Any]
    invoked: float
    answered: float | None = None
    reply: Reply | None = None
    key: str | None = None
    ends: int | None = None
    over: float | None = None
    line: int = 0

    @property
    def until(self) -> float:
        """When it was over at the latest."""
        return next((at for at in (self.answered, self.over) if at is not None), float("inf"))

    @property
    def refused(self) -> str | None:
        """The code of the refusal, if it was refused."""
        return str(self.reply["refused"]) if self.reply and "refused" in self.reply else None

    @property
    def succeeded(self) -> bool:
        """Whether it was answered with what it asked for, by its own doing."""
        said_no = self.reply is None or bool({"refused", "nothing"} & self.reply.keys()) or self.reply.get("granted") is False
        return not said_no and "replayed" not in (self.reply or ())

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self.given.items())
        until = "never" if self.answered is None else f"{self.answered:g}"
        return f"{self.client}: {self.tool}({given}) at {self.invoked:g}, answered at {until}: {self.reply}"


@define(eq=False)
class History:
    """Records calls as they are made. The stamps count what was seen in this process, so that no two are the same."""

    calls: list[Call] = Factory(list)
    _stamps: "count[int]" = Factory(count)
    _keys: "count[int]" = Factory(lambda: count(1))
    _lines: "count[int]" = Factory(count)

    def around(self, name: str, ask: Ask) -> "Recorded":
        """A client whose every call is recorded; `ask` takes a tool and its arguments. One call at a time."""
        return Recorded(self, name, ask, next(self._lines))

    def died(self) -> None:
        """The server is no more: whatever it did not answer has happened by now, or never will."""
        now = next(self._stamps)
        self.calls = [call if call.until < now else evolve(call, over=now) for call in self.calls]

    def begun(self, client: str, tool: str, given: Mapping[str, Any], line: int) -> int:
        """Note that a call begins; returns its place."""
        words = seen.given(tool, given)
        key = words.pop("idempotency_key", None)
        self.calls.append(Call(client, tool, words, next(self._stamps), key=key, line=line))
        return len(self.calls) - 1

    def ended(self, place: int, reply: Reply, ends: int | None = None) -> None:
        """Note what was answered."""
        self.calls[place] = evolve(self.calls[place], answered=next(self._stamps), reply=reply, ends=ends)

    def fresh_key(self) -> str:
        """A key by which the events of a call can be found in the log."""
        return f"call-{next(self._keys)}"


@frozen(eq=False)
class Recorded:
    """A client and the history that its calls go into. A change gets a key of its own unless it has one."""

    history: History
    name: str
    ask: Ask
    line: int

    async def call(self, tool: str, /, **arguments: Any) -> Mapping[str, Any]:
        """As the client's own call; raises what that raises."""
        if tool not in seen.READS:
            arguments = {"idempotency_key": self.history.fresh_key()} | arguments
        place = self.history.begun(self.name, tool, arguments, self.line)
        try:
            answer = await self.ask(tool, **arguments)
        except (Refused, Refusal) as no:
            if no.code not in UNKNOWN:
                self.history.ended(place, {"refused": no.code})
            raise
        self.history.ended(place, seen.reply(tool, answer), seen.ends(answer))
        return answer


def repeated(calls: Iterable[Call]) -> set[tuple[str, str, str]]:
    """Client, tool and key of everything that was sent more than once."""
    sent = Counter((call.client, call.tool, call.key) for call in calls if call.key is not None)
    return {(client, tool, key) for (client, tool, key), times in sent.items() if times > 1}
