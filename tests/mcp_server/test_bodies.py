"""Whatever comes in a body over HTTP gets the answer that it would get in a frame, in both eras, and the next request is served."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2
import pytest

from tests.mcp_server.test_wire_errors import INVALID, NOT_MESSAGES
from tests.support.fake_front import INITIALIZE, FakeFront, calling, legacy
from tests.support.http_server import serving_http

COMMON = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
MODERN = {**COMMON, "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "health_check"}

Posted = httpx2.Response


async def posted(url: str, body: object, headers: Mapping[str, str]) -> Posted:
    async with httpx2.AsyncClient() as client:
        return await client.post(f"{url}/mcp", content=body if isinstance(body, str | bytes) else json.dumps(body), headers=headers)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with serving_http(FakeFront()) as (url, _, _):
        yield url


async def in_a_session(url: str) -> dict[str, str]:
    """The headers of the older era, after its handshake."""
    opened = await posted(url, legacy("initialize", INITIALIZE), COMMON)
    return {**COMMON, "mcp-protocol-version": "2025-11-25", "mcp-session-id": opened.headers["mcp-session-id"]}


@pytest.mark.parametrize(("body", "code", "answered_id"), NOT_MESSAGES.values(), ids=NOT_MESSAGES)
async def test_a_body_that_is_no_message_is_refused_in_both_eras_and_the_next_is_served(
    url: str, body: object, code: int, answered_id: object
) -> None:
    for headers in (MODERN, await in_a_session(url)):
        refused = await posted(url, body, headers)
        assert (refused.status_code, refused.json()["id"], refused.json()["error"]["code"]) == (400, answered_id, code)
    assert "result" in (await posted(url, calling("health_check"), MODERN)).json()


@pytest.mark.parametrize("broken", [{"jsonrpc": "2.0", "id": 1, "result": 3}, {"jsonrpc": "2.0", "id": 1, "error": "no"}])
async def test_a_broken_answer_to_nothing_is_refused_in_both_eras(url: str, broken: Any) -> None:
    for headers in (MODERN, await in_a_session(url)):
        refused = await posted(url, broken, headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, INVALID)


async def test_a_body_that_is_no_message_begins_no_session(url: str) -> None:
    refused = await posted(url, {**legacy("initialize", INITIALIZE), "id": None}, COMMON)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, INVALID)
    assert "mcp-session-id" not in refused.headers
