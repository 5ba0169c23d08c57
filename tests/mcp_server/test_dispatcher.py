"""The dispatcher: what goes straight to the front and what by the SDK's kernel, and that neither way can be told from the other."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import mcp_types as types
import pytest
import structlog.testing
import trio
from mcp.server.runner import ServerRunner
from trio.testing import wait_all_tasks_blocked

from taskactors.actors.calls import Connection
from taskactors.actors.profiles import PROFILES
from taskactors.mcp_server.asking import Context
from taskactors.mcp_server.kernel import REMEMBERED_BYTES, Stateless
from taskactors.mcp_server.offered import Offer, OfferedTool
from taskactors.mcp_server.server import McpSurface
from tests.mcp_server.both_ways import ScriptedWire
from tests.mcp_server.conversations import ERAS, LEGACY, MODERN, Era
from tests.support.fake_front import ENVELOPE, INITIALIZE, FakeFront, legacy

OF_BOTH_ERAS = pytest.mark.parametrize("era", ERAS, ids=[era.name for era in ERAS])


class Client:
    """Says something and hears all that is said to it."""

    def __init__(self, wire: ScriptedWire) -> None:
        self.wire = wire

    async def hear(self, *frames: object) -> list[Any]:
        for frame in frames:
            self.wire.bring_json(frame)
        await wait_all_tasks_blocked()
        return self.wire.take()


@asynccontextmanager
async def opened(era: Era, surface: McpSurface) -> AsyncIterator[Client]:
    """A client whose first request was answered, so that everything is known of it that will be."""
    client = Client(ScriptedWire())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(surface.serve, client.wire, Connection(id="c", project="default", agent="ada"))
        for step in era.opening:
            await client.hear(*step)  # type: ignore[misc]
        await client.hear(era.call("list_tasks", "first"))
        yield client
        nursery.cancel_scope.cancel()


def count_kernel(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods of all requests that the SDK's kernel serves from now on."""
    served: list[str] = []
    serve = ServerRunner._on_request

    async def counting(runner: Any, context: Any, method: str, params: Any) -> Any:
        served.append(method)
        return await serve(runner, context, method, params)

    monkeypatch.setattr(ServerRunner, "_on_request", counting)
    return served


class Immediate(FakeFront):
    """A front that answers posted calls where it stands, and counts the tasks of whoever posts."""

    def post(self, connection: Any, tool: str, arguments: Any, hear: Any) -> Any:
        self.called.append((connection, tool, arguments))
        hear({"done": True}, None)
        return lambda: None


@OF_BOTH_ERAS
async def test_a_plain_call_has_no_task_and_does_not_pass_the_kernel(era: Era, monkeypatch: pytest.MonkeyPatch) -> None:
    class Watching(trio.abc.Instrument):
        begun = 0

        def task_spawned(self, task: trio.lowlevel.Task) -> None:
            self.begun += 1

    served, watching = count_kernel(monkeypatch), Watching()
    async with opened(era, McpSurface(Immediate(), PROFILES)) as client:
        served.clear()
        trio.lowlevel.add_instrument(watching)
        client.wire.bring_json(era.call("list_tasks", 1, limit=1))
        client.wire.bring_json(era.ask("tools/call", {"name": "next_task", "arguments": {}}, 2, progressToken=5))
        await wait_all_tasks_blocked()
        trio.lowlevel.remove_instrument(watching)
        assert [each["result"]["structuredContent"] for each in client.wire.take()] == [{"done": True}] * 2
    assert (served, watching.begun) == ([], 0)


@OF_BOTH_ERAS
async def test_a_list_is_made_once_for_all_connections(era: Era, monkeypatch: pytest.MonkeyPatch) -> None:
    surface, served = McpSurface(FakeFront(), PROFILES), count_kernel(monkeypatch)
    for expected in (["tools/list"], []):
        async with opened(era, surface) as client:
            served.clear()
            first, again = await client.hear(era.ask("tools/list", None, 1)), await client.hear(era.ask("tools/list", {}, 1))
            assert first == again
            assert len(first[0]["result"]["tools"]) > 40
            assert served == expected


@OF_BOTH_ERAS
async def test_requests_that_come_at_once_leave_others_their_turn_between_them(era: Era, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the kernel does for one can take a millisecond, and a client may have thirty under way."""
    many, turns, served = 30, [], count_kernel(monkeypatch)
    async with opened(era, McpSurface(FakeFront(), PROFILES)) as client:
        served.clear()
        for number in range(many):
            client.wire.bring_json(era.ask("resources/templates/list", {"cursor": "x"}, number))
        while len(served) < many:
            turns.append(len(served))
            await trio.lowlevel.checkpoint()
    # Who comes first in a round is left to chance.
    assert all(after - earlier <= 2 for earlier, after in pairwise(turns))


async def test_a_list_is_another_for_each_profile() -> None:
    surface = McpSurface(FakeFront(), PROFILES)
    found = []
    for profile in ("full", "worker", "full"):
        wire = ScriptedWire()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(surface.serve, wire, Connection(id="c", project="default", profile=profile))
            found.append(len((await Client(wire).hear(MODERN.ask("tools/list")))[0]["result"]["tools"]))
            nursery.cancel_scope.cancel()
    assert found[0] == found[2] > found[1]


@OF_BOTH_ERAS
async def test_whoever_puts_something_into_the_registry_sees_every_call(era: Era) -> None:
    seen: list[str] = []

    async def watching(ctx: Context, call_next: Any) -> Any:
        seen.append(ctx.method)
        return await call_next(ctx)

    surface = McpSurface(FakeFront(), PROFILES)
    async with opened(era, surface) as client:
        await client.hear(era.ask("tools/list"))
        surface.server.middleware.append(watching)
        await client.hear(era.call("list_tasks"))
        await client.hear(era.ask("tools/list"))
        surface.server.middleware.clear()
        await client.hear(era.call("list_tasks"))
    assert seen == ["tools/call", "tools/list"]


@OF_BOTH_ERAS
async def test_a_handler_that_takes_the_place_of_ours_answers(era: Era) -> None:
    async def other(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        return types.CallToolResult(content=[types.TextContent(type="text", text="another")])

    surface = McpSurface(FakeFront(), PROFILES)
    async with opened(era, surface) as client:
        surface.server.add_request_handler("tools/call", types.CallToolRequestParams, other)
        (answer,) = await client.hear(era.call("list_tasks"))
    assert answer["result"]["content"][0]["text"] == "another"


@OF_BOTH_ERAS
async def test_what_others_did_not_foresee_is_answered_by_a_reference_and_not_in_its_own_words(era: Era) -> None:
    async def breaks(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        raise RuntimeError("the password is swordfish")

    listed = types.Tool(name="breaks", input_schema={"type": "object"})
    surface = McpSurface(FakeFront(), PROFILES, Offer(tools={"breaks": OfferedTool(listed=listed, answer=breaks)}))
    with structlog.testing.capture_logs() as logged:
        async with opened(era, surface) as client:
            (answer,) = await client.hear(era.call("breaks", 7))
    (entry,) = [each for each in logged if each["log_level"] == "error"]
    assert (answer["id"], answer["error"]["code"]) == (7, -32603)
    assert entry["reference"] in answer["error"]["message"]
    assert "swordfish" not in str(answer)
    assert "swordfish" in str(entry["exc_info"])


async def test_what_a_client_says_of_itself_is_checked_once_and_only_kept_when_it_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []
    version_for = Stateless.version_for

    def watched(kernel: Stateless, meta: Any) -> Any:
        found = version_for(kernel, meta)
        kept.append(kernel._good)
        return found

    monkeypatch.setattr(Stateless, "version_for", watched)
    async with opened(MODERN, McpSurface(FakeFront(), PROFILES)) as client:
        short = {"of the client": "x"}
        for more in (short, {"of the client": "x" * REMEMBERED_BYTES}, short):
            (answer,) = await client.hear(MODERN.ask("tools/call", {"name": "list_tasks", "arguments": {}}, 1, **more))
            assert "result" in answer
    assert kept == [{**ENVELOPE, **short}, None, {**ENVELOPE, **short}]


async def test_a_call_in_the_moment_before_the_handshake_is_refused_and_after_it_answered() -> None:
    wire = ScriptedWire()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(McpSurface(FakeFront(), PROFILES).serve, wire, Connection(id="c", project="default"))
        client = Client(wire)
        calls = [LEGACY.call("list_tasks", number) for number in range(3)]
        (refused,) = await client.hear(calls[0])
        assert refused["error"]["code"] == -32602
        handshake, first = await client.hear(legacy("initialize", INITIALIZE, "hello"), calls[1])
        assert "result" in handshake
        assert "result" in first
        nursery.cancel_scope.cancel()
