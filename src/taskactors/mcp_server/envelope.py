"""Envelopes: whether a frame holds one JSON-RPC message, decided before anything else looks at it."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec
from attrs import frozen
from mcp_types import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR
from mcp_types.jsonrpc import JSONRPCMessage, jsonrpc_message_adapter
from pydantic import ValidationError

from ..actors.depth import TOO_DEEP, fits


@frozen
class Malformed:
    """A frame that gets an error and nothing more; `id` is the sender's where it could be read."""

    code: int
    message: str
    id: str | int | None = None
    data: Mapping[str, Any] | None = None

    def to_json(self) -> str:
        """The answer to the frame."""
        error = {"code": self.code, "message": self.message, **({"data": self.data} if self.data else {})}
        # Not msgspec: the id comes back as it came, and it may hold what msgspec refuses to write.
        return json.dumps({"jsonrpc": "2.0", "id": self.id, "error": error})


def read_envelope(frame: str | bytes) -> JSONRPCMessage | Malformed | None:
    """The message in a frame; what to answer instead; or None for what is broken but may never be answered."""
    try:
        found = _decoded(frame)
    except (ValueError, RecursionError):
        return Malformed(PARSE_ERROR, "Parse error: a frame holds one JSON-RPC message as JSON text")
    if not isinstance(found, dict):
        return Malformed(INVALID_REQUEST, "Invalid Request: expected one JSON-RPC 2.0 message per frame, and no batch")
    if "method" not in found and ("result" in found or "error" in found):
        return _message(found)
    if problem := _problem(found):
        return problem
    return _message(found) or Malformed(INVALID_REQUEST, "Invalid Request: not a JSON-RPC 2.0 message", _id(found))


def _problem(found: dict[str, Any]) -> Malformed | None:
    readable = _id(found)
    if not fits(found):
        return Malformed(INVALID_REQUEST, f"Invalid Request: {TOO_DEEP}", readable)
    if found.get("jsonrpc") != "2.0" or not isinstance(found.get("method"), str):
        return Malformed(INVALID_REQUEST, "Invalid Request: not a JSON-RPC 2.0 message", readable)
    if "id" in found and readable is None:
        # The SDK would take such a request for a notification and never answer it.
        return Malformed(INVALID_REQUEST, "Invalid Request: id must be a string or a whole number")
    if readable is not None and not isinstance(found.get("params", {}), dict):
        return Malformed(INVALID_PARAMS, "Invalid params: params must be an object", readable)
    return None


def _decoded(frame: str | bytes) -> Any:
    try:
        return msgspec.json.decode(frame)
    except (ValueError, RecursionError):
        # Half a surrogate pair, which programs that cut text between two halves really send, is JSON by its grammar. It deserves
        # an answer to its id, which only a decoder that lets it pass can read.
        return json.loads(frame, parse_constant=_refuse)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _message(found: dict[str, Any]) -> JSONRPCMessage | None:
    try:
        return jsonrpc_message_adapter.validate_python(found, by_name=False)
    except ValidationError:
        return None


def _id(found: dict[str, Any]) -> str | int | None:
    number = found.get("id")
    return number if isinstance(number, str | int) and not isinstance(number, bool) else None
