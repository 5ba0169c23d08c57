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
    """How long one client's calls took, alone and beside a crowd, in turns."""

    alone: list[list[float]] = Factory(list)
    beside: list[list[float]] = Factory(list)

    @property
    def usual(self) -> float:
        """What a call beside the crowd takes, in units of one without. Each is the best of its rounds: a busy machine only ever adds."""
        return min(map(statistics.median, self.beside)) / min(map(statistics.median, self.alone))

    @property
    def worst(self) -> float:
        """The same of the slowest in a hundred."""
        return min(map(_slowest, self.beside)) / min(map(_slowest, self.alone))


def _slowest(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[-1]


def calls(active: Line, number: int) -> list[float]:
    """How long each of so many changes takes, one after the other."""
    took = []
    for _ in range(number):
        began = time.perf_counter()
        active.call("create_task", code="WORK", name="a task", description="x" * 1_000)
        took.append(time.perf_counter() - began)
    return took
