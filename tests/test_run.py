"""The script that starts a checkout: what it installs, when, and what it says when it cannot."""

import importlib.machinery
import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SCRIPT = Path(__file__).parent.parent / "run"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as if it stood in a fresh clone, whose environment is made of empty files."""
    loader = importlib.machinery.SourceFileLoader("run", str(SCRIPT))
    spec = importlib.util.spec_from_loader("run", loader)
    assert spec
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    run = importlib.util.module_from_spec(spec)
    loader.exec_module(run)
    for name in (run.SERVE_LOCK, run.CHECK_LOCK, "pyproject.toml"):
        (tmp_path / name).write_text("one==1")
    environment = tmp_path / ".venv"
    monkeypatch.setattr(run, "HERE", str(tmp_path))
    monkeypatch.setattr(run, "ENVIRONMENT", str(environment))
    monkeypatch.setattr(run, "PYTHON", str(environment / "bin" / "python"))
    return run


@pytest.fixture
def commands(checkout: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Every command that the script ran or became; none really runs."""
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> SimpleNamespace:
        ran.append(list(command))
        Path(checkout.PYTHON).parent.mkdir(parents=True, exist_ok=True)
        Path(checkout.PYTHON).touch()
        return SimpleNamespace(returncode=0)

    def become(program: str, command: list[str]) -> None:
        ran.append(command)
        raise SystemExit(0)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(checkout.os, "execv", become)
    return ran


Start = Callable[..., list[list[str]]]


@pytest.fixture
def start(checkout: ModuleType, commands: list[list[str]]) -> Start:
    """Starts the script; returns the commands of this start alone."""

    def start(*arguments: str) -> list[list[str]]:
        commands.clear()
        with pytest.raises(SystemExit) as ended:
            checkout.main(list(arguments))
        assert ended.value.code == 0
        return list(commands)

    return start


def test_the_first_start_makes_the_environment_installs_by_hash_and_hands_over(start: Start, checkout: ModuleType) -> None:
    venv, pins, project, command = start("serve", "--port", "0")
    assert venv[1:3] == ["-m", "venv"]
    assert "--require-hashes" in pins
    assert pins[-1].endswith("requirements.lock")
    assert {"--no-deps", "--no-build-isolation"} <= set(project)
    assert command == [checkout.PYTHON, "-P", "-m", "taskactors", "serve", "--port", "0"]


def test_a_second_start_installs_nothing(start: Start) -> None:
    start("serve")
    assert len(start("serve")) == 1


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_after_an_update_the_next_start_installs_again(start: Start, checkout: ModuleType, changed: str) -> None:
    start("serve")
    (Path(checkout.HERE) / changed).write_text("one==2")
    assert len(start("serve")) == 4


def test_an_environment_whose_python_is_gone_is_made_from_nothing(start: Start, checkout: ModuleType) -> None:
    start("serve")
    Path(checkout.PYTHON).unlink()
    Path(checkout.PYTHON).symlink_to("gone")
    assert "--clear" in start("serve")[0]


def test_the_check_runs_lint_and_tests_and_passes_arguments_on(start: Start) -> None:
    *_, pins, command = start("check", "-k", "stop")
    assert pins[-1].endswith("requirements-sessions.lock")
    assert command[1:3] == ["-m", "nox"]
    assert command[-6:] == ["--sessions", "lint", "tests", "--", "-k", "stop"]


def test_without_a_command_it_says_what_there_is(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    assert start()[-1][-1] == "--help"
    assert "run check" in capfd.readouterr().out


def test_standard_output_is_left_to_the_command(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    start("serve", "--json")
    assert capfd.readouterr().out == ""


def test_an_install_that_failed_is_said_and_tried_again_by_the_next_start(
    checkout: ModuleType, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1))
        with pytest.raises(SystemExit) as ended:
            checkout.main(["serve"])
    assert "could not make the environment" in str(ended.value.code)
    assert len(start("serve")) == 4


def test_a_python_that_is_too_old_is_told_which_one_is_needed(
    checkout: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    with pytest.raises(SystemExit, match=r"Python 3\.10; taskactors needs 3\.11") as ended:
        checkout.main(["serve"])
    assert ended.value.code != 0
    assert commands == []


def test_a_python_without_venv_is_told_what_to_install(
    checkout: ModuleType, commands: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkout.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SystemExit, match="python3-venv"):
        checkout.main(["serve"])
    assert commands == []
