"""Envelopes: no bytes that anybody can send crash the reading of a frame, and whatever can be answered is."""

import json
from typing import Any

import hypothesis.strategies as st
from hypothesis import example, given
from mcp_types.jsonrpc import JSONRPCNotification, JSONRPCRequest

from taskactors.actors.depth import DEPTH_LIMIT
from taskactors.mcp_server.envelope import Malformed, read_envelope

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON,
        "id": st.integers() | st.text(max_size=5) | JSON,
        "method": st.sampled_from(["tools/list", "tools/call"]) | JSON,
        "params": st.dictionaries(st.text(max_size=5), JSON, max_size=3) | JSON,
        "result": JSON,
        "error": JSON,
    },
)


def is_id(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


@given(MESSAGES)
@example({"jsonrpc": "2.0", "id": 0, "method": ""})
@example({"jsonrpc": "2.0", "id": 2**80, "method": "x"})
def test_a_request_is_taken_or_answered_and_never_lost(message: dict[str, Any]) -> None:
    found = read_envelope(json.dumps(message))
    if "method" in message and is_id(message.get("id")):
        assert isinstance(found, JSONRPCRequest | Malformed)
        assert found.id == message["id"]
    if isinstance(found, Malformed):
        reply = json.loads(found.to_json())
        assert reply["id"] == (message["id"] if is_id(message.get("id")) else None)


@given(st.binary() | st.text())
@example("[" * 1_000_000)
@example('{"a":' * 100_000)
@example("9" * 100_000)
@example("\ufeff{}")
@example('"\\ud800"')
@example("\ud800")
def test_no_bytes_crash_the_reading(frame: str | bytes) -> None:
    found = read_envelope(frame)
    assert found is None or isinstance(found, Malformed | JSONRPCNotification)


def nested(levels: int) -> str:
    return '{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":' + "[" * levels + "]" * levels + "}}"


def test_what_is_nested_as_deep_as_the_limit_is_taken_and_one_deeper_is_refused() -> None:
    assert isinstance(read_envelope(nested(DEPTH_LIMIT - 2)), JSONRPCRequest)
    assert isinstance(read_envelope(nested(DEPTH_LIMIT - 1)), Malformed)
