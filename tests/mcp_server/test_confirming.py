"""Confirming: what cannot be taken back waits for somebody to say that it is meant, in either era's way; and then it is done, once."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from attrs import fields
from mcp import Client
from mcp_types import ElicitResult
from trio.testing import MockClock

from taskactors.actors.arguments import Arguments
from taskactors.actors.tools import TOOLS, Tool
from taskactors.domain.errors import InvalidArguments
from taskactors.mcp_server.answers import REFUSAL_KEY
from taskactors.mcp_server.confirming import ANSWER_WITHIN_S
from tests.support.fake_front import ENVELOPE, INITIALIZE, FakeFront, Peer, connected, introduced, legacy, modern, serving
from tests.support.http_server import serving_http
from tests.support.in_memory_wire import in_memory

FORM: dict[str, Any] = {"elicitation": {"form": {}}}
URL_ONLY: dict[str, Any] = {"elicitation": {"url": {}}}
BEFORE_THERE_WERE_OTHERS: dict[str, Any] = {"elicitation": {}}
TASK = {"id": 1, "code": "T-1", "name": "a task", "state": "Archived", "rev": 3}
CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
ACCEPT, DECLINE, CANCEL = ({"action": action} for action in ("accept", "decline", "cancel"))

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning"),
]


def archiving(can: dict[str, Any] | None = None, said: object = None, number: int = 1, **arguments: Any) -> dict[str, Any]:
    """The call, in the newer era; with what the person answered when it comes back."""
    request = modern("tools/call", {"name": "archive_task", "arguments": {"code": "T-1", **arguments}}, number)
    request["params"]["_meta"] = {**ENVELOPE, CAPABILITIES: can or {}}
    return request if said is None else {**request, "params": {**request["params"], "inputResponses": {"confirm": said}}}


def legacy_archiving(**arguments: Any) -> dict[str, Any]:
    return legacy("tools/call", {"name": "archive_task", "arguments": {"code": "T-1", **arguments}}, 7)


def refusal(answer: Any) -> str:
    code: str = answer["result"]["_meta"][REFUSAL_KEY]["code"]
    return code


@asynccontextmanager
async def introduced_with(url: str, can: dict[str, Any]) -> AsyncIterator[Peer]:
    async with connected(url) as peer:
        await peer.ask(legacy("initialize", {**INITIALIZE, "capabilities": can}, "hello"))
        await peer.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        yield peer


async def test_one_who_says_that_it_is_meant_is_asked_nothing() -> None:
    front = FakeFront()
    async with serving(front) as (url, _), connected(url) as new, introduced_with(url, FORM) as old:
        for answer in (await new.ask(archiving(FORM, confirm=True)), await new.ask(archiving(confirm=True))):
            assert answer["result"]["isError"] is False
        assert (await old.ask(legacy_archiving(confirm=True)))["result"]["isError"] is False
    assert [arguments for _, _, arguments in front.called] == [{"code": "T-1", "confirm": True}] * 3


@pytest.mark.parametrize("can", [{}, URL_ONLY, {"sampling": {}}])
async def test_where_nobody_can_be_asked_the_caller_is_told_what_to_say_and_nothing_is_done(can: dict[str, Any]) -> None:
    front = FakeFront()
    async with serving(front) as (url, _), connected(url) as new, introduced_with(url, can) as old:
        for answer in (
            await new.ask(archiving(can)),
            await new.ask(archiving(can, ACCEPT, confirm=False)),
            await old.ask(legacy_archiving(confirm=None)),
        ):
            assert refusal(answer) == "not_confirmed"
            assert "confirm: true" in answer["result"]["content"][0]["text"]
    assert front.called == []


@pytest.mark.parametrize("can", [FORM, BEFORE_THERE_WERE_OTHERS, {"elicitation": {"form": {}, "url": {}}}])
async def test_in_the_newer_era_the_question_comes_back_and_the_call_returns_with_the_answer(can: dict[str, Any]) -> None:
    front = FakeFront()
    async with serving(front) as (url, _), connected(url) as peer:
        asked = (await peer.ask(archiving(can)))["result"]
        question = asked["inputRequests"]["confirm"]
        assert (asked["resultType"], question["method"], question["params"]["mode"]) == ("input_required", "elicitation/create", "form")
        assert "T-1" in question["params"]["message"]
        assert question["params"]["requestedSchema"] == {"type": "object", "properties": {}}
        assert front.called == []
        assert (await peer.ask(archiving(can, ACCEPT)))["result"]["isError"] is False
    assert [arguments for _, _, arguments in front.called] == [{"code": "T-1", "confirm": True}]


@pytest.mark.parametrize("said", [DECLINE, CANCEL, {"roots": []}])
async def test_a_no_is_a_refusal_that_changes_nothing_in_both_eras(said: dict[str, Any]) -> None:
    front = FakeFront()
    async with serving(front) as (url, _), connected(url) as new, introduced_with(url, FORM) as old:
        answer = await new.ask(archiving(FORM, said))
        assert (refusal(answer), "did not agree" in answer["result"]["content"][0]["text"]) == ("not_confirmed", True)
        question = await old.ask(legacy_archiving())
        said_in_full = said if "action" in said else {"action": "decline"}
        answer = await old.ask({"jsonrpc": "2.0", "id": question["id"], "result": said_in_full})
        assert (answer["id"], refusal(answer)) == (7, "not_confirmed")
    assert front.called == []


async def test_in_the_older_era_the_client_is_asked_while_the_call_is_under_way_and_others_go_on() -> None:
    front = FakeFront()
    async with serving(front) as (url, _), introduced_with(url, BEFORE_THERE_WERE_OTHERS) as peer:
        question = await peer.ask(legacy_archiving())
        assert (question["method"], "T-1" in question["params"]["message"]) == ("elicitation/create", True)
        assert (await peer.ask(legacy("tools/call", {"name": "list_tasks", "arguments": {}}, 8)))["id"] == 8
        answer = await peer.ask({"jsonrpc": "2.0", "id": question["id"], "result": ACCEPT})
        assert (answer["id"], answer["result"]["isError"]) == (7, False)
    assert [tool for _, tool, _ in front.called] == ["list_tasks", "archive_task"]


async def test_a_client_that_answers_with_an_error_has_not_agreed_and_one_that_leaves_has_not_either() -> None:
    front = FakeFront()
    async with serving(front) as (url, _):
        async with introduced_with(url, FORM) as peer:
            question = await peer.ask(legacy_archiving())
            failed = {"jsonrpc": "2.0", "id": question["id"], "error": {"code": -32603, "message": "no window"}}
            assert refusal(await peer.ask(failed)) == "not_confirmed"
            await peer.ask(legacy_archiving())
        await front.until(lambda front: front.closing)
    assert front.called == []


async def test_a_person_who_says_nothing_has_not_agreed_when_their_time_is_up(autojump_clock: MockClock) -> None:
    front = FakeFront()
    async with in_memory(front) as wire:
        await wire.say(legacy("initialize", {**INITIALIZE, "capabilities": FORM}, "hello"))
        await wire.heard()
        await wire.say({"jsonrpc": "2.0", "method": "notifications/initialized"})
        began = trio.current_time()
        await wire.say(legacy_archiving())
        (question,) = await wire.heard()
        assert question["method"] == "elicitation/create"
        *_, answer = await wire.heard()
        assert refusal(answer) == "not_confirmed"
        assert trio.current_time() - began == pytest.approx(ANSWER_WITHIN_S)
    assert front.called == []


async def test_what_archives_by_another_name_asks_too_and_other_moves_do_not() -> None:
    front = FakeFront()

    def moving(state: str, number: int, **more: Any) -> dict[str, Any]:
        arguments = {"code": "T-1", "state": state, **more}
        return modern("tools/call", {"name": "set_task_state", "arguments": arguments}, number)

    async with serving(front) as (url, _), connected(url) as peer:
        assert refusal(await peer.ask(moving("Archived", 1))) == "not_confirmed"
        for answer in (await peer.ask(moving("Archived", 2, confirm=True)), await peer.ask(moving("Done", 3))):
            assert answer["result"]["isError"] is False
    assert [arguments["state"] for _, _, arguments in front.called] == ["Archived", "Done"]


@pytest.mark.parametrize("state", ["archived", "ARCHIVED", " Archived", ["Archived"]])
def test_no_other_way_to_write_the_state_slips_past_the_question(state: object) -> None:
    with pytest.raises(InvalidArguments):
        Arguments(TOOLS["set_task_state"].request).structure({"code": "T-1", "state": state}, "set_task_state")


@pytest.mark.parametrize("arguments", [{"code": "A" * 21}, {"code": None}, {"confirm": "yes"}, {"when": "now"}])
async def test_a_call_that_is_wrong_is_refused_for_that_before_anybody_is_asked(arguments: dict[str, Any]) -> None:
    front = FakeFront()
    async with serving(front) as (url, _), connected(url) as peer:
        assert refusal(await peer.ask(archiving(FORM, **arguments))) == "invalid_arguments"
    assert front.called == []


async def test_a_person_is_shown_nothing_that_commands_their_terminal() -> None:
    async with serving(FakeFront()) as (url, _), connected(url) as peer:
        question = (await peer.ask(archiving(FORM, code="T\x1b[2J\u202e1\n")))["result"]["inputRequests"]["confirm"]
    assert question["params"]["message"].isprintable()


async def test_clients_of_older_servers_tools_need_not_know_of_it() -> None:
    front = FakeFront()
    async with serving(front) as (url, _), connected(f"{url}?tools=axon") as new, introduced(f"{url}?tools=axon") as old:
        assert (await new.ask(archiving(FORM)))["result"]["isError"] is False
        assert (await old.ask(legacy_archiving()))["result"]["isError"] is False
    assert len(front.called) == 2


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_a_client_over_http_that_asks_its_person_never_notices_how(mode: Any) -> None:
    async def archive(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return TASK

    front, asked = FakeFront({"archive_task": archive}), list[str]()

    async def answer(context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept" if len(asked) == 1 else "decline")

    async with serving_http(front) as (url, _, _), Client(f"{url}/mcp", mode=mode, elicitation_callback=answer) as client:
        assert not (await client.call_tool("archive_task", {"code": "T-1"})).is_error
        assert (await client.call_tool("archive_task", {"code": "T-2"})).is_error
    assert ["T-1" in asked[0], "T-2" in asked[1]] == [True, True]
    assert [arguments for _, _, arguments in front.called] == [{"code": "T-1", "confirm": True}]


@pytest.mark.parametrize("tool", [tool for tool in TOOLS.values() if tool.question], ids=lambda tool: tool.name)
def test_every_tool_that_asks_is_one_that_destroys_and_takes_the_answer(tool: Tool) -> None:
    # One that asks only now and then is no destructive tool to clients, which would warn of its every call.
    assert tool.destructive is not bool(tool.asked_when)
    assert {"confirm", "id", "code", *tool.asked_when} <= {each.name for each in fields(tool.request)}
    # It is compared as it comes in.
    assert not tool.asked_when.keys() & set(tool.request.spellings.values())
    assert "T-1" in tool.question.format(task="T-1")
