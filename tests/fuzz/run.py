"""A run: so many attacks on one real server, drawn from a seed, in pieces that can each be drawn again."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import hypothesis
from attrs import define
from hypothesis import HealthCheck, Phase
from hypothesis.strategies import SearchStrategy

from tests.fuzz.attack import Attack
from tests.fuzz.neighbours import HELD_UP_S, Wronged
from tests.fuzz.place import Place, settled
from tests.fuzz.report import Finding, Report
from tests.fuzz.sockets import Gone, Hung
from tests.fuzz.surfaces import bridge, floods, frames, handshakes, lines, mcp_http, messages, raw_bytes, requests, rpc
from tests.fuzz.watch import Watch, watching
from tests.fuzz.websocket_line import BadFrame
from tests.support.server_process import PROGRAM, running

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

MODULES = (bridge, floods, frames, handshakes, lines, mcp_http, messages, raw_bytes, requests, rpc)
SURFACES = {each.__name__.rsplit(".", 1)[1]: each for each in MODULES}

PIECE = 500
"""Attacks of one piece, each with a seed of its own."""

FINDINGS_LIMIT = 10
"""More than these say nothing new."""


@define(eq=False)
class Run:
    """One run on one server."""

    place: Place
    watch: Watch
    report: Report
    until: float
    findings_limit: int
    shrink: bool
    say: Callable[[str], None]

    @property
    def is_over(self) -> bool:
        """Whether there is no time, no server or no sense in going on."""
        return time.monotonic() > self.until or len(self.report.findings) >= self.findings_limit or self.watch.is_ended

    def draw(self, attacks: SearchStrategy[Attack], count: int, seed: int) -> None:
        """Play so many attacks, which the seed decides."""
        phases = [Phase.generate, Phase.shrink] if self.shrink else [Phase.generate]

        @hypothesis.seed(seed)
        @hypothesis.settings(max_examples=count, phases=phases, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        @hypothesis.given(attacks)
        def attacked(attack: Attack) -> None:
            what = None if self.is_over else self._attack(attack, seed)
            assert not (self.shrink and what), what

        attacked()

    def leave(self) -> None:
        """Let everybody leave, and see what is left of them."""
        said = self.place.leave()
        if not self.watch.is_ended:
            self.report.made = self.watch.made()
            self.report.findings += [Finding(f"a bridge said {each}") for each in said]
            self.report.findings += [Finding(what) for what in self.watch.at_the_end()]
        if not self.report.findings:
            self.report.findings += self.report.harmed()
        self.report.memory_kib = self.watch.memory_kib

    def _attack(self, attack: Attack, seed: int) -> str | None:
        self.report.kinds[attack.surface, attack.kind] += 1
        what = self._played(attack) or (None if self.watch.is_ended else self.watch.after_each())
        if what is None and not self.watch.is_ended:
            return None
        # When the server has ended, everything else follows from that.
        found = Finding(self.watch.ended() or str(what), seed, attack)
        self.report.findings.append(found)
        self.say(f"FOUND {found}")
        if not self.watch.is_ended:
            self.place.renew()
        return found.what

    def _played(self, attack: Attack) -> str | None:
        """What is wrong with what came of an attack."""
        began, self.place.starting_s = _waited_s(), 0.0
        try:
            self.place.neighbours.before()
            what = attack.play(self.place)
        except Wronged as wronged:
            return str(wronged)
        except Gone as gone:
            return f"the server closed what should have stayed open: {gone}"
        except Hung as hung:
            return f"the server hangs: {hung}"
        except BadFrame as bad:
            return f"the server sent a frame that is none: {bad}"
        waited_s = _waited_s() - began - self.place.starting_s
        return what or (f"everything waited for {waited_s:.1f} s" if waited_s > HELD_UP_S else None)


def _waited_s() -> float:
    """What passes of this only passes while we do nothing ourselves."""
    return time.monotonic() - time.process_time()


def run(
    folder: Path,
    count: int,
    seed: int,
    shares: Mapping[str, int] = SHARES,
    *,
    within_s: float = float("inf"),
    program: Sequence[str] = PROGRAM,
    findings_limit: int = FINDINGS_LIMIT,
    shrink: bool = False,
    say: Callable[[str], None] = lambda said: None,
) -> Report:
    """Attack a server of its own, whose data is in a new folder in `folder`, until there were so many attacks, the time is over, or more
    is found than anybody reads. `program` is what the server is started with.
    """
    began = time.monotonic()
    with (
        running(folder / "data", "--http-port", "0", no_auth=False, program=program) as server,
        settled(server.facts) as place,
        watching(server) as watch,
    ):
        report = Report(place.neighbours.samples)
        this = Run(place, watch, report, began + within_s, findings_limit, shrink, say)
        attacks = {name: SURFACES[name].attacks(place.schemas) for name in shares}
        for piece in range(-(-count // PIECE)):
            size = min(PIECE, count - piece * PIECE)
            for name, share in shares.items():
                this.draw(attacks[name], -(-size * share // sum(shares.values())), seed + piece)
            say(f"{report.attacks} attacks in {time.monotonic() - began:.0f} s, {len(report.findings)} findings")
            if this.is_over:
                break
        this.leave()
    report.took_s = time.monotonic() - began
    return report
