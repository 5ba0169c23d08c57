"""The history of a run: every call as its caller saw it, in order, and the lines that tell the run to a reader."""

import zlib
from collections.abc import Mapping
from typing import Any

import msgspec
import trio
from attrs import Factory, define, frozen

from taskactors.domain.errors import Refusal

UNSURE = frozenset({"timed_out", "unknown_outcome"})
"""Refusals after which a change may have been made all the same; every other one promises that nothing was changed."""

SHOWN_CHARACTERS = 160


@frozen
class Answered:
    """The call succeeded, and its caller heard the answer."""

    value: Mapping[str, Any]


@frozen
class Refused:
    """The call was refused."""

    no: Refusal

    @property
    def code(self) -> str:
        return self.no.code

    @property
    def is_sure(self) -> bool:
        return self.code not in UNSURE


@frozen
class Lost:
    """No answer came: the caller left, the line broke, or the server died."""

    why: str


Outcome = Answered | Refused | Lost


@define(eq=False)
class Op:
    """One call. `before` and `after` are how long the durable log was when the server took it, and when it answered.

    An answer that is lost on its way is `given` all the same: the server has promised something by then.
    """

    number: int
    who: str
    tool: str
    arguments: Mapping[str, Any]
    life: int
    called_at: float
    before: int = 0
    after: int = 0
    returned_at: float | None = None
    outcome: Outcome | None = None
    given: Mapping[str, Any] | None = None

    @property
    def key(self) -> str | None:
        return self.arguments.get("idempotency_key")

    @property
    def is_replayed(self) -> bool:
        return bool(self.given and self.given.get("replayed"))


@define(eq=False)
class History:
    """What happened in one run."""

    ops: list[Op] = Factory(list)
    lines: list[str] = Factory(list)
    findings: list[str] = Factory(list)

    def say(self, line: str) -> None:
        """One more line, with its moment."""
        self.lines.append(f"{trio.current_time():10.3f} {line}")

    def found(self, finding: str) -> None:
        """Something that must not be was seen."""
        self.findings.append(finding)
        self.lines.append(f"   FINDING {finding}")

    def began(self, who: str, tool: str, arguments: Mapping[str, Any], life: int) -> Op:
        op = Op(len(self.ops) + 1, who, tool, arguments, life, trio.current_time())
        self.ops.append(op)
        self.say(f"{who:5} → #{op.number} {tool} {_text(arguments)}")
        return op

    def ended(self, op: Op, outcome: Outcome) -> Outcome:
        op.outcome, op.returned_at = outcome, trio.current_time()
        match outcome:
            case Answered(value):
                said = f"{_shortened(_text(value))} ~{zlib.crc32(_text(value).encode()):08x}"
            case Refused() as refused:
                said = f"NO {refused.code}: {_shortened(refused.no.cause())}"
            case Lost(why):
                said = f"LOST: {why}"
        self.say(f"{op.who:5} ← #{op.number} {said}")
        return outcome


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
