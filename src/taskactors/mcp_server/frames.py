"""Frames: messages as they go over a wire, each written once."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from mcp_types import ErrorData

Id = str | int


def written(value: Any) -> bytes:
    """A value as JSON. Raises TypeError for what JSON cannot hold."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        # It repeats half a character that its client sent, which can be written as an escape alone.
        return json.dumps(value).encode()


def result_frame(request_id: Id, result: bytes) -> bytes:
    """The answer to a request, with a result that is written already."""
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (written(request_id), result)


def error_frame(request_id: Id | None, error: ErrorData) -> bytes:
    """The answer to a request that was refused as a whole."""
    return written({"jsonrpc": "2.0", "id": request_id, "error": error.model_dump(by_alias=True, exclude_unset=True)})


def notification_frame(method: str, params: Mapping[str, Any] | None) -> bytes:
    """Something that a client is told without having asked."""
    return written({"jsonrpc": "2.0", "method": method} | ({"params": params} if params is not None else {}))
