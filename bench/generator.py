"""The load generator as a process of its own, on a core of its own."""

import subprocess
import sys
from itertools import count

from .load.measured import Measured, read
from .peers.postgres import pgbench
from .servers import GENERATOR_CORE, Server, environment

# What it may take beyond the stretch itself: a thousand connections, on a machine that is busy.
OVERHEAD_S = 120.0

# One agent may make a thousand calls a second and two thousand at once: so few agents are measured briefly, and each time as others.
# A lone reader makes some 6,500 a second, and warms up for as long as it is timed.
FEW = 8
FEW_FOR_S = {"reads": 0.07}
FEW_ELSE_FOR_S = 0.6
_numbers = count()

# On a machine so busy that nothing is answered in a stretch, the next is longer.
ATTEMPTS = 3
IDLE = "idle"


class Failed(Exception):
    """A call was refused, or a connection lost: then nothing that was timed means anything."""


def load(server: Server, work: str, agents: int, seconds: float, *, parked: int = 0, pairs: int = 0) -> Measured:
    """One stretch of load. Raises Failed."""
    for attempt in range(1, ATTEMPTS + 1):
        measured = _stretch(server, work, agents, seconds * attempt, parked, pairs)
        if measured.errors:
            first = measured.first_error
            raise Failed(f"{server.name}, {work}, {agents} agents: {measured.errors} calls were refused, the first with {first}")
        if measured.calls.count or work == IDLE:
            return measured
    raise Failed(f"{server.name}, {work}, {agents} agents: nothing was answered")


def _stretch(server: Server, work: str, agents: int, seconds: float, parked: int, pairs: int) -> Measured:
    if server.url.startswith("postgresql:"):
        return pgbench(server, agents, seconds)
    prefix = "agent"
    if agents < FEW:
        seconds, prefix = min(seconds, FEW_FOR_S.get(work, FEW_ELSE_FOR_S)), f"few-{next(_numbers)}"
    command = [sys.executable, "-m", "bench.load", "--url", server.url, "--work", work, "--agents", str(agents)]
    command += ["--seconds", str(seconds), "--prefix", prefix, "--core", str(GENERATOR_CORE)]
    command += ["--parked", str(parked), "--pairs", str(pairs), *(["--token", server.token] if server.token else [])]
    command += [argument for pid in server.pids() for argument in ("--pid", str(pid))]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=OVERHEAD_S + seconds, check=False)
    if done.returncode:
        raise Failed(f"{server.name}, {work}, {agents} agents: {done.stderr[-2000:]}")
    return read(done.stdout)
