"""Replies: what may come back for one JSON-RPC message, and what is wrong with what did."""

from collections.abc import Sequence, Set
from typing import Any

from attrs import field, frozen

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022
LEGACY_NO_RESOURCE = -32002
TOO_MANY = 429
"""Our own code for a request beyond those that may be under way."""

REFUSAL = "taskactors/refusal"
"""Where a tool that said no keeps its code."""

FAULTS = frozenset(
    {"internal", "timed_out", "unknown_outcome", "overloaded", "project_unavailable", "store_full", "stopping", "backup_failed"}
)
"""Refusals that say something is wrong with the server: no input, however bad, may earn one."""

INVALID_ARGUMENTS = "invalid_arguments"

Id = str | int | None


@frozen(kw_only=True)
class Allowed:
    """What one message may get. `codes` are the errors of the protocol, `result` whether it may succeed, `refusals` the codes with
    which its tool may say no: None for any that is no fault of the server's. Without `answered` it may get nothing at all.
    """

    answered: bool = True
    id: Id = None
    codes: Set[int] = frozenset()
    result: bool = False
    refusals: Set[str] | None = frozenset()
    ids: tuple[Id, ...] = field(factory=tuple)
    """Other ids that will do, where reading the message's own is a matter of taste."""

    def problem(self, reply: Any) -> str | None:
        """What is wrong with a reply, or None."""
        if not self.answered:
            return f"it may never be answered, and was: {_short(reply)}"
        if not isinstance(reply, dict) or reply.get("jsonrpc") != "2.0":
            return f"that is no JSON-RPC reply: {_short(reply)}"
        if ("result" in reply) == ("error" in reply):
            return f"a reply has a result or an error: {_short(reply)}"
        if not any(_same_id(reply.get("id", ...), each) for each in (self.id, *self.ids)):
            return f"answered to id {_short(reply.get('id'))} instead of {_short(self.id)}: {_short(reply)}"
        return self._wrong_error(reply["error"]) if "error" in reply else self._wrong_result(reply["result"])

    def _wrong_error(self, error: Any) -> str | None:
        if not isinstance(error, dict) or not isinstance(error.get("message"), str):
            return f"that is no error: {_short(error)}"
        if error.get("code") not in self.codes:
            return f"refused with {_short(error)} where {self.wanted()} was right"
        return None

    def _wrong_result(self, result: Any) -> str | None:
        if not isinstance(result, dict):
            return f"that is no result: {_short(result)}"
        if result.get("isError"):
            return self._wrong_refusal(result)
        return None if self.result else f"taken where {self.wanted()} was right: {_short(result)}"

    def _wrong_refusal(self, result: dict[str, Any]) -> str | None:
        code = result.get("_meta", {}).get(REFUSAL, {}).get("code")
        if self.may_refuse(code) and "structuredContent" not in result and _text_of(result):
            return None
        return f"its tool refused with {_short(result)} where {self.wanted()} was right"

    def may_refuse(self, code: object) -> bool:
        """Whether a tool may say no with this code."""
        return isinstance(code, str) and (code in self.refusals if self.refusals is not None else code not in FAULTS)

    def wanted(self) -> str:
        """What would have been right, for people."""
        ways = [str(code) for code in sorted(self.codes)]
        ways += ["a result"] if self.result else []
        ways += [f"a refusal {', '.join(sorted(self.refusals))}".rstrip()] if self.refusals else []
        ways += ["a refusal"] if self.refusals is None else []
        return " or ".join(ways) or "nothing"


NOTHING = Allowed(answered=False)


def error(code: int, to: Id = None) -> Allowed:
    """One error and no other."""
    return Allowed(codes={code}, id=to)


def unmatched(owed: Sequence[Allowed], replies: Sequence[Any]) -> str | None:
    """What is wrong with some replies, which may come in any order: each has to be owed, and everything owed has to be there."""
    left = [each for each in owed if each.answered]
    taken: dict[int, int] = {}
    for number in range(len(replies)):
        if not _given(number, replies, left, taken, set()):
            problems = (each.problem(replies[number]) for place, each in enumerate(left) if place not in taken)
            return next(problems, None) or f"nobody asked for {_short(replies[number])}"
    missing = [each for place, each in enumerate(left) if place not in taken]
    return f"never answered where {missing[0].wanted()} was right" if missing else None


def _given(number: int, replies: Sequence[Any], owed: Sequence[Allowed], taken: dict[int, int], tried: set[int]) -> bool:
    """Whether a reply finds a place among what is owed; another that has its place may have to take one that fits it as well."""
    free = (place for place in range(len(owed)) if place not in taken and owed[place].problem(replies[number]) is None)
    if (place := next(free, None)) is not None:
        taken[place] = number
        return True
    for place in [each for each in taken if each not in tried and owed[each].problem(replies[number]) is None]:
        tried.add(place)
        if _given(taken[place], replies, owed, taken, tried):
            taken[place] = number
            return True
    return False


def _same_id(one: object, other: Id) -> bool:
    return type(one) is type(other) and one == other


def _text_of(result: dict[str, Any]) -> str:
    content = result.get("content") or [{}]
    return str(content[0].get("text", ""))


def _short(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 300 else f"{text[:300]}…"
