"""The soak: a busy team for as long as is asked for, and whether latency, memory and file grow with time and not with work alone."""

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
from .servers import taskactors

SLICE_S = 30.0


@frozen
class Slice:
    """Half a minute of it. Every one begins with new connections of the same agents."""

    minute: float
    calls: int
    p50_ms: float
    p99_ms: float
    us_per_call: float
    kib: int
    file_mib: float
    foreign_busy: float


def soak(minutes: float) -> list[Slice]:
    slices: list[Slice] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with taskactors(folder) as server:
            began = time.monotonic()
            while time.monotonic() - began < minutes * 60:
                measured = load(server, "day", TEAM, SLICE_S)
                file_mib = (folder / DATA_FILE).stat().st_size / (1 << 20)
                minute = (time.monotonic() - began) / 60
                calls = measured.calls
                slices.append(
                    Slice(
                        minute=round(minute, 1),
                        calls=calls.count,
                        p50_ms=calls.p50_ms,
                        p99_ms=calls.p99_ms,
                        us_per_call=measured.server_us_per_call,
                        kib=measured.server_kib,
                        file_mib=round(file_mib, 1),
                        foreign_busy=measured.foreign_busy,
                    )
                )
                print(f"{minute:5.1f} min: {slices[-1]}", flush=True)
    return slices


def summary(slices: Sequence[Slice]) -> str:
    """Each third of the soak, in the median of its slices; memory and file at its end."""
    third = max(1, len(slices) // 3)
    rows = []
    for title, part in (("first third", slices[:third]), ("second", slices[third : 2 * third]), ("last", slices[2 * third :])):
        if part:
            middle = sorted(part, key=lambda each: each.p99_ms)[len(part) // 2]
            calls = sum(each.calls for each in part)
            cost = sum(each.us_per_call * each.calls for each in part) / max(1, calls)
            grown = (part[-1].file_mib - part[0].file_mib) * (1 << 20) / max(1, calls - part[0].calls)
            figures = (middle.p50_ms, middle.p99_ms, cost, part[-1].kib / 1024, part[-1].file_mib, grown)
            rows.append([title, f"{calls:,}", *(f"{figure:,.1f}" for figure in figures)])
    return table(("soak", "calls", "p50 ms", "p99 ms", "CPU µs/call", "memory MiB", "file MiB", "file bytes a call"), rows)


def run(minutes: float, file: Path) -> int:
    slices = soak(minutes)
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(cattrs.unstructure(slices)), indent=1) + b"\n")
    print(summary(slices))
    return 0


def kept_in(file: Path) -> str:
    """The table of the last soak, if there was one."""
    if not file.is_file():
        return ""
    return summary(cattrs.structure(msgspec.json.decode(file.read_bytes()), list[Slice]))
