"""Everything that one run of the bench has measured, as it is kept and read again."""

import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cattrs
import msgspec
from attrs import Factory, define, frozen

from .rounds import Kept, Round, kept
from .servers import CORES

CURVE = "over agents "
"""What the names of the contests of different numbers of agents begin with."""

VERSIONS_OF = ("taskactors", "trio", "mcp", "fastmcp", "lmdb", "msgspec", "trio-websocket", "picows", "uvloop", "uvicorn")


@frozen
class Machine:
    """What it was measured on."""

    processor: str
    cores: int
    memory_mib: int
    system: str
    python: str
    versions: Mapping[str, str]


@frozen
class Grown:
    """One size of board: what it took to start on it, and what it takes."""

    tasks: int
    start_s: float
    server_kib: int
    file_mib: float
    first_search_s: float
    """The first search makes the index."""
    first_search_answered: bool
    """Not so where making it took longer than a call may take."""


@define
class Results:
    """All of it, raw: rounds as they were, and what is made of them is worked out when they are read."""

    machine: Machine
    manner: str
    measured_at: str
    contests: dict[str, tuple[Round, ...]] = Factory(dict)
    walls: dict[str, tuple[float, ...]] = Factory(dict)
    """Seconds that each command took, turn by turn."""
    growth: tuple[Grown, ...] = ()
    idle_kib_per_agent: float | None = None
    tokens: dict[str, int] = Factory(dict)
    stages_us: dict[str, float] = Factory(dict)
    missing: dict[str, str] = Factory(dict)
    """What was not there to be measured, and why."""

    def contest(self, name: str) -> Kept | None:
        rounds = self.contests.get(name)
        return kept(rounds) if rounds else None

    @property
    def over_agents(self) -> dict[int, Kept]:
        """The contests of different numbers of agents, by that number."""
        found = {int(name.removeprefix(CURVE)): self.contest(name) for name in self.contests if name.startswith(CURVE)}
        return {agents: rounds for agents, rounds in sorted(found.items()) if rounds is not None}

    def write(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(msgspec.json.format(msgspec.json.encode(cattrs.unstructure(self)), indent=1) + b"\n")


def read_results(file: Path) -> Results:
    return cattrs.structure(msgspec.json.decode(file.read_bytes()), Results)


def this_machine() -> Machine:
    return Machine(
        processor=_field("/proc/cpuinfo", "model name"),
        cores=len(CORES),
        memory_mib=int(_field("/proc/meminfo", "MemTotal").split()[0]) // 1024,
        system=f"{platform.system()} {platform.release()}",
        python=sys.version.split()[0],
        versions={name: found for name in VERSIONS_OF if (found := _version(name))},
    )


def _field(file: str, name: str) -> str:
    lines = Path(file).read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "unknown")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def middles(walls: Mapping[str, Sequence[float]]) -> Mapping[str, float]:
    """The median of each command's times."""
    return {name: sorted(each)[len(each) // 2] for name, each in walls.items()}
