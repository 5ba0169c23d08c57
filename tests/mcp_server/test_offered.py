"""Offers: what a surface is given besides the tables is found, answered, watched and refused as the tables' own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import mcp_types as types
import pytest
import trio

from taskactors.actors.profiles import PROFILES
from taskactors.domain.errors import NotFound
from taskactors.mcp_server.asking import Context, peer_of
from taskactors.mcp_server.offered import Offer, OfferedPrompt, OfferedResource, OfferedTool
from taskactors.mcp_server.server import McpSurface
from taskactors.transports.websocket import WebSocketDoor
from tests.support.fake_front import FakeFront, connected, introduced, legacy, modern

BOOK = "shelf://book"
ERAS = pytest.mark.parametrize(("era", "request_of"), [(connected, modern), (introduced, legacy)], ids=["2026", "2025"])


async def name_caller(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
    if params.arguments:
        raise NotFound(kind="book", named="B-1", nearest=("B-2",))
    return types.CallToolResult(content=[types.TextContent(type="text", text=str(peer_of(context).connection.agent))])


async def title(context: Context, params: types.GetPromptRequestParams) -> types.GetPromptResult:
    content = types.TextContent(type="text", text=(params.arguments or {})["book"])
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content)])


async def pages(context: Context, uri: str) -> list[types.TextResourceContents]:
    if uri.endswith("/lost"):
        raise NotFound(kind="book", named="lost")
    return [types.TextResourceContents(uri=uri, text="pages")]


ARGUMENT = types.PromptArgument(name="book", required=True)
MORE = Offer(
    tools={"whoami": OfferedTool(listed=types.Tool(name="whoami", input_schema={"type": "object"}), answer=name_caller)},
    prompts={"title": OfferedPrompt(listed=types.Prompt(name="title", arguments=[ARGUMENT]), answer=title)},
    resources=(
        OfferedResource(listed=types.Resource(uri=BOOK, name="book"), matches=BOOK.__eq__, heard_as=lambda *_: "books", read=pages),
        OfferedResource(
            listed=types.ResourceTemplate(uri_template="shelf://{name}", name="any"),
            matches=lambda uri: uri.startswith("shelf://"),
            heard_as=lambda *_: None,
            read=pages,
        ),
    ),
)


@asynccontextmanager
async def offering(front: FakeFront) -> AsyncIterator[str]:
    door = WebSocketDoor(McpSurface(front, PROFILES, MORE).serve)
    async with trio.open_nursery() as nursery:
        port = await nursery.start(door.listen, "127.0.0.1", 0)
        yield f"ws://127.0.0.1:{port}/mcp?agent=ada"
        nursery.cancel_scope.cancel()


async def result(peer: Any, request: Any) -> Any:
    return (await peer.ask(request))["result"]


@ERAS
async def test_a_tool_is_listed_behind_those_of_every_profile_and_answers(era: Any, request_of: Any) -> None:
    async with offering(FakeFront()) as url:
        for profile, tools in PROFILES.items():
            async with era(f"{url}&tools={profile}") as peer:
                listed = (await result(peer, request_of("tools/list")))["tools"]
                assert [each["name"] for each in listed] == [*tools, "whoami"]
        async with era(url) as peer:
            answer = await result(peer, request_of("tools/call", {"name": "whoami"}))
            assert (answer["content"][0]["text"], answer["isError"]) == ("ada", False)


async def test_a_refusal_of_such_a_tool_is_said_as_any_other() -> None:
    front = FakeFront(pending={"unread": 2})
    async with offering(front) as url, connected(url) as peer:
        answer = await result(peer, modern("tools/call", {"name": "whoami", "arguments": {"x": 1}}))
    assert answer["isError"]
    assert answer["_meta"]["taskactors/refusal"]["code"] == "not_found"
    assert '"unread":2' in answer["content"][0]["text"]


@ERAS
async def test_resources_are_listed_read_and_watched_at_their_own_addresses(era: Any, request_of: Any) -> None:
    front = FakeFront()
    async with offering(front) as url, era(url) as peer:
        assert (await result(peer, request_of("resources/list")))["resources"][-1]["uri"] == BOOK
        assert (await result(peer, request_of("resources/templates/list")))["resourceTemplates"][-1]["uriTemplate"] == "shelf://{name}"
        assert (await result(peer, request_of("resources/read", {"uri": BOOK})))["contents"][0]["text"] == "pages"
        lost = (await peer.ask(request_of("resources/read", {"uri": "shelf://a/lost"})))["error"]
        assert lost["code"] == (-32602 if request_of is modern else -32002)
        if request_of is modern:
            await peer.ask(modern("subscriptions/listen", {"notifications": {"resourceSubscriptions": [BOOK, "shelf://a"]}}, "listen"))
        else:
            await result(peer, legacy("resources/subscribe", {"uri": BOOK}))
            await result(peer, legacy("resources/subscribe", {"uri": "shelf://a"}))
        front.listeners.hear(frozenset({"books"}))
        assert (await peer.next())["params"]["uri"] == BOOK
    assert front.called == []


@ERAS
async def test_prompts_are_listed_completed_and_given_their_arguments(era: Any, request_of: Any) -> None:
    async with offering(FakeFront()) as url, era(url) as peer:
        assert (await result(peer, request_of("prompts/list")))["prompts"][-1]["name"] == "title"
        written = await result(peer, request_of("prompts/get", {"name": "title", "arguments": {"book": "B"}}))
        assert written["messages"][0]["content"]["text"] == "B"
        error = (await peer.ask(request_of("prompts/get", {"name": "title"})))["error"]
        assert (error["code"], "book is required" in error["message"]) == (-32602, True)
        for ref in ({"type": "ref/prompt", "name": "title"}, {"type": "ref/resource", "uri": "shelf://{name}"}):
            params = {"ref": ref, "argument": {"name": "book", "value": "x"}}
            assert (await result(peer, request_of("completion/complete", params)))["completion"]["values"] == []
