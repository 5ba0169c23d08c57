"""HTTP: who may speak to it, plain JSON-RPC in the shapes that scripts know, whether all is well, and MCP in both eras."""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
import trio
from mcp import Client

from taskactors.actors.calls import UnknownTool
from taskactors.actors.depth import DEPTH_LIMIT
from taskactors.actors.wellbeing import Condition, Whereabouts
from taskactors.domain.errors import DuplicateCode, InvalidArguments, InvalidTransition, NotClaimable, NotFound, NotHolder, Refusal
from taskactors.domain.task import State
from taskactors.domain.token import Token
from taskactors.transports.admission import Admission
from taskactors.transports.asgi import BODY_BYTES
from tests.support.fake_front import FakeFront, Held
from tests.support.http_server import JSON, called, posted, serving_http
from tests.support.raw_http import request

ERAS = ["legacy", "2026-07-28"]

# The SDK's client leaves its response streams to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning"),
]


def raising(error: Exception) -> Any:
    async def answer(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        raise error

    return answer


def answering(answer: Mapping[str, Any]) -> Any:
    async def given(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return answer

    return given


# who may speak to it


PATHS = ("/rpc", "/mcp", "/health", "/nothing", "/rpc/team-7", "/")
METHODS = ("GET", "POST", "OPTIONS", "DELETE")


@pytest.mark.parametrize(
    ("header", "status"), [({"origin": "http://evil.example"}, 403), ({"origin": "null"}, 403), ({"host": "evil.example"}, 421)]
)
async def test_a_page_of_another_origin_and_another_host_are_turned_away_at_every_path(header: dict[str, str], status: int) -> None:
    front = FakeFront()
    async with serving_http(front) as (url, _, _), httpx2.AsyncClient() as client:
        for path, method in itertools.product(PATHS, METHODS):
            reply = await client.request(method, url + path, headers={"content-type": "application/json", **header}, content=b"{}")
            assert reply.status_code == status
            assert "access-control-allow-origin" not in reply.headers
    assert front.called == []


async def test_the_servers_own_origin_is_let_in_under_each_of_its_names_and_no_other_that_looks_like_it() -> None:
    request = b'{"jsonrpc":"2.0","id":1,"method":"list_tasks"}'
    async with serving_http(FakeFront()) as (url, _, _):
        port = url.rsplit(":", 1)[1]
        for name in ("127.0.0.1", "localhost"):
            ours = {**JSON, "host": f"{name}:{port}"}
            assert (await posted(f"{url}/rpc", request, {**ours, "origin": f"http://{name}:{port}"})).status_code == 200
            for other in (f"https://{name}:{port}", f"http://{name}:1", f"http://{name}", f"http://{name}:{port}/", f"http://[::1]:{port}"):
                assert (await posted(f"{url}/rpc", request, {**ours, "origin": other})).status_code == 403
        rebound = {**JSON, "host": f"evil.example:{port}", "origin": f"http://evil.example:{port}"}
        assert (await posted(f"{url}/rpc", request, rebound)).status_code == 421


async def test_path_query_and_header_say_project_and_agent() -> None:
    front = FakeFront()
    request = b'{"jsonrpc":"2.0","id":1,"method":"list_tasks"}'
    kind = {"content-type": "application/json"}
    async with serving_http(front) as (url, _, _):
        await posted(f"{url}/rpc", request, kind)
        await posted(f"{url}/rpc/team-7?agent=ada", request, kind)
        await posted(f"{url}/rpc/team-7", request, {**kind, "X-Taskactors-Agent": "bob"})
        assert [(each.project, each.agent, each.operator) for each, _, _ in front.called] == [
            ("default", None, False),
            ("team-7", "ada", False),
            ("team-7", "bob", False),
        ]
        for target, header in (("/rpc?agent=a&agent=b", {}), ("/rpc?agent=ada", {"X-Taskactors-Agent": "bob"}), ("/rpc?agent=all", {})):
            assert (await posted(url + target, request, {**kind, **header})).status_code == 400
        assert (await posted(f"{url}/rpc/UPPER", request, kind)).status_code == 404
    assert len(front.called) == 3


# plain JSON-RPC


async def test_older_servers_methods_answer_bare_and_ours_as_they_are() -> None:
    front = FakeFront(
        {
            "list_tasks": answering({"items": [{"id": 1}], "next_cursor": "x"}),
            "get_task_messages": answering({"items": []}),
            "end_work_session": answering({"session_id": 1}),
            "get_task_by_code": raising(NotFound(kind="task", named="T-1")),
            "get_changes": answering({"items": [], "next_cursor": "y"}),
        }
    )
    front.pending["unread"] = 3
    async with serving_http(front) as (url, _, _):
        assert (await called(url, "create_task", {"code": "T-1"}))["result"] == {"code": "T-1"}
        assert (await called(url, "list_tasks"))["result"] == [{"id": 1}]
        assert (await called(url, "get_task_messages", {}))["result"] == []
        assert (await called(url, "end_work_session", {"session_id": 1}))["result"] is None
        assert (await called(url, "get_task_by_code", {"code": "T-1"}))["result"] is None
        assert (await called(url, "get_changes", None, "a"))["result"] == {"items": [], "next_cursor": "y"}


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (NotFound(kind="task", named="T-1"), -32001),
        (NotHolder(task="T-1", caller="ada"), -32002),
        (DuplicateCode(task="T-1"), -32003),
        (InvalidTransition(task="T-1", state=State.DONE, to=State.REVIEW, allowed=()), -32004),
        (NotClaimable(task="T-1", state=State.DONE), -32004),
        (InvalidArguments(tool="claim_task", problems=("id: is required",)), -32007),
    ],
)
async def test_a_refusal_has_the_code_that_scripts_know_and_says_more_in_its_data(refusal: Refusal, code: int) -> None:
    async with serving_http(FakeFront({"claim_task": raising(refusal)})) as (url, _, _):
        error = (await called(url, "claim_task", {}))["error"]
    assert (error["code"], error["message"]) == (code, refusal.cause())
    assert (error["data"]["code"], error["data"]["remedy"]) == (refusal.code, refusal.remedy())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", -32700),
        (b"", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"list_tasks"}]', -32600),
        (b'{"id":1}', -32600),
        (b'{"id":1,"method":7}', -32600),
        (b'{"id":true,"method":"list_tasks"}', -32600),
        (b'{"id":{},"method":"list_tasks"}', -32600),
        (b'{"id":1,"method":"list_tasks","params":[1]}', -32602),
    ],
)
async def test_what_is_no_request_is_said_to_be_none(body: bytes, code: int) -> None:
    front = FakeFront()
    async with serving_http(front) as (url, _, _):
        assert (await posted(f"{url}/rpc", body)).json()["error"]["code"] == code
    assert front.called == []


async def test_an_unknown_method_is_named_and_a_bug_is_answered_by_reference() -> None:
    front = FakeFront({"nope": raising(UnknownTool("nope")), "list_tasks": raising(ValueError("a secret"))})
    async with serving_http(front) as (url, _, _):
        assert (await called(url, "nope"))["error"] == {"code": -32601, "message": "Unknown method: nope"}
        error = (await called(url, "list_tasks"))["error"]
    assert (error["code"], error["data"]["code"], "secret" in json.dumps(error)) == (-32006, "internal", False)


async def test_a_notification_is_done_and_not_answered() -> None:
    front = FakeFront()
    async with serving_http(front) as (url, _, _):
        reply = await posted(f"{url}/rpc", b'{"jsonrpc":"2.0","method":"list_tasks"}')
    assert (reply.status_code, reply.content, len(front.called)) == (202, b"", 1)


async def test_a_client_that_leaves_ends_the_call_that_nobody_waits_for_any_more() -> None:
    held = Held()
    async with serving_http(FakeFront({"next_task": held})) as (url, _, _):
        port = int(url.rsplit(":", 1)[1])
        body = b'{"jsonrpc":"2.0","id":1,"method":"next_task","params":{"wait_s":40}}'
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.send_all(request("POST", "/rpc", [("Host", "localhost"), ("Content-Type", "application/json")], body))
        with trio.fail_after(5):
            await held.begun.wait()
            await stream.aclose()
            await held.cancelled.wait()


async def test_whoever_asks_for_whole_answers_gets_no_method_s_own_shape() -> None:
    front = FakeFront(
        {
            "list_tasks": answering({"items": [{"id": 1}], "next_cursor": "x"}),
            "end_work_session": answering({"session_id": 1}),
            "get_task_by_code": raising(NotFound(kind="task", named="T-1")),
        }
    )
    async with serving_http(front) as (url, _, _), httpx2.AsyncClient(headers={"x-taskactors-answers": "whole"}) as client:

        async def answer(method: str) -> Any:
            return (await client.post(f"{url}/rpc", json={"jsonrpc": "2.0", "id": 1, "method": method})).json()

        assert (await answer("list_tasks"))["result"] == {"items": [{"id": 1}], "next_cursor": "x"}
        assert (await answer("end_work_session"))["result"] == {"session_id": 1}
        assert (await answer("get_task_by_code"))["error"]["data"]["code"] == "not_found"


async def test_only_json_that_is_said_to_be_json_is_taken_and_only_by_post() -> None:
    front = FakeFront()
    request = b'{"jsonrpc":"2.0","id":1,"method":"list_tasks"}'
    async with serving_http(front) as (url, _, _), httpx2.AsyncClient() as client:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"):
            assert (await posted(f"{url}/rpc", request, {"content-type": kind})).status_code == 415
        assert (await posted(f"{url}/rpc", request, {"content-type": "Application/JSON; charset=utf-8"})).status_code == 200
        assert (await client.get(f"{url}/rpc")).status_code == 405
    assert len(front.called) == 1


async def test_a_body_is_as_large_as_allowed_and_not_one_byte_more() -> None:
    front = FakeFront()
    head, tail = b'{"jsonrpc":"2.0","id":1,"method":"list_tasks","params":{"a":"', b'"}}'
    largest = head + b"x" * (BODY_BYTES - len(head) - len(tail)) + tail
    async with serving_http(front) as (url, _, _):
        assert (await posted(f"{url}/rpc", largest)).status_code == 200
        assert (await posted(f"{url}/rpc", largest + b" ")).status_code == 413
    assert len(front.called) == 1


def nested(levels: int) -> bytes:
    """A request that is nested so deep, itself and its params included."""
    return b'{"jsonrpc":"2.0","id":1,"method":"claim_task","params":{"a":' + b"[" * (levels - 2) + b"]" * (levels - 2) + b"}}"


async def test_a_request_is_nested_as_deep_as_allowed_and_not_one_level_more() -> None:
    front = FakeFront()
    async with serving_http(front) as (url, _, _):
        assert "result" in (await posted(f"{url}/rpc", nested(DEPTH_LIMIT))).json()
        error = (await posted(f"{url}/rpc", nested(DEPTH_LIMIT + 1))).json()["error"]
    assert (error["code"], str(DEPTH_LIMIT) in error["message"]) == (-32600, True)
    assert len(front.called) == 1


# whether all is well


WELL, OFF = Condition(whereabouts=Whereabouts.OPEN, last_commit_at=0), Condition(whereabouts=Whereabouts.RESTING)
RED = Condition(whereabouts=Whereabouts.FAILED, why=("the head is torn",))


async def test_health_is_green_only_while_every_project_is_well() -> None:
    front = FakeFront()
    async with serving_http(front) as (url, _, _), httpx2.AsyncClient() as client:
        front.conditions |= {"default": WELL, "web": OFF}
        green = await client.get(f"{url}/health")
        assert (green.status_code, green.json()["status"]) == (200, "healthy")
        front.conditions["web"] = RED
        red = await client.get(f"{url}/health")
        assert (red.status_code, red.json()["status"]) == (503, "unhealthy")
        assert red.json()["projects"] == {
            "default": {"status": "healthy", "project": "open", "last_commit_at": "1970-01-01T00:00:00.000Z"},
            "web": {"status": "unhealthy", "project": "failed", "why": ["the head is torn"]},
        }
        found = [(await client.get(f"{url}/health/{name}")).status_code for name in ("default", "web", "nobodys")]
        assert found == [200, 503, 404]
    assert front.called == [], "to ask whether all is well is no call of anybody's"


async def test_health_names_a_project_to_those_who_may_know_of_it_and_to_nobody_else() -> None:
    tokens = {"ours": token(None), "of-web": token(("web",)), "of-api": token(("api",))}
    front = FakeFront(conditions={"web": RED, "api": WELL})
    async with serving_http(front, Admission(holder=tokens.get)) as (url, _, _), httpx2.AsyncClient() as client:

        async def asked(path: str, secret: str | None) -> tuple[int, Any]:
            reply = await client.get(url + path, headers={"authorization": f"Bearer {secret}"} if secret else {})
            return reply.status_code, reply.json().get("projects", "none") if path == "/health" else None

        assert [await asked("/health", secret) for secret in (None, "wrong")] == [(503, "none")] * 2
        assert {secret: set((await asked("/health", secret))[1]) for secret in tokens} == {
            "ours": {"web", "api"},
            "of-web": {"web"},
            "of-api": {"api"},
        }
        found = [(await asked("/health/web", secret))[0] for secret in (None, "wrong", "of-api", "of-web", "ours")]
        assert found == [401, 401, 403, 503, 503]
        assert (await asked("/health/nobodys", None))[0] == 401


def token(projects: tuple[str, ...] | None) -> Token:
    return Token(id="t", name="ada", digest="d", created_at=0, projects=projects)


# MCP


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_calls_reads_and_is_refused(era: str) -> None:
    front = FakeFront({"claim_task": raising(NotClaimable(task="T-1", state=State.DONE))})
    front.pending["unread"] = 2
    async with serving_http(front) as (url, _, _), Client(f"{url}/mcp/team-7?agent=ada&tools=worker", mode=era) as client:
        assert len((await client.list_tools()).tools) == 16
        result = await client.call_tool("list_tasks", {"limit": 1})
        assert result.structured_content == {"limit": 1, "notices": {"unread": 2}}
        assert (await client.call_tool("claim_task", {"code": "T-1"})).is_error
        read = (await client.read_resource("taskactors://tasks/T-1")).contents[0]
        assert json.loads(read.text) == {"code": "T-1"}  # type: ignore[union-attr]
    assert {(each.project, each.agent) for each, _, _ in front.called} == {("team-7", "ada")}


async def test_a_modern_client_listens_and_the_stream_ends_with_the_server() -> None:
    front = FakeFront()
    async with (
        serving_http(front) as (url, _, over_http),
        Client(f"{url}/mcp?agent=ada", mode="2026-07-28") as client,
        client.listen(resource_subscriptions=["taskactors://inbox"]) as changes,
    ):
        front.listeners.hear(frozenset({"inbox/ada"}))
        async for change in changes:
            assert change.uri == "taskactors://inbox"  # type: ignore[union-attr]
            break
        over_http.wind_down()
        with trio.fail_after(5):
            assert [each async for each in changes] == []


async def test_a_client_of_the_older_era_is_told_on_its_standing_stream() -> None:
    front, told = FakeFront(), trio.Event()

    async def hear(message: Any) -> None:
        if getattr(message, "method", None) == "notifications/resources/updated":
            told.set()

    async with serving_http(front) as (url, _, _):
        async with Client(f"{url}/mcp?agent=ada", mode="legacy", message_handler=hear) as client:
            await client.session.subscribe_resource("taskactors://inbox")
            with trio.fail_after(10):
                while not told.is_set():
                    # Its stream may still be on its way when the first change comes.
                    front.listeners.hear(frozenset({"inbox/ada"}))
                    await trio.lowlevel.checkpoint()
        with trio.fail_after(10):
            while front.listeners:
                await trio.lowlevel.checkpoint()
