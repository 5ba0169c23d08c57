"""Conversations: what clients of both eras say, well and badly, as scripts that can be held with any server."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen

from taskactors.actors.depth import DEPTH_LIMIT
from taskactors.mcp_server.connection import IN_FLIGHT_LIMIT
from tests.mcp_server.both_ways import Changed, Draining, Leaving, Passing, Step
from tests.support.fake_front import ENVELOPE, INITIALIZE, legacy, modern

Script = Sequence[Step]
VERSION, CAPABILITIES = ENVELOPE
INFO, LOG_LEVEL = "io.modelcontextprotocol/clientInfo", "io.modelcontextprotocol/logLevel"
ASKED: dict[str, Any] = {"elicitation": {"form": {}}, "sampling": {}}
"""What a client says that it can be asked."""

INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


@frozen
class Era:
    """How one era opens a connection and asks."""

    name: str
    opening: Script
    asking: Callable[..., dict[str, Any]]

    def ask(self, method: str, params: dict[str, Any] | None = None, number: Any = 1, **meta: Any) -> dict[str, Any]:
        """A request; `meta` is added to what the era has in `_meta`."""
        request = self.asking(method, params, number)
        if meta:
            params = request.setdefault("params", {})
            params["_meta"] = {**params.get("_meta", {}), **meta}
        return request

    def call(self, tool: str, number: Any = 1, **arguments: Any) -> dict[str, Any]:
        return self.ask("tools/call", {"name": tool, "arguments": arguments}, number)

    def able(self, request: dict[str, Any]) -> dict[str, Any]:
        """The same request of a client that can be asked something."""
        if self is LEGACY:
            return request
        params = request["params"]
        return {**request, "params": {**params, "_meta": {**params["_meta"], CAPABILITIES: ASKED}}}


MODERN = Era("2026", (), modern)
LEGACY = Era("2025", ([legacy("initialize", {**INITIALIZE, "capabilities": ASKED}, "hello")], [INITIALIZED]), legacy)
ERAS = (MODERN, LEGACY)


def apart(*frames: object) -> Script:
    """One after the other, each after the answer to the one before."""
    return tuple([frame] for frame in frames)


def cancelling(number: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": number}}


def answering(number: Any, result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "result": result}


def days_work(era: Era) -> Script:
    call = era.call
    return apart(
        call("register_agent", agent_name="ada", role="backend"),
        call("create_task", code="T-1", name="ä task ✓", description="to be \u2028 done 🦉"),
        call("create_task", code="T-1", name="again", description="there already"),
        call("claim_task", code="T-1"),
        call("report_progress", code="T-1", fence=1, percent=50, note="half"),
        call("report_progress", code="T-1", fence=9, percent=50),
        call("send_message", to="ada", content="to myself", importance="urgent"),
        call("complete_task", code="T-1", fence=1, summary="done", evidence=["it runs"], confidence=1.0),
        call("list_tasks"),
        call("list_tasks", limit=1.0, state=None),
        call("read_inbox", cursor=None),
        call("get_task_by_code", code="t-1"),
        call("get_task_by_code", code="T-2"),
        call("set_task_state", code="T-1", state="Created", reason="more to do"),
        call("set_task_state", code="T-1", state="Archived"),
        call("get_changes", limit=50),
        call("search", query="owl"),
        call("get_workspace_manifest"),
        call("next_task", idempotency_key="k"),
        call("next_task", idempotency_key="k"),
    )


def bad_calls(era: Era) -> Script:
    ask, call = era.ask, era.call
    params: list[dict[str, Any]] = [
        {},
        {"name": 5},
        {"name": None},
        {"name": ["list_tasks"]},
        {"name": "list_tasks"},
        {"name": "list_tasks", "arguments": None},
        {"name": "list_tasks", "arguments": [1]},
        {"name": "list_tasks", "arguments": "{}"},
        {"name": "list_tasks", "arguments": {}, "unknown": 1},
        {"name": "list_tasks", "arguments": {}, "task": {"ttl": 5}},
        {"name": "list_tasks", "arguments": {}, "task": 5},
        {"name": "list_tasks", "arguments": {}, "requestState": 5},
        {"name": "list_tasks", "arguments": {}, "requestState": "s"},
        {"name": "list_tasks", "arguments": {}, "inputResponses": 5},
        {"name": "list_tasks", "arguments": {}, "inputResponses": {}},
        {"name": "list_tasks", "arguments": {}, "inputResponses": {"x": {"action": "accept"}}},
        {"name": "list_tasks", "arguments": {"limit": 0, "nme": 1, "state": "Nowhere", "labels": ["", 5]}},
        {"name": "create_task", "arguments": {"code": "T-1", "name": "\ud83d", "description": "x"}},
        {"name": "plan_tasks", "arguments": {"tasks": [{"ref": "a", "x": 1}, 5]}},
        {"name": "no_such_tool", "arguments": {}},
        {"name": "\ud800", "arguments": {}},
        {"name": "x" * 300},
        {"name": "admin.verify", "arguments": {}},
    ]
    whole = apart(*(ask("tools/call", each) for each in params))
    return *whole, *apart(
        ask("tools/call"), {**ask("tools/call"), "params": [1]}, {**ask("tools/call"), "params": None}, call("list_tasks")
    )


METAS: list[Any] = [
    {"progressToken": "t"},
    {"progressToken": 7},
    {"progressToken": True},
    {"progressToken": 1.0},
    {"progressToken": 1.5},
    {"progressToken": None},
    {"progressToken": [1]},
    {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    {INFO: {"name": "a client", "version": "1"}},
    {INFO: {"name": "a client"}},
    {INFO: "a client"},
    {INFO: None},
    {LOG_LEVEL: "info"},
    {LOG_LEVEL: "loud"},
    {LOG_LEVEL: None},
    {CAPABILITIES: None},
    {CAPABILITIES: []},
    {CAPABILITIES: {"elicitation": {}, "whatever": 1}},
    {CAPABILITIES: {"elicitation": 5}},
    {VERSION: "1900-01-01"},
    {VERSION: "2025-11-25"},
    {VERSION: 5},
    {VERSION: None},
    {"of a client": {"a": [1]}},
    {},
]


def envelopes(era: Era) -> Script:
    """The same call, each time with something else in `_meta`, and again with what was good after what was not."""
    good = era.call("list_tasks")
    frames: list[object] = [good]
    for number, meta in enumerate(METAS):
        frames += [era.ask("tools/call", {"name": "list_tasks", "arguments": {}}, number, **meta), good]
    for missing in ENVELOPE:
        request = modern("tools/call", {"name": "list_tasks", "arguments": {}}, f"without {missing}")
        request["params"]["_meta"] = {name: value for name, value in ENVELOPE.items() if name != missing}
        frames.append(request)
    for meta in (None, 5, "x", [], True):
        frames.append({**good, "params": {"name": "list_tasks", "arguments": {}, "_meta": meta}})
    return apart(*frames, legacy("tools/call", {"name": "list_tasks"}), modern("tools/call", {"name": "list_tasks"}), good)


IDS: list[Any] = [
    *(0, -1, 1, 7, "7", " 7 ", "1_0", "", "x", 2**53, 2**63, 2**64, 2**80, -(2**80)),
    *(None, True, False, 1.0, 1.5, [1], {}, "ä\u0000\u2028🦉", "x" * 10_000, "\ud83d"),
]


def ids(era: Era) -> Script:
    """Every kind of id, for a call of ours and for what the SDK's kernel answers."""
    calls = [era.call("list_tasks", number) for number in IDS]
    lists = [era.ask("prompts/list", None, number) for number in IDS]
    return apart(*calls, *lists)


def under_way(era: Era) -> Script:
    """As many as may wait, doubles among them, cancellations of some, and their places taken again."""
    waits = [era.call("next_task", number, wait_s=45) for number in range(IN_FLIGHT_LIMIT)]
    return (
        waits[:2],
        [era.call("list_tasks", 0)],
        [era.call("list_tasks", "1")],
        [era.ask("prompts/list", None, "0")],
        [{**modern("tools/list"), "id": None}, modern("tools/list", None, 1)],
        waits[2:],
        [era.call("list_tasks", "over")],
        [era.ask("prompts/list", None, "over")],
        [cancelling(3)],
        [cancelling("4")],
        [cancelling("nobody")],
        [era.call("list_tasks", 3)],
        [era.call("list_tasks", 4)],
        [era.call("list_tasks", 5)],
        Passing(50),
        [era.call("list_tasks", 5)],
    )


def work_comes(era: Era) -> Script:
    """Waits that are answered by what another call does, one of them given up just before."""
    call = era.call
    return (
        [call("next_task", "first", wait_s=40)],
        [call("next_task", "second", wait_s=40)],
        [cancelling("first")],
        [call("create_task", code="T-1", name="a task", description="x")],
        [call("read_inbox", "mail", wait_s=30)],
        [call("get_changes", "changes", cursor="latest", wait_s=30)],
        [call("send_message", to="ada", content="hello")],
        Passing(31),
        [call("next_task", "both", wait_s=40), cancelling("both")],
        [call("create_task", code="T-2", name="a task", description="x")],
        [call("list_tasks")],
    )


def progress(era: Era) -> Script:
    def waiting(wait_s: Any, token: Any, number: Any) -> dict[str, Any]:
        return era.ask("tools/call", {"name": "next_task", "arguments": {"wait_s": wait_s}}, number, progressToken=token)

    return (
        [waiting(20, "t", 1)],
        Passing(12),
        [cancelling(1)],
        Passing(20),
        [waiting(20, 5, 2)],
        Passing(21),
        [waiting(4, 6, 3)],
        Passing(5),
        [waiting(12, "", 4)],
        Passing(13),
        [waiting(12, 0, 5)],
        Passing(13),
        *apart(waiting("20", 6, 6), waiting(20.0, 7, 7)),
        Passing(21),
        *apart(waiting(46, 8, 8), waiting(True, 9, 9), waiting(None, 10, 10), waiting(0, 11, 11)),
    )


def confirming(era: Era) -> Script:
    """What cannot be taken back: asked for, agreed to, refused, answered oddly, given up, and left unanswered."""
    call = era.call
    codes = [f"T-{number}" for number in range(6)]
    make = [call("create_task", code=code, name="a task", description="x") for code in codes]
    give_up = [call("set_task_state", code=code, state="Cancelled", reason="no") for code in codes]
    away = [era.able(call("archive_task", code, code=code)) for code in codes]
    state = era.able(call("set_task_state", "state", code="T-5", state="Archived"))
    plain = [call("archive_task", code="T-0", confirm=True), call("archive_task", code=5), call("archive_task"), call("list_tasks")]
    asked = _asked_by_requests(away, state) if era is LEGACY else _asked_by_rounds(away, state, call("archive_task", code="T-0"))
    return *apart(*make, *give_up), *asked, *apart(*plain, era.able(call("set_task_state", code="T-5", state="Created", reason="again")))


def _asked_by_requests(away: list[dict[str, Any]], state: dict[str, Any]) -> Script:
    accept, decline = {"action": "accept"}, {"action": "decline"}
    return (
        *apart(away[0], answering(1, decline), away[1], answering("2", accept), away[2], answering(3, {"action": 5})),
        *apart(away[3], {"jsonrpc": "2.0", "id": 4, "error": {"code": 1, "message": "no"}}),
        *apart(away[4], cancelling("T-4"), answering(5, accept), answering(5, accept), answering(99, accept)),
        *apart(state, answering(6, accept), away[2]),
        Passing(301),
    )


def _asked_by_rounds(away: list[dict[str, Any]], state: dict[str, Any], unable: dict[str, Any]) -> Script:
    def back(request: dict[str, Any], said: Any) -> dict[str, Any]:
        return {**request, "params": {**request["params"], "inputResponses": {"confirm": said}}}

    accept, decline = {"action": "accept"}, {"action": "decline"}
    return apart(
        *(unable, away[0], back(away[0], decline), away[1], back(away[1], accept), back(away[2], 5), back(away[2], {"action": 5})),
        *(back(away[3], {"roots": []}), back(unable, accept), state, back(state, accept)),
    )


def others_tools(era: Era) -> Script:
    call, able = era.call, era.able
    return apart(
        *(call(name, "plain") for name in ("test_simple_text", "test_multiple_content_types", "test_error_handling", "test_image_content")),
        era.ask("tools/call", {"name": "test_tool_with_progress"}, "p", progressToken="t"),
        era.ask("tools/call", {"name": "test_tool_with_logging"}, "l", **{LOG_LEVEL: "info"}),
        call("test_logging_tool", "quiet"),
        call("test_missing_capability", "m"),
        able(call("test_missing_capability", "m")),
        able(call("test_elicitation", "e", message="who?")),
        answering(1, {"action": "accept", "content": {"response": "me"}}),
        able(call("test_elicitation", "e", message="who?")),
        answering(2, {"wrong": 1}),
        able(call("test_sampling", "s", prompt="say")),
        answering(3, {"role": "assistant", "content": {"type": "text", "text": "hi"}, "model": "m"}),
        able(call("test_input_required_result_elicitation", "r")),
        call("json_schema_2020_12_tool", "j", name="x"),
        call("breaks", "b"),
        call("test_elicitation", "without what it needs"),
    )


def lists(era: Era) -> Script:
    ask = era.ask
    methods = ("tools/list", "prompts/list", "resources/list", "resources/templates/list", "server/discover", "ping")
    each = [
        ask(method, params, number)
        for method in methods
        for number, params in enumerate((None, {}, {"cursor": "x"}, {"cursor": None}, {"x": 1}))
    ]
    oddly: list[Any] = [{"_meta": None}, {"_meta": {}}, {"_meta": 5}, None]
    odd = [{**ask(method), "params": params} for method in methods for params in oddly]
    told = [ask(method, None, "t", progressToken="t") for method in methods]
    return apart(*each, *odd, *told, *each)


def looking(era: Era) -> Script:
    ask = era.ask
    tasks, lost = "taskactors://tasks", "taskactors://nothing"
    return (
        *apart(
            ask("resources/read", {"uri": tasks}), ask("resources/read", {"uri": lost}), ask("resources/read", {}), ask("resources/read")
        ),
        *apart(ask("resources/read", {"uri": "test://static-binary"}), ask("resources/subscribe", {"uri": tasks})),
        *apart(ask("resources/subscribe", {"uri": lost}), ask("resources/subscribe", {"uri": 5})),
        Changed(("tasks",)),
        [era.call("create_task", code="T-1", name="a task", description="x")],
        [ask("resources/unsubscribe", {"uri": tasks})],
        Changed(("tasks",)),
        [ask("subscriptions/listen", {"notifications": {"resourceSubscriptions": [tasks, lost], "toolsListChanged": True}}, "l")],
        Changed(("tasks", "lists/tools")),
        [cancelling("l")],
        Changed(("tasks",)),
        *apart(ask("prompts/get", {"name": "test_prompt_with_arguments", "arguments": {"arg1": "a", "arg2": "b"}})),
        *apart(ask("prompts/get", {"name": "none"}), ask("prompts/get", {"name": "take_on_work", "arguments": {"role": "qa"}})),
        *apart(ask("completion/complete", {"ref": {"type": "ref/prompt", "name": "none"}, "argument": {"name": "role", "value": "q"}})),
        *apart(
            ask("completion/complete", {"ref": {"type": "x"}}),
            ask("logging/setLevel", {"level": "info"}),
            ask("tasks/get", {"taskId": "x"}),
        ),
    )


def other_era(era: Era) -> Script:
    """What belongs to the other era, and what is no request at all."""
    initialize = legacy("initialize", INITIALIZE, "again")
    return apart(
        era.call("list_tasks"),
        initialize,
        {**initialize, "params": {**INITIALIZE, "protocolVersion": 5}},
        {**initialize, "params": {}},
        modern("tools/list"),
        modern("initialize", INITIALIZE),
        legacy("tools/list"),
        legacy("ping"),
        modern("ping"),
        *NO_REQUESTS,
        era.call("list_tasks", "after"),
    )


NO_REQUESTS: tuple[object, ...] = (
    "{not json",
    "",
    "null",
    "5",
    '"x"',
    "[]",
    "{}",
    "\ufeff{}",
    "[" * 100_000,
    "9" * 5000,
    '{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"x":NaN}}',
    '{"jsonrpc":"2.0","id":7,"id":8,"method":"tools/list","method":"ping"}',
    b"\xff\xfe",
    [modern("tools/list"), modern("tools/list")],
    {"jsonrpc": "1.0", "id": 7, "method": "tools/list"},
    {"id": 7, "method": "tools/list"},
    {"jsonrpc": "2.0", "id": 7},
    {"jsonrpc": "2.0", "id": 7, "method": 5},
    {"jsonrpc": "2.0", "id": 7, "method": "ping", "result": {}},
    {"jsonrpc": "2.0", "id": 7, "method": "ping", "error": {"code": 1, "message": "x", "data": 1}},
    {"jsonrpc": "2.0", "id": 7, "method": "ping", "x": 1},
    {"jsonrpc": "2.0", "id": 99, "result": {}},
    {"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "x"}},
    {"jsonrpc": "2.0", "id": 99, "result": 3},
    {"jsonrpc": "2.0", "id": 99, "error": "no"},
    {"jsonrpc": "2.0", "method": "notifications/whatever", "params": {"a": 1}},
    {
        "jsonrpc": "2.0",
        "method": "tools/call",
        "params": {"name": "create_task", "arguments": {"code": "N-1", "name": "x", "description": "x"}},
    },
    {"jsonrpc": "2.0", "method": "notifications/cancelled"},
    {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": [1]}},
    {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": {}, "progress": "x"}},
    {"jsonrpc": "2.0", "method": "notifications/initialized", "params": [1]},
    {"jsonrpc": "2.0", "method": 5},
)


def before_the_first(era: Era) -> Script:
    """What comes before the request that says which era it is, more of it than is kept."""
    return *apart(*NO_REQUESTS, INITIALIZED, *[INITIALIZED] * 8), *apart(era.call("list_tasks"), era.ask("prompts/list"))


def at_once(era: Era) -> Script:
    """A whole conversation sent without waiting for any of it."""
    return ([*(frame for step in era.opening for frame in step), *(era.call("list_tasks", number) for number in range(20))],)  # type: ignore[union-attr]


def big_and_deep(era: Era) -> Script:
    def nested(levels: int, shape: str) -> Any:
        return json.loads("[" * levels + "]" * levels if shape == "list" else '{"a":' * levels + "1" + "}" * levels)

    deep = [
        era.ask("tools/call", {"name": "list_tasks", "arguments": {"x": nested(DEPTH_LIMIT - 3 + more, shape)}}, f"{more} {shape}")
        for more in (-1, 0, 1, 2)
        for shape in ("list", "object")
    ]
    wide = era.call("send_message", "wide", to="ada", content="🦉\u0301\u202e\x00\ufffd é" * 500)
    braces = era.call("send_message", "braces", to="ada", content="[{" * 200)
    long = era.call("create_task", "long", code="T-1", name="x" * 201, description="y" * 900_000)
    many = era.call("list_tasks", "many", labels=["x"] * 20_000, **{f"a{number}": number for number in range(200)})
    return apart(
        *deep, wide, braces, long, many, json.dumps(wide, indent=3), json.dumps(wide, ensure_ascii=False).encode(), era.call("read_inbox")
    )


def drained(era: Era) -> Script:
    """The server is told to stop while calls wait; what comes later is not taken."""
    return (
        [era.call("next_task", 1, wait_s=20)],
        [era.call("test_elicitation", 2, message="?")],
        Draining(),
        [era.call("list_tasks", 3)],
        Passing(21),
    )


def left(era: Era) -> Script:
    """The client leaves while a call of it waits, and work comes after it."""
    return [era.call("next_task", 1, wait_s=20)], [era.call("test_elicitation", 2, message="?")], Leaving(), Passing(1)


CONVERSATIONS: dict[str, Callable[[Era], Script]] = {
    each.__name__: each
    for each in (
        days_work,
        bad_calls,
        envelopes,
        ids,
        under_way,
        work_comes,
        progress,
        confirming,
        others_tools,
        lists,
        looking,
        other_era,
        big_and_deep,
        drained,
        left,
    )
}
UNOPENED: dict[str, Callable[[Era], Script]] = {each.__name__: each for each in (before_the_first, at_once, days_work, lists, other_era)}
"""Held without the opening of its era."""
