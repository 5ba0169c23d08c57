"""A run: so many attacks on one real server, drawn from a seed, in pieces that can each be drawn again; and what was found."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import hypothesis
from attrs import Factory, define, frozen
from hypothesis import HealthCheck, Phase

from tests.fuzz.attack import Attack
from tests.fuzz.neighbours import Measure, Samples, Wronged, compared, p50, p99
from tests.fuzz.place import Place, settled
from tests.fuzz.sockets import Gone, Hung
from tests.fuzz.surfaces import bridge, floods, frames, handshakes, lines, mcp_http, messages, raw_bytes, requests, rpc
from tests.fuzz.watch import Watch
from tests.fuzz.websocket_line import BadFrame
from tests.support.server_process import running

SHARES: Mapping[str, int] = {
    "raw_bytes": 8,
    "handshakes": 10,
    "frames": 15,
    "messages": 22,
    "requests": 12,
    "mcp_http": 10,
    "rpc": 8,
    "lines": 7,
    "bridge": 6,
    "floods": 2,
}
"""Of a hundred attacks, how many go where."""

SURFACES = {
    each.__name__.rsplit(".", 1)[1]: each
    for each in (bridge, floods, frames, handshakes, lines, mcp_http, messages, raw_bytes, requests, rpc)
}

PIECE = 500
"""Attacks of one piece, each with a seed of its own."""

FINDINGS_LIMIT = 10
"""More than these say nothing new."""

WORSE: Mapping[str, tuple[Measure, float]] = {"p50": (p50, 2.0), "p99": (p99, 8.0)}
"""How many times as long the neighbours may wait beside an attack as beside an honest newcomer: half of the time; and once in a hundred
times, since one attack in fifty is a flood of up to a hundred calls at once. The machine's own noise is in both.
"""


@frozen
class Finding:
    """One broken promise, and the attack that broke it; what is found at the end belongs to none."""

    what: str
    piece_seed: int | None = None
    attack: Attack | None = None

    def __str__(self) -> str:
        where = f" [{self.attack.surface}, seed {self.piece_seed}: {ascii(self.attack)[:1_500]}]" if self.attack is not None else ""
        return f"{self.what}{where}"


@define(eq=False)
class Report:
    """What a run did and found."""

    kinds: Counter[tuple[str, str]] = Factory(Counter)
    findings: list[Finding] = Factory(list)
    samples: Mapping[str, Samples] = Factory(dict)
    memory_kib: list[tuple[int, int]] = Factory(list)
    took_s: float = 0.0

    @property
    def attacks(self) -> int:
        return sum(self.kinds.values())

    def __str__(self) -> str:
        by_surface: Counter[str] = Counter()
        for (surface, _), count in self.kinds.items():
            by_surface[surface] += count
        rows = [f"{self.attacks} attacks of {len(self.kinds)} kinds in {self.took_s:.0f} s"]
        rows += [f"  {surface:14} {count:7}" for surface, count in by_surface.most_common()]
        rows += [f"  memory, KiB: {', '.join(f'{kib} after {attacks}' for attacks, kib in self.memory_kib)}"]
        for name, (of, _) in WORSE.items():
            honest, alone = compared(self.samples.values(), of)
            rows.append(
                f"  neighbours' {name} beside attacks: {honest:.2f} times that beside honest newcomers, {alone:.2f} times that alone"
            )
        rows += [f"FOUND {each}" for each in self.findings]
        return "\n".join(rows)


def run(
    folder: Path,
    count: int,
    seed: int,
    shares: Mapping[str, int] = SHARES,
    *,
    within_s: float = float("inf"),
    shrink: bool = False,
    say: Callable[[str], None] = lambda said: None,
) -> Report:
    """Attack a server of its own, whose data is in a new folder in `folder`, until there were so many attacks or the time is over."""
    report, began = Report(), time.monotonic()
    with running(folder / "data", "--http-port", "0", no_auth=False) as server, settled(server.facts) as place:
        watch = Watch(server)
        watch.begin()
        report.samples = place.neighbours.samples
        strategies = {name: SURFACES[name].attacks(place.schemas) for name in shares}
        piece = 0
        while report.attacks < count and time.monotonic() - began < within_s and len(report.findings) < FINDINGS_LIMIT:
            size = min(PIECE, count - report.attacks)
            for name, share in shares.items():
                if wanted := -(-size * share // sum(shares.values())):
                    _draw(strategies[name], wanted, seed + piece, shrink, _playing(place, watch, report, seed + piece))
            piece += 1
            say(f"{report.attacks} attacks in {time.monotonic() - began:.0f} s, {len(report.findings)} findings")
        report.findings += [Finding(f"a bridge said {said}") for said in place.leave()]
        report.findings += [Finding(what) for what in watch.at_the_end()]
        report.memory_kib = watch.memory_kib
    report.took_s = time.monotonic() - began
    report.findings += [Finding(what) for what in _harmed(report.samples)]
    return report


def _playing(place: Place, watch: Watch, report: Report, piece_seed: int) -> Callable[[Attack], str | None]:
    def play(attack: Attack) -> str | None:
        if len(report.findings) >= FINDINGS_LIMIT:
            return None
        report.kinds[attack.surface, attack.kind] += 1
        what = _played(attack, place) or watch.after_each()
        if what is not None:
            report.findings.append(Finding(what, piece_seed, attack))
            place.renew()
        return what

    return play


def _played(attack: Attack, place: Place) -> str | None:
    try:
        place.neighbours.before()
        return attack.play(place)
    except Wronged as wronged:
        return str(wronged)
    except Gone as gone:
        return f"the server closed what should have stayed open: {gone}"
    except Hung as hung:
        return f"the server hangs: {hung}"
    except BadFrame as bad:
        return f"the server sent a frame that is none: {bad}"


def _draw(
    strategy: hypothesis.strategies.SearchStrategy[Attack], count: int, seed: int, shrink: bool, play: Callable[[Attack], str | None]
) -> None:
    phases = [Phase.generate, Phase.shrink] if shrink else [Phase.generate]

    @hypothesis.seed(seed)
    @hypothesis.settings(max_examples=count, phases=phases, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @hypothesis.given(strategy)
    def attacked(attack: Attack) -> None:
        what = play(attack)
        assert not (shrink and what), what

    attacked()


def _harmed(samples: Mapping[str, Samples]) -> list[str]:
    """How the neighbours were worse off beside attacks than beside honest newcomers."""
    worse = {name: (compared(samples.values(), of)[0], limit) for name, (of, limit) in WORSE.items()}
    return [
        f"the neighbours waited {ratio:.1f} times as long beside attacks as beside honest newcomers ({name}; {limit:g} are allowed)"
        for name, (ratio, limit) in worse.items()
        if ratio > limit
    ]
