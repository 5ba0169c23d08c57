"""The plots of one run, as pictures that are the same for the same figures."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

from .contests import ECHO, OURS, READS, SDK
from .load.measured import Measured
from .results import Results
from .rounds import p50_ms, p99_ms, p999_ms, per_second

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "taskactors"
matplotlib.rcParams["figure.constrained_layout.use"] = True

from matplotlib import pyplot  # noqa: E402 (what it draws with is chosen first)

GROWTH = "growth "


def draw(results: Results, folder: Path) -> list[Path]:
    """Every plot that there are figures for."""
    drawn = {
        "throughput": _over_agents(
            results, "calls a second", [(OURS, per_second), (READS, per_second), (ECHO, per_second), (SDK, per_second)]
        ),
        "latency": _over_agents(results, "ms", [(OURS, p50_ms), (OURS, p99_ms), (OURS, p999_ms), (SDK, p50_ms), (SDK, p99_ms)]),
        "growth": _over_tasks(results),
        "stages": _stages(results),
    }
    files = []
    for name, figure in drawn.items():
        if figure is not None:
            files.append(folder / f"{results.manner}-{name}.svg")
            figure.savefig(files[-1], metadata={"Date": None})
            pyplot.close(figure)
    return files


def _over_agents(results: Results, unit: str, lines: list[tuple[str, Callable[[Measured], float]]]) -> Any:
    curves = results.over_agents
    if not curves:
        return None
    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    for name, value in lines:
        said = name if value is per_second else f"{name}, {value.__name__.removesuffix('_ms')}"
        axes.plot(list(curves), [rounds.of(name, value) for rounds in curves.values()], marker="o", label=said)
    _scaled(axes, "agents", unit, list(curves))
    return figure


def _over_tasks(results: Results) -> Any:
    calls = [name for name in results.contests if name.startswith(GROWTH)]
    if not calls:
        return None
    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    for name in calls:
        rounds = results.contest(name)
        assert rounds is not None
        sizes = sorted(map(int, rounds.rounds[0].turns))
        axes.plot(sizes, [rounds.of(str(size), p50_ms) for size in sizes], marker="o", label=name.removeprefix(GROWTH))
    _scaled(axes, "tasks on the board", "ms, p50, 8 agents", sorted({each.tasks for each in results.growth}))
    return figure


def _stages(results: Results) -> Any:
    if not results.stages_us:
        return None
    figure, axes = pyplot.subplots(figsize=(8, 3.5))
    stages = list(reversed(results.stages_us.items()))
    axes.barh([stage for stage, _ in stages], [cost for _, cost in stages])
    axes.set_xlabel("µs of a change, 64 agents")
    return figure


def _scaled(axes: Any, across: str, up: str, ticks: list[int]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.3)
    axes.legend()
