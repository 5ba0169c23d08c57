"""log.sh works from anywhere, through links, in other repositories, and without anything installed."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.fake_server import FakeServer

ROOT = Path(__file__).parents[2]
LOG_SH = ROOT / "log.sh"


def log(
    *words: str, script: Path | str = LOG_SH, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run([script, *words], capture_output=True, text=True, check=False, cwd=cwd, env=os.environ | dict(env or {}))


@pytest.fixture
def team(server: FakeServer) -> FakeServer:
    server.answers["send_message"] = lambda params: {"id": 1}
    return server


def said(server: FakeServer) -> list[str]:
    return [params["content"] for params in server.calls_of("send_message")]


def test_a_line_is_printed_noted_and_delivered(team: FakeServer, project: Path) -> None:
    ran = log("BACKEND → QA: schema is ready")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.fullmatch(r"\[\d\d:\d\d:\d\d\] BACKEND → QA: schema is ready\n", ran.stdout)
    assert (project / "coordination.log").read_text() == ran.stdout
    assert team.calls_of("send_message")[0]["from_role"] == "backend"


def test_it_works_from_a_folder_further_down(team: FakeServer, project: Path) -> None:
    (project / "src" / "deep").mkdir(parents=True)
    log("x", cwd=project / "src" / "deep")
    assert said(team) == ["x"]
    assert (project / "coordination.log").exists()


def test_it_works_through_links_by_any_name(team: FakeServer, project: Path, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(LOG_SH)
    (project / "say").symlink_to("../one")
    log("absolute", script=project / "say")
    log("relative", script="./say", cwd=project)
    log("elsewhere", script="../../say", cwd=_made(project / "a" / "b"))
    assert said(team) == ["absolute", "relative", "elsewhere"]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def test_it_is_found_on_the_path(team: FakeServer, project: Path, tmp_path: Path) -> None:
    (_made(tmp_path / "bin") / "log.sh").symlink_to(LOG_SH)
    subprocess.run(
        ["sh", "-c", "log.sh x"], env=os.environ | {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}, check=True, capture_output=True
    )
    assert said(team) == ["x"]


def test_called_from_nowhere_it_speaks_for_the_project_that_it_is_in(team: FakeServer, project: Path, tmp_path: Path) -> None:
    (project / "log.sh").symlink_to(LOG_SH)
    nowhere = _made(tmp_path / "nowhere")
    assert log("x", script=project / "log.sh", cwd=nowhere).returncode == 0
    assert said(team) == ["x"]
    assert list(nowhere.iterdir()) == []


def test_without_a_server_the_line_is_kept_and_delivered_with_the_next(project: Path) -> None:
    ran = log("BACKEND → QA: first")
    assert ran.returncode == 0
    assert "kept" in ran.stderr
    server = FakeServer(project / ".taskactors")
    server.answers["send_message"] = lambda params: {"id": 1}
    log("QA → BACKEND: second")
    server.stop()
    assert said(server) == ["first", "second"]


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX", "de_DE.ISO-8859-1"])
def test_the_locale_does_not_matter(locale: str, team: FakeServer) -> None:
    ran = subprocess.run([LOG_SH, "BACKEND → QA: päckchen ✓"], env=os.environ | {"LC_ALL": locale}, capture_output=True, check=False)
    assert ran.returncode == 0
    assert said(team) == ["päckchen ✓"]


@pytest.mark.parametrize("words", [[], [""], ["BACKEND → QA:"]])
def test_nothing_to_say_is_wrong_usage(words: list[str], project: Path) -> None:
    assert log(*words).returncode == 2


def test_words_that_a_shell_would_read_are_only_words(team: FakeServer) -> None:
    text = "$(touch pwned) `touch pwned`; touch pwned & * \\n %s 'single' \"double\""
    log("QA → DOCS: " + text)
    assert said(team) == [text]


def test_nothing_of_the_callers_folder_stands_in_for_a_module(team: FakeServer, project: Path) -> None:
    for name in ("os.py", "time.py", "fcntl.py", "taskactors.py", "socket.py"):
        (project / name).write_text("raise SystemExit('taken over')")
    assert log("x").returncode == 0
    assert said(team) == ["x"]


def test_without_the_source_beside_it_the_installed_command_is_used(team: FakeServer, project: Path, tmp_path: Path) -> None:
    copy = project / "log.sh"
    shutil.copy(LOG_SH, copy)
    command = _made(tmp_path / "bin") / "taskactors"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m taskactors "$@"\n')
    command.chmod(0o755)
    assert log("QA → DOCS: x", script=copy, env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}).returncode == 0
    assert said(team) == ["x"]


def test_it_is_the_same_as_the_command(team: FakeServer) -> None:
    log("QA → ada: x")
    subprocess.run([sys.executable, "-m", "taskactors", "log", "QA → ada: x"], check=True, capture_output=True)
    first, second = team.calls_of("send_message")
    assert first.pop("idempotency_key") != second.pop("idempotency_key")
    assert first == second
