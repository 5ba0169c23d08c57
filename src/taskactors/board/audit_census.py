"""The census: which state each task was last seen in, for comparing with the counters however many tasks there are."""

from collections import Counter
from collections.abc import Iterable, Mapping

from ..domain.task import State

_STATES = tuple(State)
_NUMBERS = {state: number for number, state in enumerate(_STATES, 1)}
_UNSEEN = 0


class Census:
    """A byte for each task. Kept up to date with what commits tell, it is that of the newest moment it was told of."""

    def __init__(self) -> None:
        self._seen = bytearray()
        self._counts: Counter[int] = Counter()

    def saw(self, task_id: int, state: State) -> None:
        """This task was seen in that state, wherever it was before."""
        if task_id >= len(self._seen):
            self._seen.extend(bytes(task_id + 1 - len(self._seen)))
        before, after = self._seen[task_id], _NUMBERS[state]
        if before != after:
            self._counts[before] -= 1
            self._counts[after] += 1
            self._seen[task_id] = after

    def saw_all(self, seen: Iterable[tuple[int, State]]) -> None:
        for task_id, state in seen:
            self.saw(task_id, state)

    def disagreement(self, counted: Mapping[str, int]) -> str | None:
        """What is wrong with the counters, if anything is."""
        there = {str(_STATES[number - 1]): count for number, count in self._counts.items() if number != _UNSEEN and count}
        return None if there == counted else f"the counters say {dict(sorted(counted.items()))}, there are {dict(sorted(there.items()))}"
