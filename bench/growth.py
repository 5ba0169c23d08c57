"""What a larger board costs: the same calls on boards of several sizes, in turns, and what it takes to start on each."""

import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from . import walls
from .contests import Manner, Turns, take_turns
from .generator import Failed, load
from .processor import memory_kib
from .results import Grown, Results
from .servers import Server, environment, taskactors

CALLS = ("next", "claim", "list", "search", "feed", "graph")
AGENTS = 8
SECONDS = 1.0
DATA_FILE = "data/projects/default/data.mdb"


def filled(folder: Path, tasks: int) -> Path:
    """A data folder with so many tasks."""
    folder.mkdir()
    subprocess.run([sys.executable, "-m", "bench.fill", str(folder / "data"), str(tasks)], check=True, env=environment())
    return folder


def measure(results: Results, folder: Path, manner: Manner) -> None:
    """Fill, start and load a server for each size, all of them up at the same time."""
    with ExitStack() as stack:
        servers: dict[int, Server] = {}
        for tasks in manner.over_tasks:
            place = filled(folder / str(tasks), tasks)
            began = time.perf_counter()
            servers[tasks] = stack.enter_context(taskactors(place))
            start_s = time.perf_counter() - began
            results.growth += (_grown(servers[tasks], place, tasks, start_s),)
        for call in CALLS:
            able = {tasks: server for tasks, server in servers.items() if call != "search" or _searched(results, tasks)}
            results.contests[f"growth {call}"] = take_turns(_turns(able, call), manner.growth_rounds)
    starts = {walls.START.format(tasks=tasks): partial(walls.start, folder / str(tasks)) for tasks in manner.over_tasks}
    results.walls |= walls.take_turns({walls.IMPORT: walls.import_of_the_sdk, **starts}, manner.walls)


def _searched(results: Results, tasks: int) -> bool:
    return any(each.tasks == tasks and each.first_search_s is not None for each in results.growth)


def _turns(servers: Mapping[int, Server], call: str) -> Turns:
    return {str(tasks): partial(load, server, call, AGENTS, SECONDS) for tasks, server in servers.items()}


def _grown(server: Server, place: Path, tasks: int, start_s: float) -> Grown:
    load(server, "reads", AGENTS, 0.1)
    kib = memory_kib(server.pids())
    try:
        first_search_s: float | None = load(server, "search", 1, 0.1).prepared_s
    except Failed:
        first_search_s = None
    return Grown(tasks, round(start_s, 3), kib, round((place / DATA_FILE).stat().st_size / (1 << 20), 1), first_search_s)
