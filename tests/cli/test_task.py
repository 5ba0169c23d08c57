"""taskactors task: every option acts, and what is shown is what there is."""

import json
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.fake_server import FakeServer, No

TASK = {
    "id": 1,
    "code": "SEC-001",
    "name": "Write the schema",
    "description": "All of it.\nWell.",
    "owner_agent_name": None,
    "state": "Created",
    "inserted_at": "2026-01-02T03:04:05.000Z",
    "done_at": None,
    "rev": 1,
    "priority_score": 5.0,
}
CLAIM = {"fence": 3, "agent": "ada", "expires_at": "2026-01-02T03:19:05.000Z"}


class Board:
    """One task, with as much of the rules as finishing it needs."""

    def __init__(self, server: FakeServer, state: str, reviewed: bool = False, review: bool = False) -> None:
        self.state = state
        self.review = review
        self.notes: list[str] = []
        self.moves: list[str] = []
        server.answers["get_task_by_code"] = self._shown
        server.answers["set_task_state"] = self._move
        server.answers["update_task"] = self._note

    def _shown(self, params: dict[str, Any]) -> dict[str, Any]:
        return TASK | {"state": self.state}

    def _move(self, params: dict[str, Any]) -> dict[str, Any]:
        if params["state"] == "Done" and self.state == "InProgress" and self.review:
            raise No("review_required", "it must be reviewed")
        if self.state in ("Done", "Archived"):
            raise No("invalid_transition", f"it is {self.state}")
        self.state = params["state"]
        self.moves.append(self.state)
        return self._shown(params)

    def _note(self, params: dict[str, Any]) -> dict[str, Any]:
        self.notes.append(params["add_note"])
        return self._shown(params)


def test_adding_gives_every_option_to_the_board_and_nothing_else(server: FakeServer, run: Run) -> None:
    server.answers["create_task"] = lambda params: TASK | params
    assert run("task", "add", "Write the schema").code == 0
    assert (
        run(
            *(
                "task",
                "add",
                "Name",
                "Description",
                "--code",
                "SEC",
                "--owner",
                "ada",
                "--role",
                "qa",
                "--priority",
                "7.5",
                "--parent",
                "TOP-1",
            ),
            *(
                "--depends-on",
                "A-1",
                "--depends-on",
                "A-2",
                "--capability",
                "sql",
                "--label",
                "db",
                "--accept",
                "it runs",
                "--effort",
                "30",
            ),
            *("--due", "2026-02-01T00:00:00Z", "--lease", "60", "--review"),
        ).code
        == 0
    )
    assert server.calls_of("create_task") == [
        {"code": "TASK", "name": "Write the schema", "description": "Write the schema"},
        {
            "code": "SEC",
            "name": "Name",
            "description": "Description",
            "owner_agent_name": "ada",
            "role": "qa",
            "priority_score": 7.5,
            "parent_code": "TOP-1",
            "depends_on": ["A-1", "A-2"],
            "required_capabilities": ["sql"],
            "labels": ["db"],
            "acceptance_criteria": ["it runs"],
            "estimated_effort": 30,
            "due_at": "2026-02-01T00:00:00Z",
            "lease_s": 60,
            "requires_review": True,
        },
    ]


def test_arguments_are_those_of_the_tools() -> None:
    from attrs import fields_dict

    from taskactors.board.requests.tasks import CreateTask, ListTasks

    assert {"code", "owner_agent_name", "parent_code", "estimated_effort", "acceptance_criteria", "lease_s"} <= fields_dict(
        CreateTask
    ).keys()
    assert {"state", "owner", "role", "label", "limit", "cursor"} <= fields_dict(ListTasks).keys()


def test_a_list_is_an_aligned_table(server: FakeServer, run: Run) -> None:
    server.answers["list_tasks"] = lambda params: {
        "items": [
            TASK,
            TASK | {"code": "LONGER-CODE-1", "state": "InProgress", "owner_agent_name": "ada", "priority_score": 10, "name": "世界\x1b[2J"},
        ],
        "next_cursor": "c1",
    }
    ran = run("task", "list")
    head, first, second, more = ran.out.splitlines()
    assert head.split() == ["CODE", "STATE", "OWNER", "PRI", "CREATED", "NAME"]
    assert {line.index(word) for line, word in ((head, "STATE"), (first, "Created"), (second, "InProgress"))} == {15}
    assert second.endswith(r"世界\x1b[2J")
    assert more == "More: --cursor c1"


def test_an_empty_list_says_so(server: FakeServer, run: Run) -> None:
    server.answers["list_tasks"] = lambda params: {"items": []}
    assert run("task", "list").out == "No tasks.\n"


def test_filters_are_given_to_the_board(server: FakeServer, run: Run) -> None:
    server.answers["list_tasks"] = lambda params: {"items": []}
    run("task", "list", "--state", "Done", "--owner", "ada", "--role", "qa", "--label", "db", "--limit", "5", "--cursor", "c")
    assert server.calls_of("list_tasks") == [
        {"state": "Done", "owner": "ada", "role": "qa", "label": "db", "limit": 5, "cursor": "c"},
    ]


def test_a_task_is_shown_whole(server: FakeServer, run: Run) -> None:
    server.answers["get_task_by_code"] = lambda params: (
        TASK
        | {
            "claim": CLAIM,
            "depends_on": [{"code": "A-1", "kind": "blocks"}],
            "labels": ["db", "sql"],
            "acceptance_criteria": ["it runs"],
            "notes": [{"at": "2026-01-02T03:04:05.000Z", "by": "ada", "text": "two\nlines\x07"}],
            "blocked_reason": "wait\x1b]0;x\x07",
        }
    )
    out = run("task", "show", "SEC-001").out
    for part in (
        "held by ada with fence 3",
        "All of it.\nWell.",
        "A-1 blocks",
        "db, sql",
        "it runs",
        "  two\n  lines\\x07",
        r"wait\x1b]0;x\x07",
    ):
        assert part in out


def test_claim_and_release_say_what_they_did(server: FakeServer, run: Run) -> None:
    server.answers["claim_task"] = lambda params: TASK | {"state": "InProgress", "claim": CLAIM}
    server.answers["release_task"] = lambda params: TASK
    assert "held by ada with fence 3 until" in run("task", "claim", "SEC-001", "--lease", 60, "--agent", "ada").out
    assert run("task", "release", "SEC-001", "--reason", "no time", "--failure", "transient", "--agent", "ada").code == 0
    assert server.calls_of("claim_task") == [{"code": "SEC-001", "lease_s": 60}]
    assert server.calls_of("release_task") == [{"code": "SEC-001", "reason": "no time", "failure": "transient"}]
    assert server.around == [{"project": "default", "agent": "ada"}] * 2


@pytest.mark.parametrize(
    ("state", "moves"),
    [("InProgress", ["Done"]), ("Created", ["InProgress", "Done"]), ("Blocked", ["InProgress", "Done"]), ("Review", ["Done"])],
)
def test_done_walks_the_task_to_its_end(state: str, moves: list[str], server: FakeServer, run: Run) -> None:
    board = Board(server, state)
    ran = run("task", "done", "SEC-001", "--summary", "all of it")
    assert (ran.code, board.moves, board.notes) == (0, moves, ["all of it"])
    assert ran.out.startswith("SEC-001 Done")


@pytest.mark.parametrize("state", ["Created", "InProgress"])
def test_done_stops_in_review_where_one_is_required_and_says_so(state: str, server: FakeServer, run: Run) -> None:
    board = Board(server, state, review=True)
    ran = run("task", "done", "SEC-001")
    assert (ran.code, board.state) == (0, "Review")
    assert "requires a review" in ran.out


def test_done_that_is_refused_leaves_no_note(server: FakeServer, run: Run) -> None:
    board = Board(server, "Archived")
    ran = run("task", "done", "SEC-001", "--summary", "again")
    assert (ran.code, board.notes) == (1, [])


@pytest.mark.parametrize("text", ["\x9b31m", "\u202e", "世界", "\ud83c"])
def test_json_is_the_answer_itself_in_ascii(text: str, server: FakeServer, run: Run) -> None:
    server.answers["get_task_by_code"] = lambda params: TASK | {"name": text}
    out = run("task", "show", "SEC-001", "--json").out
    assert out.isascii()
    assert json.loads(out) == TASK | {"name": text}
