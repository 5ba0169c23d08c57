"""The goals, each with how its figure is read out of what was measured."""

from collections.abc import Callable
from statistics import median

from attrs import frozen

from .contests import BEANSTALKD, ECHO, FASTMCP, OURS, POSTGRES, SDK
from .load.measured import Measured
from .results import Results
from .rounds import p50_ms, p99_ms, per_second
from .walls import IMPORT, NOTHING, START

Figure = float | None


@frozen
class Goal:
    """`aim` is to be reached, `further` comes next; `least` when more is better."""

    measure: str
    against: str
    aim: float
    further: float | None
    least: bool
    read: Callable[[Results], Figure]
    unit: str = "×"

    def reached(self, figure: float, aim: float) -> bool:
        return figure >= aim if self.least else figure <= aim

    def wanted(self, aim: float | None) -> str:
        return "" if aim is None else f"{'≥' if self.least else '≤'} {aim:g}{self.unit}"


def ratio(contest: str, name: str, to: str, value: Callable[[Measured], float] = per_second) -> Callable[[Results], Figure]:
    """One's value as a share of another's, inside each round."""

    def read(results: Results) -> Figure:
        rounds = results.contest(contest)
        if rounds is None or any(each not in rounds.rounds[0].turns for each in (name, to)):
            return None
        return rounds.ratio(name, to, value)

    return read


def wall(name: str, to: str) -> Callable[[Results], Figure]:
    """One command's time as a multiple of another's, turn by turn."""

    def read(results: Results) -> Figure:
        if name not in results.walls or to not in results.walls:
            return None
        return median(mine / other for mine, other in zip(results.walls[name], results.walls[to], strict=True))

    return read


def slowest(*names: str) -> Callable[[Results], Figure]:
    """The worst of several commands, each as a multiple of doing nothing."""

    def read(results: Results) -> Figure:
        figures = [figure for name in names if (figure := wall(name, NOTHING)(results)) is not None]
        return max(figures, default=None)

    return read


def hearing(results: Results) -> Figure:
    """The slower of the two ways to hear, as a multiple of a call's median meanwhile."""
    rounds = results.contest("hearing")
    if rounds is None:
        return None

    def worst(turn: Measured) -> float:
        assert turn.inbox is not None
        assert turn.changes is not None
        return max(turn.inbox.p99_ms, turn.changes.p99_ms) / turn.calls.p50_ms

    return rounds.of("busy", worst)


def tokens(profile: str) -> Callable[[Results], Figure]:
    return lambda results: results.tokens.get(profile)


GOALS = (
    Goal("calls a second, 64 agents", "the SDK's MCPServer on SQLite, WAL and FULL, over HTTP", 7, 15, True, ratio("team", OURS, SDK)),
    Goal("calls a second, 64 agents", "fastmcp on the same", 14, 30, True, ratio("team", OURS, FASTMCP)),
    Goal("calls a second, 64 agents", "beanstalkd -f0", 1, 2, True, ratio("team", OURS, BEANSTALKD)),
    Goal("calls a second, 64 agents", "PostgreSQL SKIP LOCKED (pgbench)", 1, 2, True, ratio("team", OURS, POSTGRES)),
    Goal("calls a second, 64 agents", "a bare trio-websocket echo", 0.5, 1, True, ratio("team", OURS, ECHO)),
    Goal("p99 of a call, 64 agents", "the SDK's MCPServer on SQLite", 0.1, 0.05, False, ratio("team", OURS, SDK, p99_ms)),
    Goal("calls a second, one agent", "the SDK's MCPServer on SQLite", 1, 1.5, True, ratio("one", OURS, SDK)),
    Goal("calls a second, 256 agents", "itself with 64", 0.9, 1, True, ratio("crowd", "256", "64")),
    Goal("next_task on 1,000,000 tasks, p50", "on 1,000", 1.2, 1.1, False, ratio("growth next", "1000000", "1000", p50_ms)),
    Goal("a parked reader or follower hears, p99, 64 agents busy", "p50 of a call meanwhile", 3, 2, False, hearing),
    Goal("calls a second, 1,000 waiters parked", "itself without, as without / with", 1.1, None, False, ratio("parked", "without", "with")),
    Goal("memory of an idle agent's connection", "", 64, 32, False, lambda results: results.idle_kib_per_agent, " KiB"),
    Goal("start to listening, 100,000 tasks", "importing the SDK alone", 0.5, 0.3, False, wall(START.format(tasks=100_000), IMPORT)),
    Goal("./log.sh", NOTHING, 4, 3, False, wall("./log.sh", NOTHING)),
    Goal(
        "the slowest of taskactors wait, inbox, send and log",
        NOTHING,
        4,
        3,
        False,
        slowest("taskactors wait", "taskactors inbox", "taskactors send", "taskactors log"),
    ),
    Goal("what a model reads of the tools: worker", "", 3_000, 2_500, False, tokens("worker"), " tokens"),
    Goal("what a model reads of the tools: full", "", 9_000, 7_500, False, tokens("full"), " tokens"),
)
