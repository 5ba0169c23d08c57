"""Envelopes: whether a frame holds one JSON-RPC message, decided before anything else looks at it."""

from typing import Any

import msgspec
from attrs import frozen
from mcp_types import INVALID_REQUEST, PARSE_ERROR
from mcp_types.jsonrpc import JSONRPCMessage, jsonrpc_message_adapter
from pydantic import ValidationError

DEPTH_LIMIT = 64
"""No tool's arguments nest deeper than a few levels; deeper input only costs."""


@frozen
class Malformed:
    """A frame that gets an error and nothing more; `id` is the sender's where it could be read."""

    code: int
    message: str
    id: str | int | None = None

    def to_json(self) -> str:
        error = {"code": self.code, "message": self.message}
        return msgspec.json.encode({"jsonrpc": "2.0", "id": self.id, "error": error}).decode()


def read_envelope(frame: str | bytes) -> JSONRPCMessage | Malformed | None:
    """The message in a frame; what to answer instead; or None for a broken response, which is never answered."""
    try:
        found = msgspec.json.decode(frame)
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        return Malformed(PARSE_ERROR, "Parse error: a frame holds one JSON-RPC message as JSON text")
    if not isinstance(found, dict):
        return Malformed(INVALID_REQUEST, "Invalid Request: expected one JSON-RPC 2.0 message per frame, and no batch")
    readable = _id(found)
    if "method" not in found:
        return _message(found)
    if not _fits(found, DEPTH_LIMIT):
        return Malformed(INVALID_REQUEST, f"Invalid Request: nested deeper than {DEPTH_LIMIT} levels", readable)
    if "id" in found and readable is None:
        # The SDK would take such a request for a notification and never answer it.
        return Malformed(INVALID_REQUEST, "Invalid Request: id must be a string or a whole number")
    return _message(found) or Malformed(INVALID_REQUEST, "Invalid Request: not a JSON-RPC 2.0 message", readable)


def _message(found: dict[str, Any]) -> JSONRPCMessage | None:
    try:
        return jsonrpc_message_adapter.validate_python(found, by_name=False)
    except ValidationError:
        return None


def _id(found: dict[str, Any]) -> str | int | None:
    number = found.get("id")
    return number if isinstance(number, str | int) and not isinstance(number, bool) else None


def _fits(value: object, depth: int) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_fits(each, depth - 1) for each in value.values())
    if isinstance(value, list):
        return depth > 0 and all(_fits(each, depth - 1) for each in value)
    return True
