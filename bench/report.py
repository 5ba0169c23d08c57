"""The tables of goals and figures, as text for the screen and for the page that keeps them."""

from collections.abc import Callable, Sequence

from .contests import ECHO, LIMIT, OURS, READS, SDK
from .goals import GOALS, Goal
from .load.measured import Measured
from .results import Results, middles
from .rounds import Kept, p50_ms, p99_ms, p999_ms, per_second

PICTURES = {
    "throughput": "calls a second over agents",
    "latency": "times of a call over agents",
    "growth": "times of a call over tasks on the board",
    "stages": "where a change's time goes",
}
BEGIN, END = "<!-- measured: written by `nox -s bench -- record` -->", "<!-- /measured -->"


def page(results: Results, soak: str = "") -> str:
    """All tables, as they stand in the README."""
    parts = [_where(results), _goals(results), _contest(results, "team", "64 agents"), _contest(results, "one", "One agent")]
    parts += [_limit(results), _over_agents(results), _growth(results), _walls(results), _stages(results), soak, _disturbed(results)]
    return "\n\n".join(part for part in parts if part)


def written(text: str, results: Results, soak: str = "") -> str:
    """A page with its measured part made anew. Raises ValueError when it has no place for it."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"there is no {BEGIN} … {END}")
    pictures = "\n\n".join(f"![{said}](results/{results.manner}-{name}.svg)" for name, said in PICTURES.items())
    return f"{before}{BEGIN}\n\n{page(results, soak)}\n\n{pictures}\n\n{END}{after}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under headings; the first column is text, and the rest are figures."""
    lines = ["| " + " | ".join(headings) + " |", "|---" + "|---:" * (len(headings) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _where(results: Results) -> str:
    machine = results.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.versions.items())
    return (
        f"Measured {results.measured_at}, {results.manner} run: "
        f"{machine.processor}, {machine.cores} cores, {machine.memory_mib / 1024:.0f} GiB, "
        f"{machine.system}, Python {machine.python}; {versions}."
    )


def _goals(results: Results) -> str:
    rows = [[goal.measure, goal.against, *_judged(goal, goal.read(results))] for goal in GOALS]
    return table(("measure", "against", "goal", "next", "figure", ""), rows)


def _judged(goal: Goal, figure: float | None) -> tuple[str, str, str, str]:
    aims = (goal.wanted(goal.aim), goal.wanted(goal.further))
    if figure is None:
        return (*aims, "–", "not measured")
    if goal.further is not None and goal.reached(figure, goal.further):
        verdict = "reached, the next too"
    elif goal.reached(figure, goal.aim):
        verdict = "reached"
    else:
        verdict = f"**missed** by {_short(goal.aim / figure if goal.least else figure / goal.aim)}×"
    return (*aims, f"{_short(figure)}{goal.unit}", verdict)


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


def _contest(results: Results, name: str, title: str) -> str:
    rounds = results.contest(name)
    if rounds is None:
        return ""
    values: Sequence[Callable[[Measured], float]] = (per_second, p50_ms, p99_ms, p999_ms, lambda turn: turn.server_us_per_call)
    shares: Sequence[Callable[[Measured], float]] = (lambda turn: turn.server_busy, lambda turn: turn.generator_busy)
    rows = []
    for one in rounds.rounds[0].turns:
        figures = [_short(rounds.of(one, value)) for value in values]
        rows.append(
            [
                one,
                *figures[:1],
                f"{rounds.ratio(OURS, one, per_second):.2f}",
                *figures[1:],
                *(f"{rounds.of(one, share):.2f}" for share in shares),
            ]
        )
    headings = (title, "calls/s", f"{OURS} is ×", "p50 ms", "p99 ms", "p99.9 ms", "CPU µs/call", "server busy", "generator busy")
    missing = "".join(f"\n\n{name} was not there: {why}" for name, why in results.missing.items())
    return table(headings, rows) + missing


def _limit(results: Results) -> str:
    rounds = results.contest("limit")
    if rounds is None:
        return ""
    return f"The load generator itself reaches {_short(rounds.of(LIMIT, per_second))} calls/s, against an echo that costs next to nothing."


def _over_agents(results: Results) -> str:
    shown = (OURS, READS, ECHO, SDK)
    rows = [
        [f"{agents:,}", *(_short(rounds.of(name, value)) for name in shown for value in (per_second, p99_ms))]
        for agents, rounds in results.over_agents.items()
    ]
    headings = ("agents", *(f"{name}, {unit}" for name in shown for unit in ("calls/s", "p99 ms")))
    return table(headings, rows) if rows else ""


def _growth(results: Results) -> str:
    if not results.growth:
        return ""
    calls = {
        name.removeprefix("growth "): kept for name in results.contests if name.startswith("growth ") and (kept := results.contest(name))
    }
    rows = []
    for each in results.growth:
        first = f"{each.first_search_s:.2f}" + ("" if each.first_search_answered else ", timed out")
        costs = [_p50(rounds, str(each.tasks)) for rounds in calls.values()]
        rows.append([f"{each.tasks:,}", *costs, f"{each.start_s:.2f}", first, f"{each.server_kib / 1024:.0f}", f"{each.file_mib:.0f}"])
    return table(("tasks", *(f"{call}, p50 ms" for call in calls), "start s", "first search s", "memory MiB", "file MiB"), rows)


def _p50(rounds: Kept, tasks: str) -> str:
    return _short(rounds.of(tasks, p50_ms)) if tasks in rounds.rounds[0].turns else "–"


def _walls(results: Results) -> str:
    if not results.walls:
        return ""
    rows = [[name, f"{seconds * 1000:.0f}"] for name, seconds in middles(results.walls).items()]
    return table(("command", "ms"), rows)


def _stages(results: Results) -> str:
    if not results.stages_us:
        return ""
    whole = sum(results.stages_us.values())
    rows = [[stage, f"{cost:.1f}", f"{cost / whole:.0%}"] for stage, cost in results.stages_us.items()]
    return table(("where a change's time goes", "µs", "share"), [*rows, ["all", f"{whole:.1f}", "100%"]])


def _disturbed(results: Results) -> str:
    disturbed = [name for name in results.contests if (rounds := results.contest(name)) and rounds.disturbed]
    dropped = sum(rounds.dropped for name in results.contests if (rounds := results.contest(name)) and not rounds.disturbed)
    said = f"{dropped} disturbed rounds were dropped." if dropped else ""
    if disturbed:
        said += (
            f" Neighbours were busy in too many rounds of: {', '.join(disturbed)}; the least disturbed ones are shown, and are worth less."
        )
    return said.strip()
