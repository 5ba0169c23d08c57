"""What a larger board costs: the same calls on boards of several sizes, in turns, and what it takes to start on each."""

import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from . import walls
from .contests import Manner, take_turns
from .generator import Failed, load
from .processor import memory_kib, process_s
from .results import Grown, Results
from .servers import Server, environment, taskactors

# The first is a goal, and is given as many rounds as one.
CALLS = ("next", "claim", "list", "feed", "graph", "search")
AGENTS = 8
SECONDS = 1.0
DATA_FILE = "data/projects/default/data.mdb"

# How long a server may be at work that it began, and how little of a core is rest.
SETTLED_WITHIN_S = 300.0
LOOK_S = 1.0
REST = 0.05


def filled(folder: Path, tasks: int) -> Path:
    """A data folder with so many tasks."""
    folder.mkdir()
    subprocess.run([sys.executable, "-m", "bench.fill", str(folder / "data"), str(tasks)], check=True, env=environment())
    return folder


def measure(results: Results, folder: Path, manner: Manner) -> None:
    """Fill, start and load a server for each size, all of them up at the same time."""
    with ExitStack() as stack:
        servers: dict[int, Server] = {}
        started: dict[int, float] = {}
        for tasks in manner.over_tasks:
            place = filled(folder / str(tasks), tasks)
            began = time.perf_counter()
            servers[tasks] = stack.enter_context(taskactors(place))
            started[tasks] = time.perf_counter() - began
            load(servers[tasks], "reads", AGENTS, SECONDS)
        memory = {tasks: memory_kib(server.pids()) for tasks, server in servers.items()}
        for call in CALLS:
            if call == "search":
                searches = {tasks: first_search(server) for tasks, server in servers.items()}
            turns = {str(tasks): partial(load, server, call, AGENTS, SECONDS) for tasks, server in servers.items()}
            results.contests[f"growth {call}"] = take_turns(turns, manner.rounds if call == CALLS[0] else manner.curve_rounds)
    for tasks in manner.over_tasks:
        file_mib = (folder / str(tasks) / DATA_FILE).stat().st_size / (1 << 20)
        results.growth += (Grown(tasks, round(started[tasks], 3), memory[tasks], round(file_mib, 1), *searches[tasks]),)
    starts = {walls.START.format(tasks=tasks): partial(walls.start, folder / str(tasks)) for tasks in manner.over_tasks}
    results.walls |= walls.take_turns({walls.IMPORT: walls.import_of_the_sdk, **starts}, manner.walls)


def first_search(server: Server) -> tuple[float, bool]:
    """How long the first search took until its index was there, and whether it was answered."""
    began = time.perf_counter()
    try:
        return load(server, "search", 1, 0.1).prepared_s, True
    except Failed:
        settle(server)
        return round(time.perf_counter() - began, 1), False


def settle(server: Server) -> None:
    """Wait until a server has ended what it began, so that it takes nothing from the others."""
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while time.monotonic() < deadline:
        before = process_s(server.pids())
        time.sleep(LOOK_S)
        if process_s(server.pids()) - before < REST * LOOK_S:
            return
