"""The soak: a busy team for as long as is asked for, and whether latency, memory and file grow with time and not with work alone.

The machine is not the same half an hour later either. So at its end the server takes turns with a new one that has nothing stored, and
then another process on the same store does. Where the first alone is slower than the new one, age is what it costs; where both are, size.
"""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cattrs
import msgspec
from attrs import frozen

from .contests import TEAM
from .generator import load
from .growth import DATA_FILE
from .report import table
from .servers import Server, taskactors

SLICE_S = 30.0
TURN_S = 10.0
TURNS = 3


@frozen
class Slice:
    """A stretch of it. Every one begins with new connections of the same agents."""

    minute: float
    calls: int
    p50_ms: float
    p99_ms: float
    us_per_call: float
    kib: int
    file_mib: float
    foreign_busy: float


@frozen
class Soaked:
    """The soak itself, and what came after it, in turns: this server or the same store under another, each against a new one."""

    slices: list[Slice]
    aged: list[Slice]
    beside_aged: list[Slice]
    restarted: list[Slice]
    beside_restarted: list[Slice]


def soak(minutes: float) -> Soaked:
    with tempfile.TemporaryDirectory(prefix="bench-") as one, tempfile.TemporaryDirectory(prefix="bench-") as other:
        folder, empty = Path(one), Path(other)
        measuring = Measuring(time.monotonic())
        slices = []
        with taskactors(empty) as new:
            with taskactors(folder) as server:
                while measuring.minute < minutes:
                    slices.append(measuring.slice_of(server, folder, SLICE_S))
                aged, beside_aged = measuring.in_turns(server, folder, new, empty)
            with taskactors(folder) as server:
                restarted, beside_restarted = measuring.in_turns(server, folder, new, empty)
    return Soaked(slices, aged, beside_aged, restarted, beside_restarted)


@frozen
class Measuring:
    """What measures, and says when: since it began."""

    began: float

    @property
    def minute(self) -> float:
        return (time.monotonic() - self.began) / 60

    def in_turns(self, server: Server, folder: Path, new: Server, empty: Path) -> tuple[list[Slice], list[Slice]]:
        turns = [(self.slice_of(server, folder, TURN_S), self.slice_of(new, empty, TURN_S)) for _ in range(TURNS)]
        return [its for its, _ in turns], [new_ones for _, new_ones in turns]

    def slice_of(self, server: Server, folder: Path, seconds: float) -> Slice:
        measured = load(server, "day", TEAM, seconds)
        calls = measured.calls
        made = Slice(
            minute=round(self.minute, 1),
            calls=calls.count,
            p50_ms=calls.p50_ms,
            p99_ms=calls.p99_ms,
            us_per_call=measured.server_us_per_call,
            kib=measured.server_kib,
            file_mib=round((folder / DATA_FILE).stat().st_size / (1 << 20), 1),
            foreign_busy=measured.foreign_busy,
        )
        print(made, flush=True)
        return made


def summary(soaked: Soaked) -> str:
    """Each third of the soak and what came after it, in the median of its slices; memory and file at its end."""
    slices = soaked.slices
    third = max(1, len(slices) // 3)
    parts = {
        "first third": slices[:third],
        "second": slices[third : 2 * third],
        "last": slices[2 * third :],
        "right after it": soaked.aged,
        "in turns with a new server, nothing stored": soaked.beside_aged,
        "a new server on the same store": soaked.restarted,
        "in turns with that one": soaked.beside_restarted,
    }
    head = ("soak", "calls", "p50 ms", "p99 ms", "CPU µs/call", "memory MiB", "file MiB", "file bytes a call")
    return table(head, [_row(title, part) for title, part in parts.items() if part])


def _row(title: str, part: Sequence[Slice]) -> list[str]:
    middle = sorted(part, key=lambda each: each.p99_ms)[len(part) // 2]
    calls = sum(each.calls for each in part)
    cost = sum(each.us_per_call * each.calls for each in part) / max(1, calls)
    grown = (part[-1].file_mib - part[0].file_mib) * (1 << 20) / max(1, calls - part[0].calls)
    figures = (middle.p50_ms, middle.p99_ms, cost, part[-1].kib / 1024, part[-1].file_mib, grown)
    return [title, f"{calls:,}", *(f"{figure:,.1f}" for figure in figures)]


def run(minutes: float, file: Path) -> int:
    soaked = soak(minutes)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(cattrs.unstructure(soaked)), indent=1) + b"\n")
    print(summary(soaked))
    return 0


def kept_in(file: Path) -> str:
    """The table of the last soak, if there was one."""
    if not file.is_file():
        return ""
    return summary(cattrs.structure(msgspec.json.decode(file.read_bytes()), Soaked))
