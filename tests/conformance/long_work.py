"""Long work: tools whose answer is a piece of work to look after, as the protocol's extension for tasks has it.

The board's own tasks are something else; the extension is here because the suite asks about it beside what it requires.
"""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import mcp_types as types
import trio
from attrs import Factory, define
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from pydantic import Field

from taskactors.mcp_server.asking import Context, peer_of
from tests.conformance.asking_back import filled, form, more
from tests.conformance.fixtures import BOOLEAN, NUMBER, TEXT, Answered, Fixtures, Params, said, takes

EXTENSION = "io.modelcontextprotocol/tasks"
KEPT_MS = 600_000
POLL_MS = 100
FAILS_AFTER_S = 0.3


class OfWork(types.RequestParams):
    task_id: str


class InputForWork(OfWork):
    input_responses: Mapping[str, Any] = Field(default_factory=dict)


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@define(eq=False)
class Work:
    """One piece of work, and how it stands."""

    id: str = Factory(lambda: uuid.uuid4().hex)
    status: str = "working"
    began: str = Factory(_now)
    changed_at: str = Factory(_now)
    outcome: dict[str, Any] = Factory(dict)
    asked: dict[str, Any] = Factory(dict)
    answers: dict[str, Any] = Factory(dict)
    changed: trio.Event = Factory(trio.Event)
    scope: trio.CancelScope = Factory(trio.CancelScope)

    def now_is(self, status: str, **outcome: Any) -> None:
        """Note how it stands, and tell whoever waits for that."""
        self.status, self.changed_at, self.outcome = status, _now(), outcome
        self.changed.set()
        self.changed = trio.Event()

    def brief(self) -> dict[str, Any]:
        """As it is answered by the tool that began it."""
        times = {"createdAt": self.began, "lastUpdatedAt": self.changed_at, "ttlMs": KEPT_MS, "pollIntervalMs": POLL_MS}
        return {"resultType": "task", "taskId": self.id, "status": self.status, **times}

    def whole(self) -> dict[str, Any]:
        """As it is answered to whoever looks at it."""
        asked = {"inputRequests": self.asked} if self.status == "input_required" else {}
        return {**self.brief(), "resultType": "complete", **self.outcome, **asked}

    async def ask(self, **forms: types.ElicitRequest) -> Mapping[str, Any]:
        """What the client answers to these."""
        self.asked.update({name: each.model_dump(by_alias=True, mode="json", exclude_none=True) for name, each in forms.items()})
        self.now_is("input_required")
        while not forms.keys() <= self.answers.keys():
            await self.changed.wait()
        self.now_is("working")
        return self.answers

    async def run(self, doing: "Doing") -> None:
        with self.scope:
            try:
                result = await doing(self)
                shown = result.model_dump(by_alias=True, mode="json", exclude_none=True)
                self.now_is("completed", result={**shown, "resultType": "complete"})
            except MCPError as error:
                self.now_is("failed", error={"code": error.code, "message": error.message})
        if self.scope.cancelled_caught:
            self.now_is("cancelled")


Doing = Callable[[Work], Awaitable[types.CallToolResult]]


@define(eq=False)
class LongWork:
    """All that was begun."""

    known: dict[str, Work] = Factory(dict)

    def serve(self, server: Server[Any]) -> None:
        """Answer what is asked about the work that the tools begin."""
        server.extensions[EXTENSION] = {}
        server.add_request_handler("tasks/get", OfWork, self._get)
        server.add_request_handler("tasks/cancel", OfWork, self._cancel)
        server.add_request_handler("tasks/update", InputForWork, self._update)

    def begin(self, context: Context, doing: Doing) -> Answered:
        work = Work()
        self.known[work.id] = work
        peer_of(context).nursery.start_soon(work.run, doing)
        # The SDK has no class for an answer of this extension, and passes on what it does not know.
        return cast(Answered, work.brief())

    def add(self, board: Fixtures) -> None:
        """Add the tools."""

        @board.tool("greet", takes("name", name=TEXT))
        async def greet(context: Context, params: Params) -> Answered:
            return said(f"Hello, {(params.arguments or {})['name']}!")

        @board.tool("slow_compute", takes(seconds=NUMBER, label=TEXT))
        async def slow(context: Context, params: Params) -> Answered:
            given = params.arguments or {}

            async def compute(work: Work | None = None) -> types.CallToolResult:
                await _take(given.get("seconds", 0))
                return said(f"computed {given.get('label')}")

            return self.begin(context, compute) if _knows(context) and given.get("seconds", 0) > 0 else await compute()

        @board.tool("failing_job")
        async def failing(context: Context, params: Params) -> Answered:
            async def fail(work: Work) -> types.CallToolResult:
                await _take(FAILS_AFTER_S)
                return said("job failed", is_error=True)

            _require(context)
            return self.begin(context, fail)

        @board.tool("protocol_error_job")
        async def panicking(context: Context, params: Params) -> Answered:
            async def panic(work: Work) -> types.CallToolResult:
                raise MCPError(types.INTERNAL_ERROR, "panic")

            _require(context)
            return self.begin(context, panic)

        self._add_asking(board)

    def _add_asking(self, board: Fixtures) -> None:
        @board.tool("confirm_delete", takes("filename", filename=TEXT))
        async def confirm(context: Context, params: Params) -> Answered:
            async def delete(work: Work) -> types.CallToolResult:
                answers = await work.ask(confirm=form("delete?", confirm=BOOLEAN))
                return said(f"confirmed={answers['confirm'].get('action')}")

            return self.begin(context, delete)

        @board.tool("multi_input")
        async def several(context: Context, params: Params) -> Answered:
            async def both(work: Work) -> types.CallToolResult:
                await work.ask(first=form("first?", confirm=BOOLEAN), second=form("second?", confirm=BOOLEAN))
                return said("both")

            return self.begin(context, both)

        @board.tool("test_tool_with_task")
        async def composed(context: Context, params: Params) -> Answered:
            name = filled(params, "user_name", "name")
            if name is None:
                return more(user_name=form("What is your name?", name=TEXT))

            async def hello(work: Work) -> types.CallToolResult:
                return said(f"Hello {name}")

            _require(context)
            return self.begin(context, hello)

    async def _get(self, context: Context, params: OfWork) -> dict[str, Any]:
        return self._of(context, params).whole()

    async def _cancel(self, context: Context, params: OfWork) -> dict[str, Any]:
        self._of(context, params).scope.cancel()
        return {}

    async def _update(self, context: Context, params: InputForWork) -> dict[str, Any]:
        work = self._of(context, params)
        for name, answer in params.input_responses.items():
            if work.asked.pop(name, None) is not None:
                work.answers[name] = answer
        work.now_is(work.status, **work.outcome)
        return {}

    def _of(self, context: Context, params: OfWork) -> Work:
        _require(context)
        headers = getattr(context.request, "headers", {})
        # The SDK compares this header for the requests of the protocol itself alone.
        if headers.get("mcp-name", params.task_id) != params.task_id:
            raise MCPError(types.HEADER_MISMATCH, "mcp-name header does not match params.taskId")
        if params.task_id not in self.known:
            raise MCPError(types.INVALID_PARAMS, f"Unknown task: {params.task_id}")
        return self.known[params.task_id]


async def _take(seconds: float) -> None:
    """Be busy for as long as the suite asked for, on whose clock this is."""
    with trio.move_on_after(seconds):
        await trio.sleep_forever()


def _knows(context: Context) -> bool:
    can = context.session.client_capabilities
    return can is not None and EXTENSION in (can.extensions or {})


def _require(context: Context) -> None:
    if not _knows(context):
        data: dict[str, Any] = {"requiredCapabilities": {"extensions": {EXTENSION: {}}}}
        raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "Missing required client capability", data)
