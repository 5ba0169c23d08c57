"""Plain JSON-RPC: a method is a tool, and the answers of older servers' methods have the shapes that their scripts read."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ..actors.calls import Connection, Front, UnknownTool
from ..actors.depth import TOO_DEEP, fits
from ..actors.faults import internal
from ..actors.profiles import PROFILES
from ..domain.errors import Refusal

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602

CODES: Mapping[str, int] = {
    "not_found": -32001,
    "duplicate_code": -32003,
    "already_registered": -32003,
    "invalid_transition": -32004,
    "not_claimable": -32004,
    "task_closed": -32004,
    "store_full": -32005,
    "unknown_outcome": -32005,
    "internal": -32006,
    "overloaded": -32006,
    "timed_out": -32006,
    "project_unavailable": -32006,
    "no_such_project": -32006,
    "stopping": -32006,
    "invalid_arguments": -32007,
}
"""The codes that scripts of older servers know; what is in none of their classes is a validation error to them."""

OTHERWISE = -32002

Answer = Mapping[str, Any]

OLDER = PROFILES["axon"]
LISTS = frozenset(name for name, tool in OLDER.items() if set(tool.answers) == {"items"})
MAYBE = frozenset({"get_task_by_id", "get_task_by_code"})
SILENT = frozenset({"end_work_session"})


async def answer_to(body: bytes, front: Front, connection: Connection, whole: bool) -> bytes | None:
    """The reply to one request, as JSON; None for a notification. When asked for whole answers, older servers' methods have no
    shapes of their own.
    """
    try:
        request = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _error(None, PARSE_ERROR, "Parse error: that is not JSON")
    problem = _problem(request)
    if problem is not None:
        return _error(_id_of(request), INVALID_REQUEST, f"Invalid Request: {problem}")
    if not isinstance(request.get("params", {}), dict | None):
        return _error(_id_of(request), INVALID_PARAMS, "Invalid params: params are an object")
    reply = await _called(request, front, connection, whole)
    return reply if "id" in request else None


def _problem(request: Any) -> str | None:
    if not isinstance(request, dict):
        return "send one JSON-RPC object; batches are not taken"
    if not fits(request):
        return TOO_DEEP
    if not isinstance(request.get("method"), str):
        return "it names no method"
    if not isinstance(request.get("id", 0), str | int | None) or isinstance(request.get("id"), bool):
        return "an id is text, a whole number or null"
    return None


def _id_of(request: Any) -> str | int | None:
    found = request.get("id") if isinstance(request, dict) else None
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None


async def _called(request: Mapping[str, Any], front: Front, connection: Connection, whole: bool) -> bytes:
    number, method, arguments = request.get("id"), request["method"], request.get("params") or {}
    try:
        answer = await front.call(connection, method, arguments)
        return msgspec.json.encode({"jsonrpc": "2.0", "id": number, "result": answer if whole else _shaped(method, answer)})
    except UnknownTool:
        return _error(number, METHOD_NOT_FOUND, f"Unknown method: {method[:100]}")
    except Refusal as no:
        if method in MAYBE and no.code == "not_found" and not whole:
            return msgspec.json.encode({"jsonrpc": "2.0", "id": number, "result": None})
        return _refused(number, no)
    except Exception as error:  # the edge that answers a client
        return _refused(number, internal(error, "a call failed", method=method))


def _shaped(method: str, answer: Answer) -> Any:
    """Older servers' methods answer bare: a list is an array, and the end of a session is nothing."""
    if method in LISTS:
        return answer["items"]
    return None if method in SILENT else answer


def _refused(number: Any, refusal: Refusal) -> bytes:
    data = {"code": refusal.code, "cause": refusal.cause(), "remedy": refusal.remedy(), "facts": dict(refusal.facts())}
    return _error(number, CODES.get(refusal.code, OTHERWISE), refusal.cause(), data)


def _error(number: Any, code: int, message: str, data: Mapping[str, Any] | None = None) -> bytes:
    error: dict[str, Any] = {"code": code, "message": message}
    if data is not None:
        error["data"] = data
    return msgspec.json.encode({"jsonrpc": "2.0", "id": number, "error": error})
