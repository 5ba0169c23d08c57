import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.clients import environments


def said_by(*command: str | Path, cwd: Path | None = None) -> str:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_the_python_client_is_the_first_generation_of_the_sdk_and_knows_nothing_of_ours() -> None:
    python = environments.python("mcp1")
    assert said_by(python, "-c", "from importlib.metadata import version; print(version('mcp'))").startswith("1.")
    assert said_by(python, "-c", "import mcp.client.websocket; print('here')") == "here"
    with pytest.raises(subprocess.CalledProcessError):
        said_by(python, "-c", "import taskactors")


def test_the_typescript_client_finds_its_sdk_and_websocket_from_its_own_folder() -> None:
    node, folder = environments.node("typescript1")
    script = """
        import { WebSocketClientTransport } from '@modelcontextprotocol/sdk/client/websocket.js';
        import WebSocket from 'ws';
        import { z } from 'zod';
        console.log(typeof WebSocketClientTransport, typeof WebSocket, typeof z.object);
    """
    assert said_by(node, "--input-type=module", "--eval", script, cwd=folder) == "function function function"


@pytest.fixture
def makings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Where environments were made; making one is only noted here, and leaves a file."""
    made: list[Path] = []
    monkeypatch.setattr(environments, "CACHE", tmp_path)
    return made


def make(makings: list[Path], lock: Path, place: Path) -> None:
    with environments._made_once(place, [lock], wanted=place / "ready") as must_make:
        if must_make:
            makings.append(place)
            (place / "ready").parent.mkdir(exist_ok=True)
            (place / "ready").touch()


def test_an_environment_is_made_once_for_all_who_ask_at_once(makings: list[Path], tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text("one==1")
    with ThreadPoolExecutor(8) as askers:
        list(askers.map(lambda _: make(makings, lock, tmp_path / "env"), range(8)))
    assert len(makings) == 1


def test_another_lock_makes_the_environment_again(makings: list[Path], tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    for pins in ("one==1", "one==2", "one==2"):
        lock.write_text(pins)
        make(makings, lock, tmp_path / "env")
    assert len(makings) == 2


def test_an_environment_that_failed_half_way_is_not_taken_for_made(makings: list[Path], tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text("one==1")
    place = tmp_path / "env"
    make(makings, lock, place)
    lock.write_text("one==2")
    with pytest.raises(environments.NoEnvironment), environments._made_once(place, [lock], wanted=place / "ready"):
        environments._step(tmp_path, sys.executable, "-c", "raise SystemExit('no index')")
    make(makings, lock, place)
    assert len(makings) == 2


def test_a_failing_step_says_what_it_printed(tmp_path: Path) -> None:
    with pytest.raises(environments.NoEnvironment, match="no index today"):
        environments._step(tmp_path, sys.executable, "-c", "raise SystemExit('no index today')")
