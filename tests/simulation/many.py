"""Many seeds: a range of worlds run on all the cores there are, and those named that found something."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator

from attrs import frozen

from tests.simulation.world import Told, told_of

AT_ONCE = 25
"""Seeds handed to a process at a time: enough to be cheap, few enough that all processes end together."""

SHOWN = 10
"""Failures that are shown whole; of more only the seeds are named."""


@frozen
class Figures:
    """What a range of seeds came to."""

    seeds: int
    failing: tuple[Told, ...]
    calls: int
    events: int
    simulated_s: float
    took_s: float

    def __str__(self) -> str:
        shown = [str(told) for told in self.failing[:SHOWN]]
        if self.failing:
            shown.append(f"failing seeds: {' '.join(str(told.seed) for told in self.failing)}")
        rate = f"{self.seeds / self.took_s:.0f} a second" if self.took_s else "at once"
        shown.append(
            f"{self.seeds} seeds in {self.took_s:.0f} s ({rate}), {self.calls} calls, {self.events} events, "
            f"{self.simulated_s / 3600:.1f} simulated hours: {len(self.failing)} failed"
        )
        return "\n".join(shown)


def tried(seeds: range, processes: int | None = None, tell: Callable[[Told], None] = lambda told: None) -> Figures:
    """Run them all; `tell` hears of each as it ends, in order."""
    began = time.perf_counter()
    failing, calls, events, simulated_s = [], 0, 0, 0.0
    for told in _each(seeds, processes or os.cpu_count() or 1):
        tell(told)
        calls, events, simulated_s = calls + told.calls, events + told.events, simulated_s + told.simulated_s
        if told.findings:
            failing.append(told)
    return Figures(len(seeds), tuple(failing), calls, events, simulated_s, time.perf_counter() - began)


def _each(seeds: range, processes: int) -> Iterator[Told]:
    if processes == 1:
        yield from map(told_of, seeds)
        return
    # Spawned, so that no process begins with what another had left in its memory.
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(_briefly, seeds, AT_ONCE)


def _briefly(seed: int) -> Told:
    """Without the lines, which are only worth carrying over when somebody reads them: they can be had again at any time."""
    told = told_of(seed)
    return Told(told.seed, told.findings, (), told.calls, told.events, told.simulated_s)
