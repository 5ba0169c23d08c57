"""The report: what a run did, what it found, and the figures that it was judged by."""

from collections import Counter
from collections.abc import Mapping

from attrs import Factory, define, frozen

from tests.fuzz.attack import Attack
from tests.fuzz.neighbours import Measure, Samples, compared, p50, p99

ATTACK_SHOWN = 1_500
"""Characters of an attack that a finding shows; its seed brings back the rest."""

WORSE: Mapping[str, tuple[Measure, float]] = {"p50": (p50, 2.0), "p99": (p99, 8.0)}
"""How many times as long the neighbours may wait beside an attack as beside an honest newcomer: half of the time; and once in a hundred
times, since one attack in fifty is a flood of up to a hundred calls at once. The machine's own noise is in both.
"""


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
    took_s: float = 0.0

    @property
    def attacks(self) -> int:
        return sum(self.kinds.values())

    def harmed(self) -> list[Finding]:
        """How the neighbours were worse off beside attacks than beside honest newcomers."""
        worse = {name: (compared(self.samples.values(), of)[0], limit) for name, (of, limit) in WORSE.items()}
        return [
            Finding(
                f"neighbours waited {ratio:.1f} times as long beside attacks as beside honest newcomers ({name}; {limit:g} are allowed)"
            )
            for name, (ratio, limit) in worse.items()
            if ratio > limit
        ]

    def __str__(self) -> str:
        by_surface: Counter[str] = Counter()
        for (surface, _), count in self.kinds.items():
            by_surface[surface] += count
        rows = [f"{self.attacks} attacks of {len(self.kinds)} kinds in {self.took_s:.0f} s"]
        rows += [f"  {surface:14} {count:7}" for surface, count in by_surface.most_common()]
        rows += [f"  the server's own memory: {', '.join(f'{kib} KiB after {attacks}' for attacks, kib in _some(self.memory_kib))}"]
        for name, (of, _) in WORSE.items():
            honest, alone = compared(self.samples.values(), of)
            rows.append(
                f"  neighbours' {name} beside attacks: {honest:.2f} times that beside honest newcomers, {alone:.2f} times that alone"
            )
        rows += [f"FOUND {each}" for each in self.findings]
        return "\n".join(rows)


def _some(memory: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The first, the last, and a few between."""
    return memory[:: max(1, len(memory) // 8)] + memory[-1:]
