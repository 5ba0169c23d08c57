"""The report: what a run did, what it found, and the figures that it was judged by."""

from collections import Counter
from collections.abc import Mapping

from attrs import Factory, define, frozen

from tests.fuzz.attack import Attack
from tests.fuzz.neighbours import Measure, Samples, compared, p50, p99

ATTACK_SHOWN = 1_500
"""Characters of an attack that a finding shows; its seed brings back the rest."""

WORSE: Mapping[tuple[str, str], float] = {("attacked", "p50"): 2.0, ("attacked", "p99"): 5.0, ("flooded", "p99"): 48.0}
"""How many times as long neighbours may wait as beside an honest newcomer: beside an attack half of the time and once in a hundred times,
and beside a flood, of which thirty-two calls are under way at once, so that a neighbour waits for no more than that many.
"""

MEASURES: Mapping[str, Measure] = {"p50": p50, "p99": p99}


@frozen
class Finding:
    """One broken promise, and the attack that broke it; what is found at the end belongs to none."""

    what: str
    seed: int | None = None
    attack: Attack | None = None

    def __str__(self) -> str:
        if self.attack is None:
            return self.what
        return f"{self.what} [{self.attack.surface}, seed {self.seed}: {ascii(self.attack)[:ATTACK_SHOWN]}]"


@define(eq=False)
class Report:
    """What a run did and found."""

    samples: Mapping[str, Samples]
    kinds: Counter[tuple[str, str]] = Factory(Counter)
    findings: list[Finding] = Factory(list)
    memory_kib: list[tuple[int, int]] = Factory(list)
    made: int = 0
    """Events of what the attacks were allowed to do."""

    took_s: float = 0.0

    @property
    def attacks(self) -> int:
        return sum(self.kinds.values())

    def harmed(self) -> list[Finding]:
        """How the neighbours were worse off than beside honest newcomers."""
        ratios = {name: compared(self.samples.values(), of) for name, of in MEASURES.items()}
        return [
            Finding(
                f"neighbours that were {how} waited {ratios[of][how]:.1f} times as long as beside honest newcomers ({of}; {limit:g} may be)"
            )
            for (how, of), limit in WORSE.items()
            if ratios[of].get(how, 0) > limit
        ]

    def __str__(self) -> str:
        by_surface: Counter[str] = Counter()
        for (surface, _), count in self.kinds.items():
            by_surface[surface] += count
        rows = [f"{self.attacks} attacks of {len(self.kinds)} kinds in {self.took_s:.0f} s"]
        rows += [f"  {surface:14} {count:7}" for surface, count in by_surface.most_common()]
        rows += [f"  the server's own memory: {', '.join(f'{kib} KiB after {attacks}' for attacks, kib in _some(self.memory_kib))}"]
        rows += [f"  events of what was allowed: {self.made}"]
        for name, of in MEASURES.items():
            ratios = ", ".join(f"{how} {ratio:.2f}" for how, ratio in compared(self.samples.values(), of).items())
            rows.append(f"  neighbours' {name}, of what it is beside honest newcomers: {ratios}")
        rows += [f"FOUND {each}" for each in self.findings]
        return "\n".join(rows)


def _some(memory: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The first, the last, and a few between."""
    return memory[:: max(1, len(memory) // 8)] + memory[-1:]
