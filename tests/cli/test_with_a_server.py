"""The commands against a real server: what the stand-in of the other tests answers is what servers answer."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.support.server_process import ServerProcess, running


@pytest.fixture
def real(project: Path) -> Iterator[ServerProcess]:
    with running(project / ".taskactors") as server:
        yield server


def test_a_day_at_the_shell(real: ServerProcess, run: Run, project: Path) -> None:
    assert stat.S_IMODE((project / ".taskactors" / "control.sock").stat().st_mode) == 0o600
    assert run("task", "add", "Write the schema", "--review", "--label", "db").out == "TASK-001 Created: Write the schema\n"
    assert run("task", "add", "Use it", "--code", "SEC", "--depends-on", "TASK-001").out == "SEC-001 WaitingForDependency: Use it\n"
    assert "held by ada with fence 1" in run("task", "claim", "TASK-001", "--agent", "ada").out
    assert run("task", "claim", "TASK-001", "--agent", "bob").code == 1
    assert run("task", "release", "TASK-001", "--agent", "ada", "--reason", "no time").code == 0
    assert "requires a review" in run("task", "done", "TASK-001", "--agent", "ada", "--summary", "all of it").out
    assert run("task", "done", "TASK-001", "--agent", "ada").code == 1
    assert run("task", "done", "TASK-001", "--agent", "bob").out == "TASK-001 Done: Write the schema\n"
    assert "all of it" in run("task", "show", "TASK-001").out
    assert run("task", "done", "SEC-001").code == 0
    states = [(task["code"], task["state"]) for task in json.loads(run("task", "list", "--json").out)["items"]]
    assert states == [("SEC-001", "Done"), ("TASK-001", "Done")]
    assert run("task", "show", "NOPE-1").code == 1
    assert "coordinator" in run("agents", "promote", "ada").out
    assert "coordinator" in run("agents", "list").out
    assert "project default" in run("verify").out


def test_messages_are_read_once_and_none_is_lost(real: ServerProcess, run: Run) -> None:
    for number in range(3):
        assert run("send", "role:qa", f"message {number}", "--importance", "high").code == 0
    assert "message 0" in run("inbox", "--agent", "qa", "--keep").out
    first = run("inbox", "--agent", "qa", "--limit", "2")
    assert "message 1" in first.out
    assert "more" in first.out
    assert "message 2" in run("inbox", "--agent", "qa").out
    assert run("inbox", "--agent", "qa").out == "Nothing new.\n"
    assert len(json.loads(run("inbox", "--agent", "qa", "--all", "--json").out)["items"]) == 3


def test_log_lines_outlive_the_server_and_come_once(run: Run, project: Path) -> None:
    run("log", "BACKEND → QA: kept from before")
    with running(project / ".taskactors") as server:
        assert run("log", "BACKEND → QA: with the server").err == ""
        server.kill()
        assert "kept" in run("log", "ada → QA: while it was dead").err
    with running(project / ".taskactors") as server:
        assert run("log", "last").err == ""
        items = json.loads(run("inbox", "--agent", "qa", "--all", "--json").out)["items"]
        assert [(each["author_agent_name"], each["content"]) for each in items] == [
            ("role:backend", "kept from before"),
            ("role:backend", "with the server"),
            ("ada", "while it was dead"),
            ("local", "last"),
        ]
        assert {each["message_type"] for each in items} == {"log"}
        assert server.stop() == 0
    assert not (project / ".taskactors" / "control.sock").exists()
    assert run("task", "list").code == 3
    assert run("verify").code == 0
