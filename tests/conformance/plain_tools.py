"""Plain tools: every kind of content, an error, progress, logging, and words to those who listen that a list has changed."""

from collections.abc import Callable
from typing import Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from taskactors.mcp_server.asking import Context
from tests.conformance.fixtures import SOUND, TEXT, Answered, Fixtures, Params, embedded, picture, said, takes

ADDRESS = {"$anchor": "addressDef", "type": "object", "properties": {"street": TEXT, "city": TEXT}}
EVERY_KEYWORD = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "$defs": {"address": ADDRESS},
    "properties": {
        "name": TEXT,
        "address": {"$ref": "#/$defs/address"},
        "contactMethod": {"type": "string", "enum": ["phone", "email"]},
        "phone": TEXT,
        "email": TEXT,
    },
    "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
    "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
    "then": {"required": ["phone"]},
    "else": {"required": ["email"]},
    "additionalProperties": False,
}


def add(board: Fixtures, changed: Callable[[str], None]) -> None:
    """Add them; `changed` tells whoever listens that the list of that name has changed."""
    _add_contents(board)
    _add_reporting(board)

    @board.tool("json_schema_2020_12_tool", EVERY_KEYWORD)
    async def schema(context: Context, params: Params) -> Answered:
        return said("json_schema_2020_12_tool")

    @board.tool("test_x_mcp_header", takes(region={**TEXT, "x-mcp-header": "Region"}))
    async def header(context: Context, params: Params) -> Answered:
        return said(f"region={(params.arguments or {}).get('region')}")

    @board.tool("test_trigger_tool_change")
    async def tools(context: Context, params: Params) -> Answered:
        changed("lists/tools")
        return said("changed")

    @board.tool("test_trigger_prompt_change")
    async def prompts(context: Context, params: Params) -> Answered:
        changed("lists/prompts")
        return said("changed")


def _add_contents(board: Fixtures) -> None:
    @board.tool("test_simple_text")
    async def simple(context: Context, params: Params) -> Answered:
        return said("This is a simple text response for testing.")

    @board.tool("test_image_content")
    async def image(context: Context, params: Params) -> Answered:
        return said(picture())

    @board.tool("test_audio_content")
    async def audio(context: Context, params: Params) -> Answered:
        return said(types.AudioContent(type="audio", data=SOUND, mime_type="audio/wav"))

    @board.tool("test_embedded_resource")
    async def resource(context: Context, params: Params) -> Answered:
        return said(embedded("test://embedded-resource", "This is an embedded resource content."))

    @board.tool("test_multiple_content_types")
    async def mixed(context: Context, params: Params) -> Answered:
        data = embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json")
        return said("Multiple content types test:", picture(), data)

    @board.tool("test_error_handling")
    async def error(context: Context, params: Params) -> Answered:
        return said("This tool intentionally returns an error for testing", is_error=True)


def _add_reporting(board: Fixtures) -> None:
    @board.tool("test_tool_with_progress")
    async def progress(context: Context, params: Params) -> Answered:
        for done in (0, 50, 100):
            await context.session.report_progress(done, 100, f"Completed step {done} of 100")
        return said("ok")

    @board.tool("test_tool_with_logging")
    async def logging(context: Context, params: Params) -> Answered:
        for message in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await context.session.send_log_message("info", message, related_request_id=context.request_id)
        return said("done")

    @board.tool("test_logging_tool")
    async def one_line(context: Context, params: Params) -> Answered:
        await context.session.send_log_message("info", "hello", related_request_id=context.request_id)
        return said("logged")

    @board.tool("test_missing_capability")
    async def missing(context: Context, params: Params) -> Answered:
        can = context.session.client_capabilities
        if can is None or can.sampling is None:
            data: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
            raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "needs sampling", data)
        return said("ok")
