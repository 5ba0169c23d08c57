"""How long commands take from start to end, as whoever types them feels it; in turns, as everything here."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from .servers import Server, environment, process, taskactors

ROOT = Path(__file__).parent.parent
NOTHING = "python3 -c pass"
IMPORT = "import of the SDK alone"
START = "start to listening, {tasks} tasks"


def take_turns(commands: Mapping[str, Callable[[], float]], turns: int) -> dict[str, tuple[float, ...]]:
    """Each command's times; one turn before them is thrown away, for the disk's sake."""
    times = [{name: run() for name, run in commands.items()} for _ in range(turns + 1)][1:]
    return {name: tuple(round(each[name], 4) for each in times) for name in commands}


def commands(server: Server, folder: Path) -> Mapping[str, Callable[[], float]]:
    """What agents and people type, answered by a server that is there."""
    assert server.control is not None
    data = str(Path(server.control).parent)
    shell = environment() | {"TASKACTORS_DATA": data, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    program = str(Path(sys.executable).parent / "taskactors")
    asked = {
        "taskactors wait": [program, "wait", "--agent", "typist", "--for", "mail", "--within", "5"],
        "taskactors inbox": [program, "inbox", "--agent", "reader"],
        "taskactors send": [program, "send", "--agent", "typist", "reader", "hello"],
        "taskactors log": [program, "log", "BACKEND → QA: the schema is ready"],
        "./log.sh": [str(ROOT / "log.sh"), "BACKEND → QA: the schema is ready"],
    }
    # Mail that is there already, so that `wait` has nothing to wait for: nobody confirms it.
    subprocess.run([program, "send", "typist", "there is mail"], env=shell, cwd=folder, check=True, capture_output=True)

    def timed(command: list[str]) -> float:
        began = time.perf_counter()
        subprocess.run(command, env=shell, cwd=folder, check=True, capture_output=True)
        return time.perf_counter() - began

    def run(command: list[str]) -> Callable[[], float]:
        return lambda: timed(command)

    return {NOTHING: run([sys.executable, "-c", "pass"]), **{name: run(command) for name, command in asked.items()}}


def import_of_the_sdk() -> float:
    """As a server of the SDK would begin."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        with process([sys.executable, "-c", "import mcp.server.lowlevel"], Path(folder) / "errors", environment()) as running:
            running.wait()
        return time.perf_counter() - began


def start(folder: Path) -> float:
    """From the command to the line that says it is ready."""
    began = time.perf_counter()
    with taskactors(folder):
        return time.perf_counter() - began
