"""Measures a server against a bare echo on the same WebSocket library, in turns, and prints ratios.

python -m bench.run [quick] [--json FILE]
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import trio
from attrs import frozen
from rich.console import Console
from rich.table import Table

from .agents import Agent, Team, Timing

SIZES = (1, 16, 64)
MEASURED_WITH = ("taskactors", "trio", "trio-websocket", "mcp", "lmdb", "msgspec")


@frozen
class Manner:
    """How many rounds, and how long each measure lasts in each."""

    rounds: int
    seconds: float


FULL, QUICK = Manner(7, 2.0), Manner(5, 0.5)


@contextmanager
def process(*command: str) -> Iterator[tuple[int, str]]:
    """A server process on the first core: its id, and its URL once it is ready."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        running = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    finally:
        os.sched_setaffinity(0, cores - {min(cores)} or cores)
    try:
        assert running.stdout is not None
        yield running.pid, str(json.loads(running.stdout.readline())["ws"])
    finally:
        running.terminate()
        running.communicate()
        os.sched_setaffinity(0, cores)


async def lifecycle(agent: Agent) -> int:
    """Create, claim, finish: three changes, each answered after a durable commit."""
    code = (await agent.call("create_task", code="BENCH", name="a task", description="to be done"))["code"]
    await agent.call("claim_task", code=code)
    await agent.call("set_task_state", code=code, state="Done")
    return 3


async def reading(agent: Agent) -> int:
    """One task read."""
    await agent.call("get_task_by_code", code="READ-1")
    return 1


async def echo(agent: Agent) -> int:
    """One message there and back."""
    await agent.ask("tools/call", {"name": "get_task_by_code", "arguments": {"code": "READ-1"}})
    return 1


async def one_round(url: str, echo_url: str, size: int, seconds: float) -> dict[str, Timing]:
    """Each measure once, one after the other, so that what disturbs the machine disturbs all of them."""
    async with Team(url, size, greets=True) as team:
        changes = await team.run(lifecycle, seconds)
        reads = await team.run(reading, seconds)
    async with Team(echo_url, size, greets=False) as team:
        return {"changes": changes, "reads": reads, "echo": await team.run(echo, seconds)}


def cpu_s(pid: int) -> float:
    """Processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(manner: Manner) -> dict[str, Any]:
    """All rounds at every size; medians, and how busy load generator and server were."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as data:
        serve = ("taskactors", "serve", "--data", data, "--ws-port", "0", "--no-auth", "--json", "--log-level", "error")
        with process(*serve) as (pid, url), process("bench.echo") as (_, echo_url):
            trio.run(_prepare, url)
            for size in SIZES:
                began, own, theirs = time.monotonic(), time.process_time(), cpu_s(pid)
                rounds = [trio.run(one_round, url, echo_url, size, manner.seconds) for _ in range(manner.rounds)]
                took = time.monotonic() - began
                results[str(size)] = summary(rounds) | {
                    "generator_busy": round((time.process_time() - own) / took, 2),
                    "server_busy": round((cpu_s(pid) - theirs) / took, 2),
                }
    return results


async def _prepare(url: str) -> None:
    async with Team(url, 1, greets=True) as team:
        await team.agents[0].call("create_task", code="READ-1", name="a task", description="to be read")


def summary(rounds: list[dict[str, Timing]]) -> dict[str, Any]:
    """Medians over rounds; ratios are taken inside each round first."""

    def middle(name: str, share: float) -> float:
        return round(median(each[name].percentile(share) for each in rounds), 2)

    return {
        name: {
            "per_second": round(median(each[name].rate for each in rounds)),
            "of_echo": round(median(each[name].rate / each["echo"].rate for each in rounds), 3),
            "p50_ms": middle(name, 0.5),
            "p99_ms": middle(name, 0.99),
        }
        for name in ("changes", "reads", "echo")
    }


def machine() -> Mapping[str, Any]:
    """What it was measured on."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "versions": {name: version(name) for name in MEASURED_WITH},
    }


def show(results: Mapping[str, Any]) -> None:
    table = Table(title="calls in a second, and as a share of a bare echo in the same round")
    for heading in ("agents", "measure", "calls/s", "of echo", "p50 ms", "p99 ms", "server busy", "generator busy"):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    for size, result in results.items():
        for name in ("changes", "reads", "echo"):
            row = result[name]
            shown = [size, name, row["per_second"], f"{row['of_echo']:.3f}", row["p50_ms"], row["p99_ms"]]
            table.add_row(*map(str, [*shown, result["server_busy"], result["generator_busy"]]))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a server against a bare echo, in turns.")
    parser.add_argument("manner", nargs="?", choices=["quick"], help="fewer and shorter rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    arguments = parser.parse_args()
    results = measure(QUICK if arguments.manner else FULL)
    show(results)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine(), "agents": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
