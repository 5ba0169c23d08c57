"""Calls: what a tool answers or refuses reaches its caller whole, once, and nobody else; what ends early ends everywhere."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import structlog.testing
import trio
from mcp import Client

from taskactors.actors.arguments import Arguments
from taskactors.actors.calls import UnknownTool
from taskactors.actors.refusals import Overloaded
from taskactors.actors.tools import TOOLS
from taskactors.domain.errors import NotClaimable
from taskactors.domain.task import State
from taskactors.mcp_server.answers import REFUSAL_KEY
from taskactors.mcp_server.connection import IN_FLIGHT_LIMIT, RETRY_AFTER_MS, TOO_MANY
from taskactors.transports.websocket_client import WebSocketTransport
from tests.support.fake_front import FakeFront, Held, calling, connected, introduced, legacy, modern, serving

ERAS = ["legacy", "2026-07-28", "auto"]


def raising(error: Exception) -> Any:
    async def answer(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        raise error

    return answer


def has_taken(calls: int) -> Callable[[FakeFront], bool]:
    return lambda front: len(front.called) == calls


def cancelling(number: int | str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}


@pytest.mark.parametrize("mode", ERAS)
async def test_an_answer_comes_twice_and_each_stands_alone(mode: str) -> None:
    answer = {"status": "grün ✓", "database": True, "protocol": True, "timestamp": "now", "version": "1"}

    async def healthy(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return answer

    async with serving(FakeFront({"health_check": healthy})) as (url, _), Client(WebSocketTransport(url), mode=mode) as client:
        result = await client.call_tool("health_check", {})
    assert result.structured_content == answer
    [block] = result.content
    assert block.type == "text"
    assert block.text == '{"status":"grün ✓","database":true,"protocol":true,"timestamp":"now","version":"1"}'
    assert not result.is_error


async def test_a_call_reaches_the_front_with_its_connection() -> None:
    front = FakeFront()
    async with serving(front) as (url, _), connected(f"{url}/team-7?agent=ada") as peer:
        await peer.request("tools/call", {"name": "health_check", "arguments": {"a": 1}})
        [(connection, tool, arguments)] = front.called
    assert (connection.project, connection.agent, connection.operator) == ("team-7", "ada", False)
    assert (tool, arguments) == ("health_check", {"a": 1})
    assert front.opening == front.closing == [connection]


@pytest.mark.parametrize("mode", ERAS)
async def test_a_refusal_says_why_and_what_to_do_and_is_no_answer(mode: str) -> None:
    refusal = NotClaimable(task="T-1", state=State.IN_PROGRESS, holder="bob")
    front = FakeFront({"claim_task": raising(refusal)})
    async with serving(front) as (url, _), Client(WebSocketTransport(url), mode=mode) as client:
        result = await client.call_tool("claim_task", {"code": "T-1"})
    assert result.is_error
    assert result.structured_content is None
    [block] = result.content
    assert block.type == "text"
    assert block.text.startswith("not_claimable: T-1 is InProgress and held by bob")
    assert "discover_work" in block.text
    assert result.meta is not None
    assert result.meta[REFUSAL_KEY]["code"] == "not_claimable"
    assert result.meta[REFUSAL_KEY]["facts"] == {"task": "T-1", "state": "InProgress", "holder": "bob"}


async def test_arguments_that_break_the_schema_are_a_result_that_names_each() -> None:
    async def structured(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"request": str(Arguments(TOOLS["create_task"].request).structure(arguments, "create_task"))}

    async with serving(FakeFront({"create_task": structured})) as (url, _), connected(url) as peer:
        result = (await peer.ask(calling("create_task", {"nme": 1, "code": 5, "description": "\ud83d"})))["result"]
    assert result["isError"]
    text = result["content"][0]["text"]
    assert all(said in text for said in ("nme: there is no such argument", "did you mean name?", "name: is required", "code: must be"))
    assert "description: is no valid text" in text


async def test_a_bug_is_answered_with_a_reference_to_the_log_and_nothing_of_its_own() -> None:
    front = FakeFront({"health_check": raising(RuntimeError("the password is swordfish"))})
    with structlog.testing.capture_logs() as logged:
        async with serving(front) as (url, _), introduced(url) as peer:
            reply = await peer.ask(legacy("tools/call", {"name": "health_check"}, 2))
    text = reply["result"]["content"][0]["text"]
    assert reply["result"]["isError"]
    assert "swordfish" not in json.dumps(reply)
    [entry] = [entry for entry in logged if entry["log_level"] == "error"]
    assert entry["reference"] in text
    assert "swordfish" in str(entry["exc_info"])


async def test_an_answer_that_cannot_be_written_is_a_bug_of_ours_and_costs_one_call() -> None:
    async def unwritable(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"x": object()}

    front = FakeFront({"health_check": unwritable})
    with structlog.testing.capture_logs():
        async with serving(front) as (url, _), connected(url) as peer:
            assert (await peer.ask(calling("health_check")))["result"]["isError"]
            assert "result" in await peer.ask(modern("tools/list"))


async def test_a_tool_that_the_front_does_not_know_is_a_protocol_error() -> None:
    front = FakeFront({"health_check": raising(UnknownTool("health_check"))})
    async with serving(front) as (url, _), connected(url) as peer:
        assert (await peer.ask(calling("health_check")))["error"]["code"] == -32602


async def test_an_overloaded_desk_is_a_result_that_says_when_to_come_back() -> None:
    front = FakeFront({"health_check": raising(Overloaded(desk="backend", retry_after_ms=250))})
    async with serving(front) as (url, _), connected(url) as peer:
        result = (await peer.ask(calling("health_check")))["result"]
    assert result["isError"]
    assert "250 ms" in result["content"][0]["text"]


async def test_as_many_calls_as_the_limit_are_taken_and_one_more_is_told_to_come_back() -> None:
    held = Held()
    front = FakeFront({"list_tasks": held})
    async with serving(front) as (url, _), connected(url) as peer:
        for number in range(IN_FLIGHT_LIMIT):
            await peer.send(calling("list_tasks", number=number))
        await front.until(has_taken(IN_FLIGHT_LIMIT))
        refused = await peer.ask(calling("list_tasks", number="over"))
        assert refused["id"] == "over"
        assert (refused["error"]["code"], refused["error"]["data"]) == (TOO_MANY, {"retry_after_ms": RETRY_AFTER_MS})
        held.released.set()
        assert {(await peer.next())["id"] for _ in range(IN_FLIGHT_LIMIT)} == set(range(IN_FLIGHT_LIMIT))
        assert "result" in await peer.ask(calling("health_check", number="over"))
    assert len(front.called) == IN_FLIGHT_LIMIT + 1


@pytest.mark.parametrize(("first", "second"), [(1, 1), ("a", "a"), (7, "7"), ("8", 8)])
async def test_an_id_that_is_under_way_is_not_taken_again(first: int | str, second: int | str) -> None:
    held = Held()
    front = FakeFront({"list_tasks": held})
    async with serving(front) as (url, _), connected(url) as peer:
        await peer.send(calling("list_tasks", number=first))
        await held.begun.wait()
        refused = await peer.ask(calling("health_check", number=second))
        assert (refused["id"], refused["error"]["code"]) == (second, -32600)
        held.released.set()
        assert (await peer.next())["result"]["structuredContent"] == {"released": True}
        assert "result" in await peer.ask(calling("health_check", number=second))
    assert len(front.called) == 2


@pytest.mark.parametrize("era", [connected, introduced])
async def test_a_cancelled_call_is_cancelled_and_never_answered(era: Any) -> None:
    held = Held()
    front = FakeFront({"list_tasks": held})
    async with serving(front) as (url, _), era(url) as peer:
        call = calling("list_tasks", number=5) if era is connected else legacy("tools/call", {"name": "list_tasks"}, 5)
        await peer.send(call)
        await held.begun.wait()
        await peer.send(cancelling(5))
        with trio.fail_after(5):
            await held.cancelled.wait()
        after = calling("health_check", number=6) if era is connected else legacy("ping", number=6)
        assert (await peer.ask(after))["id"] == 6


async def test_cancelled_calls_give_their_places_back() -> None:
    held = Held()
    front = FakeFront({"list_tasks": held})
    async with serving(front) as (url, _), connected(url) as peer:
        for round_ in range(3):
            for number in range(IN_FLIGHT_LIMIT):
                await peer.send(calling("list_tasks", number=f"{round_}-{number}"))
            await front.until(has_taken(IN_FLIGHT_LIMIT * (round_ + 1)))
            for number in range(IN_FLIGHT_LIMIT):
                await peer.send(cancelling(f"{round_}-{number}"))
            assert "result" in await peer.ask(modern("tools/list", number=round_))


async def test_a_call_whose_change_was_made_before_its_cancellation_came_keeps_its_change() -> None:
    """The front decides what a cancellation can still stop; what it shields goes on to its end, and only the answer is dropped."""
    made = trio.Event()
    begun = trio.Event()

    async def commits(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        with trio.CancelScope(shield=True):
            begun.set()
            await trio.lowlevel.checkpoint()
            made.set()
        return {"made": True}

    async with serving(FakeFront({"create_task": commits})) as (url, _), connected(url) as peer:
        await peer.send(calling("create_task", number=1))
        await begun.wait()
        await peer.send(cancelling(1))
        reply = await peer.ask(calling("health_check", number=2))
        assert made.is_set()
        assert reply["id"] in (1, 2)  # the answer may have been on its way already; it is never another


async def test_a_client_that_leaves_in_the_middle_ends_its_calls_and_is_told_of_once() -> None:
    held = Held()
    front = FakeFront({"list_tasks": held})
    async with serving(front) as (url, _):
        async with connected(url) as peer:
            await peer.send(calling("list_tasks"))
            await held.begun.wait()
        with trio.fail_after(5):
            await held.cancelled.wait()
        await front.until(lambda front: front.closing)
        assert front.closing == front.opening


async def test_a_client_that_is_cut_off_in_the_middle_ends_its_calls() -> None:
    held = Held()
    front = FakeFront({"list_tasks": held})
    async with serving(front) as (url, _), connected(url) as peer:
        await peer.send(calling("list_tasks"))
        await held.begun.wait()
        await trio.aclose_forcefully(peer.socket._stream)
        with trio.fail_after(5):
            await held.cancelled.wait()
        await front.until(lambda front: front.closing)


async def test_a_client_that_leaves_without_a_word_is_opened_and_closed() -> None:
    front = FakeFront()
    async with serving(front) as (url, _):
        async with connected(url):
            await front.until(lambda front: front.opening)
        await front.until(lambda front: front.closing)
        assert front.closing == front.opening


async def test_connections_never_get_each_others_answers() -> None:
    front = FakeFront()
    async with serving(front) as (url, _):

        async def talk(name: str) -> None:
            async with connected(f"{url}?agent={name}") as peer:
                for number in range(30):
                    reply = await peer.ask(calling("health_check", {"from": name, "number": number}, number))
                    assert (reply["id"], reply["result"]["structuredContent"]) == (number, {"from": name, "number": number})

        async with trio.open_nursery() as nursery:
            for each in range(8):
                nursery.start_soon(talk, f"agent-{each}")
    assert all(arguments["from"] == connection.agent for connection, _, arguments in front.called)


async def test_answers_come_whole_while_many_calls_are_cancelled() -> None:
    """A cancelled call must never leave half a frame behind: every frame that comes is one whole message."""
    long = "x" * 100_000

    async def at_length(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        await trio.lowlevel.checkpoint()
        return {"text": long}

    async with serving(FakeFront({"list_tasks": at_length})) as (url, _), connected(url) as peer:
        answered = set()
        for number in range(60):
            await peer.send(calling("list_tasks", number=number))
            if number % 2:
                await peer.send(cancelling(number))
            elif number % 10 == 0:
                answered.add((await peer.next())["id"])
        await peer.send(calling("health_check", number="end"))
        while (reply := await peer.next())["id"] != "end":
            assert "error" in reply or reply["result"]["structuredContent"] == {"text": long}
            answered.add(reply["id"])
        assert answered <= set(range(60))


async def test_nothing_that_clients_do_wrong_reaches_the_error_output(capfd: pytest.CaptureFixture[str]) -> None:
    front = FakeFront({"list_tasks": Held()})
    async with serving(front) as (url, _):
        async with connected(url) as peer:
            frames: tuple[object, ...] = ("{", [], calling("nope"), modern("nope"), calling("list_tasks", number=3), cancelling(3))
            for frame in frames:
                await peer.send(frame)
            await peer.send(calling("list_tasks", {"last": True}, 4))
            await front.until(lambda front: front.called and front.called[-1][2] == {"last": True})
            await trio.aclose_forcefully(peer.socket._stream)
            await front.until(lambda front: front.closing)
        async with introduced(url) as peer:
            await peer.ask(modern("tools/list"))
            await peer.ask(legacy("nope", number=2))
    said = capfd.readouterr()
    assert "Traceback" not in said.err + said.out
    assert said.err == ""


async def test_every_answer_and_every_refusal_carries_what_is_pending_and_nothing_when_nothing_is() -> None:
    front = FakeFront({"claim_task": raising(NotClaimable(task="T-1", state=State.REVIEW))})
    async with serving(front) as (url, _), connected(f"{url}?agent=ada") as peer:
        quiet = await peer.ask(calling("list_tasks", {"limit": 1}))
        front.pending["unread"] = 3
        told = await peer.ask(calling("list_tasks", {"limit": 1}))
        refused = await peer.ask(calling("claim_task", {"code": "T-1"}))
    assert quiet["result"]["structuredContent"] == {"limit": 1}
    assert told["result"]["structuredContent"] == {"limit": 1, "notices": {"unread": 3}}
    assert json.loads(told["result"]["content"][0]["text"]) == told["result"]["structuredContent"]
    assert refused["result"]["content"][0]["text"].endswith('\n{"notices":{"unread":3}}')
