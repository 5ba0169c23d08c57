"""Lines: what each line may get at the control socket, where whoever can reach it runs the server."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen
from jsonschema import Draft202012Validator

from tests.fuzz.oracle.json_text import DEPTH_LIMIT, depth, has_half_character, id_of, read
from tests.fuzz.oracle.messages import of_arguments
from tests.fuzz.oracle.replies import INVALID_ARGUMENTS, INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, Allowed, error

REFUSED = 1
"""The code of a tool's refusal, whose own is in its data."""

LINE_BYTES = 1 << 20
SURROUNDINGS = "_"

FOR_OPERATORS = frozenset(
    f"admin.{name}"
    for name in ("promote_agent", "check_files", "backup", "redact", "verify", "retain", "add_token", "list_tokens", "revoke_token")
)

UNHEARD_OF = "no_such_argument"
"""An argument that no method has."""


@frozen(kw_only=True)
class LineAllowed(Allowed):
    """What a line may get: as anywhere, but that a refusal is an error, too."""

    def problem(self, reply: Any) -> str | None:
        refused = reply.get("error") if isinstance(reply, dict) else None
        if isinstance(refused, dict) and refused.get("code") == REFUSED:
            code = refused.get("data", {}).get("code")
            is_right = self.may_refuse(code) and reply.get("id") == self.id
            return None if is_right else f"refused with {ascii(refused)[:300]} where {self.wanted()} was right"
        return Allowed.problem(self, reply)


NOTHING = LineAllowed(answered=False)


def of(line: bytes, tools: Mapping[str, Draft202012Validator]) -> LineAllowed:
    """Of one whole line without its end."""
    if not line.strip():
        return NOTHING
    if len(line) > LINE_BYTES:
        return LineAllowed(codes={INVALID_REQUEST})
    found = read(line)
    if not found.is_json or has_half_character(found.value):
        return LineAllowed(codes={PARSE_ERROR, INVALID_REQUEST} if found.deep else {PARSE_ERROR})
    if found.deep:
        return LineAllowed(codes={PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS}, ids=(id_of(found.value),))
    return _as_line(_of_value(found.value, tools))


def half() -> LineAllowed:
    """Of what is left without an end."""
    return LineAllowed(codes={PARSE_ERROR})


def _as_line(allowed: Allowed) -> LineAllowed:
    return LineAllowed(codes=allowed.codes, id=allowed.id, result=allowed.result, refusals=allowed.refusals)


def _of_value(found: Any, tools: Mapping[str, Draft202012Validator]) -> Allowed:
    to = id_of(found)
    if depth(found) > DEPTH_LIMIT:
        return error(INVALID_REQUEST, to)
    if not isinstance(found, dict) or to is None or found.get("jsonrpc") != "2.0" or not isinstance(found.get("method"), str):
        return error(INVALID_REQUEST, to)
    params = found.get("params", {})
    if not isinstance(params, dict):
        return error(INVALID_PARAMS, to)
    surroundings = params.get(SURROUNDINGS, {})
    if not _may_surround(surroundings):
        return error(INVALID_PARAMS, to)
    arguments = {name: value for name, value in params.items() if name != SURROUNDINGS}
    return evolve(_of_method(found["method"], arguments, surroundings.get("agent") is None, tools), id=to)


def _of_method(method: str, arguments: dict[str, Any], is_operator: bool, tools: Mapping[str, Draft202012Validator]) -> Allowed:
    if method in FOR_OPERATORS and is_operator:
        return Allowed(refusals={INVALID_ARGUMENTS}) if arguments.get(UNHEARD_OF) is not None else Allowed(result=True, refusals=None)
    return of_arguments(tools[method], arguments) if method in tools else error(METHOD_NOT_FOUND)


def _may_surround(given: object) -> bool:
    if not isinstance(given, dict) or given.keys() - {"project", "agent"}:
        return False
    return given.get("agent") in (None, "ada") and isinstance(given.get("project", ""), str)
