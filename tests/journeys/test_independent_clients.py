"""Clients that share no code with the server work a full day on it, each from its own SDK and over its own WebSocket."""

import subprocess
from pathlib import Path

import pytest

from tests.clients.environments import HERE, python_mcp1, typescript
from tests.support.server_process import running

DAY_WITHIN_S = 60


@pytest.mark.timeout(240)
def test_the_python_sdk_1_works_a_full_day(tmp_path: Path) -> None:
    work_a_day(tmp_path, str(python_mcp1()), str(HERE / "python_day.py"))


@pytest.mark.timeout(240)
def test_the_typescript_sdk_1_works_a_full_day(tmp_path: Path) -> None:
    node, folder = typescript()
    work_a_day(tmp_path, str(node), str(folder / "day.mjs"))


def work_a_day(tmp_path: Path, *program: str) -> None:
    """Run a client's program against a new server; it says itself when its day is done."""
    root = tmp_path / "root"
    root.mkdir()
    with running(tmp_path / "data", "--root", str(root)) as server:
        day = subprocess.run([*program, server.ws], capture_output=True, text=True, timeout=DAY_WITHIN_S, check=False, cwd=root)
        assert (day.stdout.strip(), day.returncode) == ("the day is done", 0), day.stderr[-3000:]
        assert server.stop() == 0
        assert "Traceback" not in server.errors.read_text()
