"""What a crowd costs, seen from outside: the memory of a real server process, its open sockets, and how long another's calls take."""

import os
import resource
import statistics
import time
from pathlib import Path

from attrs import Factory, define

from tests.crowd.lines import Line
from tests.support.server_process import ServerProcess

KIB = 1024


def allow_many_sockets(number: int) -> None:
    """Let this process have so many, if it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number + 500
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def memory_kib(server: ServerProcess) -> int:
    """What of the machine's memory a server's process holds for itself: without the pages of its data file, which any process may drop."""
    _, resident, shared, *_ = (Path("/proc") / str(server.process.pid) / "statm").read_text().split()
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE") // KIB


def sockets_of(server: ServerProcess) -> int:
    """How many sockets it has open."""
    found = 0
    for each in (Path("/proc") / str(server.process.pid) / "fd").iterdir():
        try:
            found += str(each.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue  # closed since
    return found


@define
class Felt:
    """How long calls took of a server alone and of one before a crowd, in turns: whatever else the machine does, both feel."""

    alone: list[float] = Factory(list)
    beside: list[float] = Factory(list)

    @property
    def usual(self) -> float:
        """What a call beside the crowd takes, in units of one without."""
        return statistics.median(self.beside) / statistics.median(self.alone)

    @property
    def worst(self) -> float:
        """The same of the slowest in twenty."""
        return statistics.quantiles(self.beside, n=20)[-1] / statistics.quantiles(self.alone, n=20)[-1]


def felt_by(alone: Line, beside: Line, number: int) -> Felt:
    """So many calls of each, one after the other, in turns."""
    felt = Felt()
    for _ in range(number):
        felt.alone += calls(alone, 1)
        felt.beside += calls(beside, 1)
    return felt


def calls(active: Line, number: int) -> list[float]:
    """How long each of so many changes takes, one after the other."""
    took = []
    for _ in range(number):
        began = time.perf_counter()
        active.call("create_task", code="WORK", name="a task", description="x" * 1_000)
        took.append(time.perf_counter() - began)
    return took
