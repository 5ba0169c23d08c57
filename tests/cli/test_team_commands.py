"""send, inbox, agents and verify."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.cli.fake_server import FakeServer


class Inbox:
    """Messages with a cursor that only moves when it is passed back."""

    def __init__(self, server: FakeServer, count: int) -> None:
        self.messages = [self._message(number) for number in range(1, count + 1)]
        self.confirmed = 0
        server.answers["read_inbox"] = self._read

    def _message(self, number: int) -> dict[str, Any]:
        return {
            "id": number,
            "author_agent_name": "ada",
            "target_agent_name": "role:qa",
            "message_type": "question",
            "created_at": "2026-01-02T03:04:05.000Z",
            "content": f"message {number}\nsecond line\x1b[2J",
            "reply_to_message_id": None,
        }

    def _read(self, params: dict[str, Any]) -> dict[str, Any]:
        passed_back = int(params.get("cursor", "0"))
        after = passed_back
        if params.get("unread_only", True):
            after = self.confirmed = max(self.confirmed, passed_back)
        items = self.messages[after : after + params.get("limit", 20)]
        return {"items": items, "next_cursor": str(items[-1]["id"] if items else after)}


def test_sending_gives_every_option_to_the_board(server: FakeServer, run: Run) -> None:
    server.answers["send_message"] = lambda params: {"id": 7, "target_agent_name": params["to"]}
    assert "7" in run("send", "ada", "hello").out
    run("send", "role:qa", "hello", "--code", "A-1", "--type", "question", "--importance", "high", "--reply-to", "5", "--agent", "bob")
    assert server.calls_of("send_message") == [
        {"to": "ada", "content": "hello"},
        {"to": "role:qa", "content": "hello", "code": "A-1", "message_type": "question", "importance": "high", "reply_to": 5},
    ]
    assert server.around[1]["agent"] == "bob"


def test_the_inbox_shows_and_then_confirms_what_it_showed(server: FakeServer, run: Run) -> None:
    inbox = Inbox(server, 25)
    first = run("inbox", "--agent", "bob")
    assert inbox.confirmed == 20
    assert "#20 " in first.out
    assert "#21 " not in first.out
    assert "more" in first.out
    second = run("inbox", "--agent", "bob")
    assert [f"#{number} " in second.out for number in (20, 21, 25)] == [False, True, True]
    assert "more" not in second.out
    assert run("inbox", "--agent", "bob").out == "Nothing new.\n"


def test_a_message_is_shown_with_its_lines_and_without_its_controls(server: FakeServer, run: Run) -> None:
    Inbox(server, 1)
    out = run("inbox").out
    assert "ada → role:qa question" in out
    assert "  message 1\n  second line\\x1b[2J\n" in out


def test_keep_confirms_nothing(server: FakeServer, run: Run) -> None:
    inbox = Inbox(server, 3)
    assert run("inbox", "--keep").out == run("inbox", "--keep").out
    assert inbox.confirmed == 0


@pytest.mark.parametrize(("limit", "shown"), [([], 250), (["--limit", "120"], 120), (["--limit", "1000"], 250)])
def test_all_shows_everything_kept_and_confirms_nothing(limit: list[str], shown: int, server: FakeServer, run: Run) -> None:
    inbox = Inbox(server, 250)
    inbox.confirmed = 100
    answer = json.loads(run("inbox", "--all", "--json", *limit).out)
    assert [message["id"] for message in answer["items"]] == list(range(1, shown + 1))
    assert inbox.confirmed == 100


def test_a_limit_confirms_only_what_it_let_through(server: FakeServer, run: Run) -> None:
    inbox = Inbox(server, 5)
    run("inbox", "--limit", "2")
    assert inbox.confirmed == 2


def test_what_could_not_be_shown_is_not_confirmed(server: FakeServer) -> None:
    inbox = Inbox(server, 5)
    with open("/dev/full", "wb") as full:
        process = subprocess.run([sys.executable, "-m", "taskactors", "inbox"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert process.returncode == 1
    assert process.stderr.startswith(b"taskactors: ")
    assert b"Traceback" not in process.stderr
    assert inbox.confirmed == 0


AGENTS = [
    {"name": "ada", "role": "backend", "capabilities": ["python", "sql"], "holding": ["A-1"], "coordinator": True},
    {"name": "qa", "role": "qa", "capabilities": [], "holding": [], "provisional": True},
]


def test_the_team_is_a_table(server: FakeServer, run: Run) -> None:
    server.answers["list_agents"] = lambda params: {"items": AGENTS}
    lines = run("agents", "list").out.splitlines()
    assert lines[0].split() == ["NAME", "ROLE", "HOLDS", "CAN", "DO", "NOTE"]
    assert lines[1].split() == ["ada", "backend", "A-1", "python,", "sql", "coordinator"]
    assert lines[2].endswith("never registered itself")


def test_an_empty_team_says_so(server: FakeServer, run: Run) -> None:
    server.answers["list_agents"] = lambda params: {"items": []}
    assert run("agents", "list").out == "Nobody is on the team yet.\n"


def test_looking_is_for_everybody_also_in_an_agents_shell(server: FakeServer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKACTORS_AGENT", "ada")
    server.answers["list_agents"] = lambda params: {"items": []}
    server.answers["admin.verify"] = lambda params: {"clean": True, "findings": []}
    assert run("agents", "list").code == 0
    assert run("verify").code == 0
    assert server.around == [{"project": "default"}] * 2


@pytest.mark.parametrize(("options", "coordinator"), [([], True), (["--revoke"], False)])
def test_promoting_and_taking_it_back(options: list[str], coordinator: bool, server: FakeServer, run: Run) -> None:
    server.answers["admin.promote_agent"] = lambda params: {"name": params["agent_name"], "coordinator": params["coordinator"] or None}
    ran = run("agents", "promote", "ada", *options)
    assert ran.out == f"ada is {'a coordinator' if coordinator else 'no coordinator'} now.\n"
    assert server.calls_of("admin.promote_agent") == [{"agent_name": "ada", "coordinator": coordinator}]


def test_an_agents_shell_promotes_nobody(server: FakeServer, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKACTORS_AGENT", "ada")
    ran = run("agents", "promote", "ada")
    assert ran.code == 1
    assert "TASKACTORS_AGENT" in ran.err
    assert server.received == []


def test_a_running_server_verifies_itself(server: FakeServer, run: Run) -> None:
    server.answers["admin.verify"] = lambda params: {"clean": True, "findings": []}
    ran = run("verify", "--project", "web")
    assert ran.code == 0
    assert "project web" in ran.out
    assert server.around == [{"project": "web"}]


def test_findings_are_lines_and_a_failure(server: FakeServer, run: Run) -> None:
    server.answers["admin.verify"] = lambda params: {"clean": False, "findings": ["task 1 has\x1b two holders", "event 5 is missing"]}
    ran = run("verify")
    assert ran.code == 1
    assert ran.out.splitlines()[:2] == [r"task 1 has\x1b two holders", "event 5 is missing"]
    assert "2 findings" in ran.out


@pytest.fixture
def stopped(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a server that was stopped, whose verification finds what `findings.txt` in it says."""
    import taskactors.app

    def verify_offline(data: Path) -> list[str]:
        return (data / "findings.txt").read_text().splitlines()

    server.stop()
    (server.data / "projects").mkdir()
    (server.data / "findings.txt").touch()
    monkeypatch.setattr(taskactors.app, "verify_offline", verify_offline)
    return server.data


def test_the_data_of_a_stopped_server_is_verified_where_it_lies(stopped: Path, run: Run) -> None:
    ran = run("verify")
    assert ran.code == 0
    assert str(stopped) in ran.out
    (stopped / "findings.txt").write_text("default: a record is torn\n")
    ran = run("verify", "--data", stopped)
    assert ran.code == 1
    assert ran.out.startswith("default: a record is torn\n")
    assert json.loads(run("verify", "--json").out)["clean"] is False


def test_a_folder_of_something_else_is_not_verified_and_not_touched(run: Run, project: Path) -> None:
    ran = run("verify", "--data", project)
    assert ran.code == 1
    assert "no data" in ran.err
    assert [each.name for each in project.iterdir()] == [".git"]


def test_data_that_cannot_be_opened_is_said_plainly(stopped: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import taskactors.app
    from taskactors.storage.errors import DataInUse

    def in_use(data: Path) -> list[str]:
        raise DataInUse(data, "process 5")

    monkeypatch.setattr(taskactors.app, "verify_offline", in_use)
    ran = run("verify")
    assert ran.code == 1
    assert "process 5" in ran.err
