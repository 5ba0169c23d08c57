"""Shown: the resources and prompts that the suite looks at."""

import json
import re
from collections.abc import Sequence

import mcp_types as types

from taskactors.mcp_server.asking import Context
from taskactors.mcp_server.offered import OfferedResource
from tests.conformance.asking_back import filled, form, more
from tests.conformance.fixtures import PICTURE, TEXT, Fixtures, Prompted, embedded, picture, text

TEMPLATE = "test://template/{id}/data"
OF_TEMPLATE = re.compile(r"test://template/([^/]+)/data")

Contents = Sequence[types.TextResourceContents | types.BlobResourceContents]
GetPrompt = types.GetPromptRequestParams


def add(board: Fixtures) -> None:
    """Add them all."""
    _add_resources(board)
    _add_prompts(board)


def _add_resources(board: Fixtures) -> None:
    async def words(context: Context, uri: str) -> Contents:
        return [types.TextResourceContents(uri=uri, mime_type="text/plain", text="This is the content of the static text resource.")]

    async def bytes_(context: Context, uri: str) -> Contents:
        return [types.BlobResourceContents(uri=uri, mime_type="image/png", blob=PICTURE)]

    async def data(context: Context, uri: str) -> Contents:
        found = OF_TEMPLATE.fullmatch(uri)
        assert found is not None
        said = json.dumps({"id": found[1], "templateTest": True, "data": f"Data for ID: {found[1]}"})
        return [types.TextResourceContents(uri=uri, mime_type="application/json", text=said)]

    for name, kind, read in (
        ("static-text", "text/plain", words),
        ("static-binary", "image/png", bytes_),
        ("watched-resource", "text/plain", words),
    ):
        uri = f"test://{name}"
        listed = types.Resource(uri=uri, name=name, mime_type=kind)
        board.resources.append(OfferedResource(listed=listed, matches=uri.__eq__, heard_as=lambda uri, _: uri, read=read))
    template = types.ResourceTemplate(uri_template=TEMPLATE, name="template", mime_type="application/json")
    matches = lambda uri: OF_TEMPLATE.fullmatch(uri) is not None  # noqa: E731
    board.resources.append(OfferedResource(listed=template, matches=matches, heard_as=lambda uri, _: None, read=data))


def _add_prompts(board: Fixtures) -> None:
    @board.prompt("test_simple_prompt")
    async def simple(context: Context, params: GetPrompt) -> Prompted:
        return _prompt(text("This is a simple prompt for testing."))

    @board.prompt("test_prompt_with_arguments", "arg1", "arg2")
    async def arguments(context: Context, params: GetPrompt) -> Prompted:
        given = params.arguments or {}
        return _prompt(text(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'"))

    @board.prompt("test_prompt_with_embedded_resource", "resourceUri")
    async def resource(context: Context, params: GetPrompt) -> Prompted:
        shown = embedded((params.arguments or {})["resourceUri"], "Embedded resource content for testing.")
        return _prompt(shown, text("Please process the embedded resource above."))

    @board.prompt("test_prompt_with_image")
    async def image(context: Context, params: GetPrompt) -> Prompted:
        return _prompt(picture(), text("Please analyze the image above."))

    @board.prompt("test_input_required_result_prompt")
    async def rounds(context: Context, params: GetPrompt) -> Prompted:
        given = filled(params, "user_context", "context")
        return more(user_context=form("What context?", context=TEXT)) if given is None else _prompt(text(f"Use this context: {given}"))


def _prompt(*content: types.ContentBlock) -> types.GetPromptResult:
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=each) for each in content])
