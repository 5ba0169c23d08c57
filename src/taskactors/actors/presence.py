"""Presence: who called last when, and who has a connection open. Kept in memory, for leases to read."""

from collections import Counter
from collections.abc import Mapping

from ..board.passing import Sign
from ..domain.task import Instant

AGENTS_REMEMBERED = 10_000
"""Signs of life of names that never held anything are dropped, oldest first, beyond this many."""


class Presence:
    """The signs of life of a project's agents. Belongs to the project, so it survives the crash of any desk."""

    def __init__(self) -> None:
        self._last_call: dict[str, Instant] = {}
        self._connections: Counter[str] = Counter()

    def called(self, agent: str, now: Instant) -> None:
        """This agent, or somebody for it, made a call."""
        self._last_call.pop(agent, None)
        self._last_call[agent] = now
        if len(self._last_call) > AGENTS_REMEMBERED:
            del self._last_call[next(iter(self._last_call))]

    def opened(self, agent: str, now: Instant) -> None:
        """A connection of this agent was opened."""
        self._connections[agent] += 1
        self.called(agent, now)

    def closed(self, agent: str) -> None:
        """A connection of this agent has ended."""
        self._connections[agent] -= 1
        if self._connections[agent] <= 0:
            del self._connections[agent]

    @property
    def connections(self) -> int:
        """How many connections of named agents are open."""
        return self._connections.total()

    def signs(self) -> Mapping[str, Sign]:
        """What is known now, as a value."""
        agents = self._last_call.keys() | self._connections.keys()
        return {agent: Sign(self._last_call.get(agent), agent in self._connections) for agent in agents}
