"""A project folder to run commands in, a server for it, and a way to run them."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from taskactors.cli import main
from tests.cli.fake_server import FakeServer


@frozen
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, which the command runs in; nothing of the tester's own environment reaches it."""
    for name in [name for name in os.environ if name.startswith("TASKACTORS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CODEX_HOME", raising=False)
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def server(project: Path) -> Iterator[FakeServer]:
    one = FakeServer(project / ".taskactors")
    yield one
    one.stop()


@pytest.fixture
def run(project: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run_command(*argv: Any) -> Ran:
        capsys.readouterr()
        code = main([str(each) for each in argv])
        return Ran(code, *capsys.readouterr())

    return run_command
