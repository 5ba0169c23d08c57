"""The MCP Inspector judges the schemas of the tools by what all kinds of clients can use."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest

from taskactors.mcp_server.asking import Context
from taskactors.mcp_server.offered import Offer, OfferedTool
from tests.clients.inspector import Inspector, by_http
from tests.support.fake_front import FakeFront
from tests.support.http_server import serving_http

UNPORTABLE: Mapping[str, tuple[Any, str]] = {
    "a type that is two": ({"type": ["string", "null"]}, "warning"),
    "a schema that is none": (True, "error"),
}


async def answer(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    return types.CallToolResult(content=[])


async def found_by(era: str, home: Path, **properties: Any) -> list[dict[str, Any]]:
    """What the Inspector finds in the product's tools, and in one with these properties besides."""
    odd = types.Tool(name="odd", input_schema={"type": "object", "properties": properties})
    more = Offer(tools={"odd": OfferedTool(listed=odd, answer=answer)} if properties else {})
    async with serving_http(FakeFront(), more=more) as (url, _, _):
        return await Inspector(home, by_http(f"{url}/mcp", {}), era).findings()


@pytest.mark.long
@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_the_inspector_finds_nothing_in_any_tool(era: str, tmp_path: Path) -> None:
    assert await found_by(era, tmp_path) == []


@pytest.mark.long
@pytest.mark.parametrize("fault", UNPORTABLE)
async def test_the_inspector_sees_a_schema_that_not_every_client_can_use(fault: str, tmp_path: Path) -> None:
    schema, severity = UNPORTABLE[fault]
    [found] = await found_by("modern", tmp_path, value=schema)
    assert (found["toolName"], [each["severity"] for each in found["findings"]]) == ("odd", [severity])
