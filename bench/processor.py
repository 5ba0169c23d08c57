"""Who used the processor: processes by their ids, and the whole machine."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from attrs import frozen

_CLOCK_OF_PROCESS = 2
_TICKS = os.sysconf("SC_CLK_TCK")
# user, nice, system, irq, softirq and steal of the first line of /proc/stat; idle and iowait are nobody's work.
_BUSY = (0, 1, 2, 5, 6, 7)


def process_s(pids: Iterable[int]) -> float:
    """Seconds on a processor of these processes, their ended threads with them, and of what they had started and has ended."""
    return sum(_ended_s(pid) + _own_s(pid) for pid in pids)


def _own_s(pid: int) -> float:
    # What clock_getcpuclockid(3) makes of a process's id: the standard library has it for threads alone.
    with suppress(OSError):
        return time.clock_gettime((~pid << 3) | _CLOCK_OF_PROCESS)
    return 0.0


def _ended_s(pid: int) -> float:
    # The name, which comes second, may hold anything; the fields are counted from the one after it.
    fields = " ".join(_fields(Path(f"/proc/{pid}/stat"))).rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / _TICKS if fields else 0.0


def family(pid: int) -> list[int]:
    """A process and all that it started and that these started; those that are gone are left out."""
    if not Path(f"/proc/{pid}").exists():
        return []
    children = [child for thread in Path(f"/proc/{pid}/task").glob("*") for child in _fields(thread / "children")]
    return [pid, *(each for child in children for each in family(int(child)))]


def memory_kib(pids: Iterable[int]) -> int:
    """Memory that is these processes' own: without the pages of files, which the system takes back when it wants them."""
    sizes = [list(map(int, fields)) for pid in pids if (fields := _fields(Path(f"/proc/{pid}/statm")))]
    return sum(resident - of_files for _, resident, of_files, *_ in sizes) * os.sysconf("SC_PAGE_SIZE") // 1024


def _fields(file: Path) -> list[str]:
    """What a file of /proc says; nothing when its process has ended meanwhile."""
    try:
        return file.read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def machine_s() -> float:
    """Seconds on any processor of everything that runs on this machine."""
    with open("/proc/stat") as lines:
        fields = lines.readline().split()[1:]
    return sum(int(fields[place]) for place in _BUSY) / _TICKS


@frozen
class Used:
    """Seconds used between two moments, by the server, by oneself, and by everybody."""

    server_s: float
    own_s: float
    machine_s: float

    def __sub__(self, earlier: "Used") -> "Used":
        return Used(self.server_s - earlier.server_s, self.own_s - earlier.own_s, self.machine_s - earlier.machine_s)

    @property
    def foreign_s(self) -> float:
        """What strangers used: ticks are coarse, so a little less than nothing is nothing."""
        return max(0.0, self.machine_s - self.server_s - self.own_s)


def used(server: Iterable[int]) -> Used:
    return Used(process_s(server), process_s([os.getpid()]), machine_s())


def pin(core: int | None) -> None:
    """Stay on one core, where there are several."""
    if core is not None and core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})
