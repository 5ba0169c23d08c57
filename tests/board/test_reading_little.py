"""Reading little: what a call that reads touches does not grow with the project, and no turn of it touches much. Counted, not timed."""

from collections.abc import Mapping
from itertools import pairwise
from types import GeneratorType
from typing import Any

import pytest
from attrs import define, evolve, frozen

from taskactors.actors.tools import TOOLS
from taskactors.board import layout
from taskactors.board.settings import BoardSettings
from taskactors.board.view import View
from taskactors.domain.caller import Caller
from taskactors.domain.errors import NotFound
from taskactors.storage.engine import Snapshot

from .board import ARGUMENTS, TABLE, Board

A_TURN = 500
"""Entries that one turn of a read may touch, about eight microseconds for the largest of them."""


@define
class CountingSnapshot:
    """A snapshot that counts the entries that were read from it, and those that were looked for and not there."""

    inner: Snapshot
    touched: int = 0

    def get(self, key: bytes) -> bytes | None:
        self.touched += 1
        return self.inner.get(key)

    def range(self, start: bytes, end: bytes, limit: int, reverse: bool = False) -> list[tuple[bytes, bytes]]:
        found = self.inner.range(start, end, limit=limit, reverse=reverse)
        self.touched += len(found) + 1
        return found


@frozen
class Case:
    """A call, and how many entries it may touch in all, however many there are."""

    tool: str
    arguments: Mapping[str, Any]
    at_most: int


FAR = {"after": "2100-01-01T00:00:00Z", "before": "2000-01-01T00:00:00Z"}

MISSPELT = {"code": "NOPE-1"}

LIST = 1_100
"""A thousand tasks, then a cursor."""

BY_INDEX = 2_200
"""The same by way of an index: an entry there, and the task."""

CASES = (
    Case("list_tasks", {}, 110),
    Case("list_tasks", {"limit": 100, "detail": "full"}, 210),
    Case("list_tasks", {"role": "mcp-integrator"}, LIST),
    Case("list_tasks", {"label": "nobody-has-it"}, LIST),
    Case("list_tasks", {"created_after": FAR["after"]}, LIST),
    Case("list_tasks", {"created_before": FAR["before"]}, LIST),
    Case("list_tasks", {"completed_after": FAR["after"]}, LIST),
    Case("list_tasks", {"completed_before": FAR["before"]}, LIST),
    Case("list_tasks", {"offset": 10_000}, LIST),
    Case("list_tasks", {"state": "Created", "role": "mcp-integrator"}, BY_INDEX),
    Case("list_tasks", {"owner": "ada", "role": "mcp-integrator"}, BY_INDEX),
    Case("list_tasks", {"parent_code": "T-1", "role": "mcp-integrator"}, BY_INDEX),
    Case("get_task_by_id", {"id": 1}, 10),
    Case("get_task_by_code", {"code": "T-1"}, 10),
    Case("get_task_by_code", MISSPELT, 110),
    Case("get_task_messages", {"task_code": "T-1"}, 210),
    Case("get_task_messages", {"task_code": "T-1", "author_agent_name": "bob"}, BY_INDEX),
    Case("get_changes", {}, 110),
    Case("get_changes", {"kinds": ["audit_failed"]}, LIST),
    Case("get_changes", {"code": "T-1", "kinds": ["audit_failed"]}, LIST),
    Case("get_changes", {"digest": True, "max_tokens": 20_000}, 21_000),
    Case("get_changes", {"digest": True, "kinds": ["audit_failed"]}, 10_300),
    Case("get_dependency_graph", {}, 4_500),
    Case("get_dependency_graph", {"codes": ["T-1"], "depth": 3}, 4_500),
    Case("get_project_overview", {"detail": "full"}, 400),
    Case("discover_work", {}, 100),
    Case("discover_work", {"explain": True, "max_tasks": 50}, 800),
    Case("list_agents", {}, 400),
    Case("health_check", {}, 50),
    Case("search", {"query": "x"}, 10),
    Case("get_workspace_manifest", {"ai_tool_type": "codex"}, 400),
    Case("get_setup_instructions", {"ai_tool_type": "codex"}, 400),
    Case("get_agentic_workflow_description", {"requested_agent_count": 3}, 400),
    Case("get_instructions_for_main_ai_file", {}, 400),
)


def filled(tasks: int) -> Board:
    """Half of the tasks are parts of T-1, every tenth waits for the one before; ada holds some, and has written on T-1 for each."""
    board = Board()
    ada = Caller(name="ada")
    for number in range(1, tasks + 1):
        given: dict[str, Any] = {"code": f"T-{number}", "name": "n", "description": "d"}
        if number % 2 and 1 < number < 900:
            given["parent_code"] = "T-1"
        if number % 10 == 0:
            given["depends_on"] = [f"T-{number - 1}"]
        said = {"task_code": "T-1", "message_type": "comment", "content": f"about {number}"}
        units = [board.command(ada, "create_task", given), board.command(ada, "create_task_message", said)]
        if number % 100 == 2:
            units.append(board.command(ada, "claim_task", {"code": f"T-{number}"}))
        for outcome in board.write(*units):
            board.outcome(outcome)
    return board


@pytest.fixture(scope="module", params=[50, 2_000])
def board(request: pytest.FixtureRequest) -> Board:
    return filled(request.param)


def touched(board: Board, tool: str, arguments: Mapping[str, Any]) -> list[int]:
    """How many entries each turn of a call touches."""
    request = ARGUMENTS[tool].structure(arguments, tool)

    def read(snapshot: Snapshot) -> list[int]:
        counting = CountingSnapshot(snapshot)
        turns = [0]
        try:
            found = TABLE[tool].unit(View(counting, board.now, Caller(name="bob"), BoardSettings()), request)
            if isinstance(found, GeneratorType):
                turns.extend(counting.touched for _ in found)
        except NotFound:
            assert arguments == MISSPELT
        turns.append(counting.touched)
        return [after - before for before, after in pairwise(turns)]

    return board.engine.read(read)


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: " ".join([case.tool, *(f"{name}={value}" for name, value in case.arguments.items())])
)
def test_a_read_touches_no_more_than_is_said_of_it(board: Board, case: Case) -> None:
    turns = touched(board, case.tool, case.arguments)
    assert sum(turns) <= case.at_most
    assert max(turns) <= A_TURN


def test_every_tool_that_reads_is_looked_at() -> None:
    assert {case.tool for case in CASES} == {tool.name for tool in TOOLS.values() if tool.reads}


def test_a_look_at_every_task_would_be_seen(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    def list_all(view: View, request: object) -> dict[str, Any]:
        return {"items": [stored for _, stored in view.walk(layout.ALL_TASKS)]}

    monkeypatch.setitem(TABLE, "list_tasks", evolve(TOOLS["list_tasks"], unit=list_all))
    turns = touched(board, "list_tasks", {})
    seen = max(turns) > A_TURN and sum(turns) > LIST
    assert seen is (board.view().number("task") == 2_000)
