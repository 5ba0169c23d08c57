"""Whatever comes in a frame gets exactly one answer, the right one, and the next request on that connection is served."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.fake_front import ENVELOPE, INITIALIZE, FakeFront, Peer, calling, connected, introduced, legacy, modern, serving

PARSE, INVALID, NO_METHOD, PARAMS, VERSION = -32700, -32600, -32601, -32602, -32022


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serving(FakeFront()) as (url, _):
        yield url


async def still_served(peer: Peer) -> None:
    reply = await peer.ask(calling("health_check", number="after"))
    assert reply["id"] == "after"
    assert reply["result"]["structuredContent"] == {}


def without(message: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in keys}


PING = calling("health_check", number=7)

NOT_MESSAGES: dict[str, tuple[object, int, object]] = {
    "not JSON": ("{not json", PARSE, None),
    "nothing": ("", PARSE, None),
    "half a message": (json.dumps(PING)[:-1], PARSE, None),
    "two messages": (json.dumps(PING) + json.dumps(PING), PARSE, None),
    "NaN": ('{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"x":NaN}}', PARSE, None),
    "a number beyond all": ("1" * 5000, PARSE, None),
    "endless nesting": ("[" * 100_000, PARSE, None),
    "a batch": ([PING, PING], INVALID, None),
    "an empty batch": ([], INVALID, None),
    "a text": ('"hello"', INVALID, None),
    "null": ("null", INVALID, None),
    "an empty object": ({}, INVALID, None),
    "no jsonrpc": (without(PING, "jsonrpc"), INVALID, 7),
    "an old jsonrpc": ({**PING, "jsonrpc": "1.0"}, INVALID, 7),
    "a null id": ({**PING, "id": None}, INVALID, None),
    "a truth as id": ({**PING, "id": True}, INVALID, None),
    "a fraction as id": ({**PING, "id": 1.5}, INVALID, None),
    "a list as id": ({**PING, "id": [1]}, INVALID, None),
    "no method": ({"jsonrpc": "2.0", "id": 7, "params": {}}, INVALID, 7),
    "a number as method": ({**PING, "method": 5}, INVALID, 7),
    "params in a list": ({**PING, "params": [1]}, PARAMS, 7),
    "arguments nested too deeply": (calling("health_check", json.loads("[" * 70 + "]" * 70), 7), INVALID, 7),
}


@pytest.mark.parametrize(("frame", "code", "answered_id"), NOT_MESSAGES.values(), ids=NOT_MESSAGES)
async def test_what_is_no_message_is_refused_and_the_next_is_served(url: str, frame: object, code: int, answered_id: object) -> None:
    async with connected(url) as peer:
        reply = await peer.ask(frame)
        assert (reply["jsonrpc"], reply["id"], reply["error"]["code"]) == ("2.0", answered_id, code)
        assert "result" not in reply
        await still_served(peer)


BAD_REQUESTS: dict[str, tuple[dict[str, Any], int]] = {
    "no capabilities": (
        {**modern("tools/list"), "params": {"_meta": without(ENVELOPE, "io.modelcontextprotocol/clientCapabilities")}},
        PARAMS,
    ),
    "no envelope": ({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, PARAMS),
    "an envelope that is a text": ({**modern("tools/list"), "params": {"_meta": "x"}}, PARAMS),
    "an unknown version": (
        {**modern("tools/list"), "params": {"_meta": {**ENVELOPE, "io.modelcontextprotocol/protocolVersion": "1900-01-01"}}},
        VERSION,
    ),
    "the older handshake": (legacy("initialize", INITIALIZE), VERSION),
    "an unknown method": (modern("tasks/get"), NO_METHOD),
    "a method of nobody": (modern("x" * 10_000), NO_METHOD),
    "a feature that is not served": (modern("logging/setLevel", {"level": "info"}), NO_METHOD),
    "an unknown tool": (calling("no_such_tool"), PARAMS),
    "an operators' method": (calling("admin.verify"), PARAMS),
    "no name": (modern("tools/call"), PARAMS),
    "a number as name": (modern("tools/call", {"name": 5}), PARAMS),
    "half a character as name": (modern("tools/call", {"name": "\ud800"}), PARAMS),
    "arguments in a list": (calling("health_check", [1]), PARAMS),
    "arguments as text": (calling("health_check", "{}"), PARAMS),
    "an unknown cursor": (modern("tools/list", {"cursor": "x"}), PARAMS),
}


@pytest.mark.parametrize(("message", "code"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
async def test_a_bad_request_of_the_2026_era_is_refused_and_the_next_is_served(url: str, message: dict[str, Any], code: int) -> None:
    async with connected(url) as peer:
        await still_served(peer)
        reply = await peer.ask(message)
        assert (reply["id"], reply["error"]["code"]) == (message["id"], code)
        await still_served(peer)


async def test_an_unknown_version_is_refused_with_those_that_are_known(url: str) -> None:
    async with connected(url) as peer:
        reply = await peer.ask(BAD_REQUESTS["an unknown version"][0])
        assert reply["error"]["data"]["requested"] == "1900-01-01"
        assert "2026-07-28" in reply["error"]["data"]["supported"]


OLDER: dict[str, tuple[dict[str, Any], int]] = {
    "an envelope": (modern("tools/list"), INVALID),
    "an unknown method": (legacy("tasks/get"), NO_METHOD),
    "a feature that is not served": (legacy("logging/setLevel", {"level": "info"}), NO_METHOD),
    "an unknown tool": (legacy("tools/call", {"name": "no_such_tool", "arguments": {}}), PARAMS),
    "no name": (legacy("tools/call", {}), PARAMS),
    "arguments in a list": (legacy("tools/call", {"name": "health_check", "arguments": [1]}), PARAMS),
    "an unknown cursor": (legacy("tools/list", {"cursor": "x"}), PARAMS),
    "params in a list": ({**legacy("tools/list"), "params": [1]}, PARAMS),
    "a null id": ({**legacy("tools/list"), "id": None}, INVALID),
}


@pytest.mark.parametrize(("message", "code"), OLDER.values(), ids=OLDER)
async def test_a_bad_request_of_the_2025_era_is_refused_and_the_next_is_served(url: str, message: dict[str, Any], code: int) -> None:
    async with introduced(url) as peer:
        reply = await peer.ask(message)
        assert (reply["id"], reply["error"]["code"]) == (message["id"], code)
        assert (await peer.ask(legacy("ping", number=2))) == {"jsonrpc": "2.0", "id": 2, "result": {}}


async def test_a_handshake_for_an_unknown_version_is_offered_the_newest_that_has_one(url: str) -> None:
    async with connected(url) as peer:
        reply = await peer.ask(legacy("initialize", {**INITIALIZE, "protocolVersion": "1999-01-01"}))
        assert reply["result"]["protocolVersion"] == "2025-11-25"


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
async def test_a_handshake_for_a_known_version_gets_it(url: str, version: str) -> None:
    async with connected(url) as peer:
        result = (await peer.ask(legacy("initialize", {**INITIALIZE, "protocolVersion": version})))["result"]
        assert result["protocolVersion"] == version
        assert result["serverInfo"]["name"] == "taskactors"
        assert "claim" in result["instructions"]


async def test_a_request_before_the_handshake_is_refused(url: str) -> None:
    async with connected(url) as peer:
        assert (await peer.ask(legacy("tools/list")))["error"]["code"] == PARAMS
        assert "result" in await peer.ask(legacy("initialize", INITIALIZE, 2))


NEVER_ANSWERED: dict[str, object] = {
    "a stray response": {"jsonrpc": "2.0", "id": 99, "result": {}},
    "a stray error": {"jsonrpc": "2.0", "id": 99, "error": {"code": 1, "message": "x"}},
    "a broken response": {"jsonrpc": "2.0", "id": 99, "result": 3},
    "a broken error": {"jsonrpc": "2.0", "id": 99, "error": "no"},
    "an unknown notification": {"jsonrpc": "2.0", "method": "notifications/whatever"},
    "a cancellation of nothing": {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 12345}},
    "a cancellation of nonsense": {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": [1]}},
    "a cancellation without params": {"jsonrpc": "2.0", "method": "notifications/cancelled"},
    "a progress of nonsense": {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": {}, "progress": "x"}},
}


@pytest.mark.parametrize("frame", NEVER_ANSWERED.values(), ids=NEVER_ANSWERED)
@pytest.mark.parametrize("era", [connected, introduced])
async def test_what_is_no_request_is_never_answered_and_the_next_is_served(url: str, frame: object, era: Any) -> None:
    async with era(url) as peer:
        await peer.send(frame)
        request = calling("health_check", number="after") if era is connected else legacy("ping", number="after")
        assert (await peer.ask(request))["id"] == "after"


async def test_text_in_a_binary_frame_is_read_as_text(url: str) -> None:
    async with connected(url) as peer:
        assert (await peer.ask(json.dumps(calling("health_check", {"note": "grün"}), ensure_ascii=False).encode()))["result"][
            "structuredContent"
        ] == {"note": "grün"}


async def test_a_request_with_half_a_character_in_it_is_answered_to_its_id(url: str) -> None:
    """Programs that cut text in the middle of an emoji send it; without an answer to its id they would wait in vain."""
    async with connected(url) as peer:
        assert (await peer.ask(calling("no_such_tool", number="\ud83d")))["id"] == "\ud83d"
        assert (await peer.ask(calling("health_check", {"note": "\ud83d"}, 5)))["id"] == 5
        await still_served(peer)
