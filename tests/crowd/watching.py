"""What a crowd costs, seen from outside: the memory of a real server process, its open sockets, and how long another's calls take."""

import os
import resource
import statistics
import time
from pathlib import Path

from attrs import define

from tests.crowd.lines import Line
from tests.support.server_process import ServerProcess

KIB = 1024
ROUNDS = 3


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
    """How many times as long calls took before a crowd as alone: usually, and the slowest in twenty."""

    usually: float
    at_worst: float


def felt_by(alone: Line, beside: Line, number: int) -> Felt:
    """So many calls of two servers, one after the other, in turns: whatever else the machine does, both feel.

    It is the best of a few rounds, as a busy machine may still favour one of them for a while; what a crowd costs is there in each.
    """
    rounds = [_round(alone, beside, number) for _ in range(ROUNDS)]
    return Felt(min(each.usually for each in rounds), min(each.at_worst for each in rounds))


def _round(alone: Line, beside: Line, number: int) -> Felt:
    took: tuple[list[float], list[float]] = [], []
    for _ in range(number):
        took[0].extend(calls(alone, 1))
        took[1].extend(calls(beside, 1))
    return Felt(
        statistics.median(took[1]) / statistics.median(took[0]),
        statistics.quantiles(took[1], n=20)[-1] / statistics.quantiles(took[0], n=20)[-1],
    )


def calls(active: Line, number: int) -> list[float]:
    """How long each of so many changes takes, one after the other."""
    took = []
    for _ in range(number):
        began = time.perf_counter()
        active.call("create_task", code="WORK", name="a task", description="x" * 1_000)
        took.append(time.perf_counter() - began)
    return took
