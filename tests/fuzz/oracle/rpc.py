"""Plain JSON-RPC at /rpc: what each body may get. A method is a tool; who runs the server may call what is for operators, too."""

from collections.abc import Mapping
from typing import Any

from attrs import evolve
from jsonschema import Draft202012Validator

from tests.fuzz.oracle.json_text import DEPTH_LIMIT, depth, has_half_character, id_of, read
from tests.fuzz.oracle.messages import of_arguments
from tests.fuzz.oracle.replies import INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, Allowed, error

NOT_FOUND, NOT_ALLOWED, TAKEN, NOT_NOW, BAD_ARGUMENTS = -32001, -32002, -32003, -32004, -32007
REFUSALS = frozenset({NOT_FOUND, NOT_ALLOWED, TAKEN, NOT_NOW, BAD_ARGUMENTS})
"""The codes of the older server's scripts. Those that say something is wrong with the server are not among them."""


def of(body: bytes, tools: Mapping[str, Draft202012Validator], may_only_read: bool = False) -> Allowed:
    """Of the body of a request that was let in."""
    found = read(body)
    if not found.is_json or has_half_character(found.value):
        return Allowed(codes={PARSE_ERROR, INVALID_REQUEST} if found.deep else {PARSE_ERROR})
    if found.deep:
        return Allowed(codes={PARSE_ERROR, INVALID_REQUEST}, ids=(id_of(found.value),))
    if not isinstance(found.value, dict) or depth(found.value) > DEPTH_LIMIT:
        return error(INVALID_REQUEST, id_of(found.value))
    return _of_object(found.value, tools, may_only_read)


def _of_object(request: dict[str, Any], tools: Mapping[str, Draft202012Validator], may_only_read: bool) -> Allowed:
    to, params = id_of(request), request.get("params", {})
    has_bad_id = to is None and request.get("id") is not None
    if not isinstance(request.get("method"), str) or has_bad_id:
        return error(INVALID_REQUEST, to)
    if not isinstance(params, dict | None):
        return error(INVALID_PARAMS, to)
    if "id" not in request:
        return Allowed(answered=False, result=True)
    tool = tools.get(request["method"])
    if tool is None:
        return error(METHOD_NOT_FOUND, to)
    allowed = of_arguments(tool, params or {})
    codes = set(REFUSALS) if allowed.result else {BAD_ARGUMENTS}
    return evolve(allowed, id=to, codes=codes | ({NOT_ALLOWED} if may_only_read else set()), refusals=frozenset())
