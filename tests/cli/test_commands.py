"""Commands end with the exit code that says how, and say why in two lines."""

import io
import os
import subprocess
import sys
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

import pytest

import taskactors
from taskactors.cli.commands import COMMANDS
from tests.cli.conftest import Run
from tests.cli.fake_server import FakeServer, No


@pytest.mark.parametrize("argv", [["--help"], ["-h"], ["help"], ["--version"], *([name, "--help"] for name in COMMANDS if name != "demo")])
def test_help_is_printed_and_is_no_failure(argv: list[str], run: Run) -> None:
    ran = run(*argv)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["dance"],
        ["task"],
        ["task", "dance"],
        ["task", "claim"],
        ["task", "claim", "A-1", "--lease", "soon"],
        ["task", "claim", "A-1", "--lease", "0"],
        ["task", "list", "--lim", "5"],
        ["task", "list", "--limit", "-1"],
        ["task", "add"],
        ["task", "add", "x", "--priority", "high"],
        ["agents"],
        ["agents", "promote"],
        ["send", "ada"],
        ["send", "ada", "hi", "--importance", "huge"],
        ["inbox", "--limit", "101"],
        ["log", "--loud", "x"],
        ["serve", "--ws-port", "x"],
        ["serve", "extra"],
    ],
)
def test_wrong_usage_is_two_and_says_what_is_wrong(argv: list[str], run: Run) -> None:
    ran = run(*argv)
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err


@pytest.mark.parametrize(
    "argv", [["task", "list"], ["agents", "list"], ["send", "all", "x"], ["inbox"], ["verify"], ["task", "add", "x", "--json"]]
)
def test_without_a_server_it_is_three_with_cause_and_remedy(argv: list[str], run: Run) -> None:
    ran = run(*argv)
    assert (ran.code, ran.out) == (3, "")
    cause, remedy = ran.err.splitlines()
    assert cause.startswith("taskactors: ")
    assert "taskactors serve" in remedy


def test_a_refusal_is_one_with_cause_and_remedy_and_cannot_command_the_terminal(server: FakeServer, run: Run) -> None:
    def no(params: dict[str, Any]) -> dict[str, Any]:
        raise No("not_found", "there is no task '\x1b[31mA-1'\nreally", "look \u202eagain")

    server.answers["get_task_by_code"] = no
    ran = run("task", "show", "A-1")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "taskactors: there is no task '\\x1b[31mA-1'\\x0areally\n  look \\u202eagain\n"


def test_main_may_be_called_again_and_again_in_one_process(server: FakeServer, run: Run) -> None:
    server.answers["list_tasks"] = lambda params: {"items": []}
    assert [run("task", "list").code, run("task").code, run("task", "list").code] == [0, 2, 0]


def command(*argv: str, **given: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "taskactors", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, **given
    )


def test_a_reader_that_has_enough_ends_it_quietly(server: FakeServer) -> None:
    server.answers["list_tasks"] = lambda params: {"items": [{"text": "x" * 1_000_000}]}
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [sys.executable, "-m", "taskactors", "task", "list", "--json"], stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert process.stderr == b""
    assert process.returncode == 1


def test_an_old_locale_does_not_stop_what_it_cannot_show(server: FakeServer, project: Path) -> None:
    server.answers["send_message"] = lambda params: {"id": 1, "target_agent_name": "ünal → 世界"}
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    process = command("send", "all", "x", env=environment)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert b"\\u4e16" in out


def test_it_says_the_version_that_was_installed() -> None:
    assert taskactors.__version__ == version("taskactors")


def test_it_is_a_module_and_a_command() -> None:
    (script,) = entry_points(group="console_scripts", name="taskactors")
    assert script.value == "taskactors.cli:main"
    process = command("--version")
    out, _ = process.communicate()
    assert process.returncode == 0
    assert out.startswith(b"taskactors ")


def test_importing_the_module_that_is_run_runs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    import taskactors.__main__  # noqa: F401
