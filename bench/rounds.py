"""The arithmetic of a run: rounds in which everybody had a turn, which of them count, and what they say together."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from attrs import frozen

from .load.measured import Measured

# Of one core. A neighbour that takes more than this in any turn of a round has been measured too.
DISTURBED_ABOVE = 0.1
# A median of fewer is one lucky round.
ROUNDS_WANTED = 3


@frozen
class Round:
    """Everybody's turn, one after the other, so that what disturbs the machine disturbs all of them."""

    turns: Mapping[str, Measured]

    @property
    def foreign_busy(self) -> float:
        return max(turn.foreign_busy for turn in self.turns.values())


@frozen
class Kept:
    """The rounds that count. `disturbed` says that there were not enough quiet ones, and these are the least disturbed."""

    rounds: Sequence[Round]
    dropped: int
    disturbed: bool

    def middle(self, of: Callable[[Round], float]) -> float:
        return median(map(of, self.rounds))

    def of(self, name: str, value: Callable[[Measured], float]) -> float:
        """The median of one's values."""
        return self.middle(lambda each: value(each.turns[name]))

    def ratio(self, name: str, to: str, value: Callable[[Measured], float]) -> float:
        """The median of the ratios inside each round, which is not the ratio of the medians."""
        return self.middle(lambda each: value(each.turns[name]) / value(each.turns[to]))


def kept(rounds: Sequence[Round], above: float = DISTURBED_ABOVE, wanted: int = ROUNDS_WANTED) -> Kept:
    """Drop the disturbed rounds; if that leaves too few, take the least disturbed ones and say so."""
    quiet = [each for each in rounds if each.foreign_busy <= above]
    if len(quiet) >= min(wanted, len(rounds)):
        return Kept(quiet, len(rounds) - len(quiet), disturbed=False)
    least = sorted(rounds, key=lambda each: each.foreign_busy)[:wanted]
    return Kept(least, len(rounds) - len(least), disturbed=True)


def per_second(turn: Measured) -> float:
    return turn.calls.per_second


def p50_ms(turn: Measured) -> float:
    return turn.calls.p50_ms


def p99_ms(turn: Measured) -> float:
    return turn.calls.p99_ms


def p999_ms(turn: Measured) -> float:
    return turn.calls.p999_ms
