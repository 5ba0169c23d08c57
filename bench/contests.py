"""The contests: who is measured against whom, at how many agents, turn by turn in the same rounds."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from attrs import Factory, define, frozen

from .generator import load
from .load.measured import Measured
from .peers.postgres import postgres
from .results import CURVE
from .rounds import Round
from .servers import Missing, Server, Start, beanstalkd, python_peer, redis, taskactors

OURS, ECHO, SDK, FASTMCP = "taskactors", "bare echo", "SDK + SQLite", "fastmcp + SQLite"
BEANSTALKD, REDIS, POSTGRES, LIMIT = "beanstalkd", "redis", "PostgreSQL", "generator's limit"

STARTS: Mapping[str, Start] = {
    OURS: taskactors,
    ECHO: partial(python_peer, ECHO, "echo"),
    SDK: partial(python_peer, SDK, "sdk_sqlite"),
    FASTMCP: partial(python_peer, FASTMCP, "fastmcp_sqlite"),
    BEANSTALKD: partial(beanstalkd, BEANSTALKD),
    REDIS: partial(redis, REDIS),
    POSTGRES: partial(postgres, POSTGRES),
    LIMIT: partial(python_peer, LIMIT, "fast_echo"),
}
ECHOES = (ECHO, LIMIT)

# What some of the turns do instead, of ours alone: it needs no flush.
READS = "reads"

TEAM, ONE, CROWD = 64, 1, 256
# As many as one pair in eight of those at work.
PAIRS = 4
PARKED = 1_000
IDLE = 1_000

Turns = Mapping[str, Callable[[], Measured]]


@frozen
class Manner:
    """How many rounds, how long a turn, and over how many agents and tasks the curves go."""

    name: str
    rounds: int
    seconds: float
    curve_rounds: int
    over_agents: tuple[int, ...]
    over_tasks: tuple[int, ...]
    walls: int


FULL = Manner("full", 5, 2.0, 3, (1, 4, 16, 64, 256, 512), (1_000, 100_000, 1_000_000), 7)
QUICK = Manner("quick", 3, 0.5, 1, (1, 256), (1_000, 10_000), 3)


@define
class Field:
    """The servers of one run, each started when it is first wanted."""

    folder: Path
    stack: ExitStack
    missing: dict[str, str] = Factory(dict)
    _servers: dict[str, Server] = Factory(dict)

    def server(self, name: str) -> Server:
        """Raises Missing."""
        if name in self.missing:
            raise Missing(self.missing[name])
        if name not in self._servers:
            folder = self.folder / name.replace(" ", "-")
            folder.mkdir()
            try:
                self._servers[name] = self.stack.enter_context(STARTS[name](folder))
            except Missing as missing:
                self.missing[name] = str(missing)
                raise
        return self._servers[name]

    def there(self, *names: str) -> list[str]:
        """Those of them that can be started here."""
        found = []
        for name in names:
            try:
                self.server(name)
            except Missing:
                continue
            found.append(name)
        return found


@contextmanager
def field(folder: Path) -> Iterator[Field]:
    with ExitStack() as stack:
        yield Field(folder, stack)


def take_turns(turns: Turns, rounds: int) -> tuple[Round, ...]:
    return tuple(Round({name: turn() for name, turn in turns.items()}) for _ in range(rounds))


def against(field: Field, names: list[str], agents: int, seconds: float) -> Turns:
    """Everybody does what stands for create, claim and complete; an echo echoes."""
    works = {name: "echo" if name in ECHOES else "changes" for name in names}
    return {name: partial(load, field.server(name), work, agents, seconds) for name, work in works.items()}


def contests(field: Field, manner: Manner) -> Mapping[str, tuple[Turns, int]]:
    """Every contest by its name, with its rounds."""
    ours, seconds, rounds = field.server(OURS), manner.seconds, manner.rounds
    everybody = field.there(OURS, ECHO, SDK, FASTMCP, BEANSTALKD, REDIS, POSTGRES)
    mine = partial(load, ours, "changes")
    curves: dict[str, tuple[Turns, int]] = {
        f"{CURVE}{agents}": (
            {**against(field, [OURS, ECHO, SDK], agents, seconds), READS: partial(load, ours, READS, agents, seconds)},
            manner.curve_rounds,
        )
        for agents in manner.over_agents
    }
    return {
        "team": (against(field, everybody, TEAM, seconds), rounds),
        "one": (against(field, [name for name in everybody if name != FASTMCP], ONE, seconds), rounds),
        "crowd": ({str(agents): partial(mine, agents, seconds) for agents in (TEAM, CROWD)}, rounds),
        "parked": ({"without": partial(mine, TEAM, seconds), "with": partial(mine, TEAM, seconds, parked=PARKED)}, rounds),
        "hearing": ({"busy": partial(mine, TEAM, 2 * seconds, pairs=PAIRS)}, rounds),
        "limit": (against(field, [LIMIT], TEAM, seconds), 1),
        **curves,
    }


def idle_kib_per_agent(field: Field) -> float:
    """How much more memory a server uses for each agent that is connected and does nothing. A server of its own, that has
    served a few before: what is made once is not an agent's.
    """
    folder = field.folder / "idle"
    folder.mkdir()
    with taskactors(folder) as server:
        load(server, "changes", 4, 0.5)
        return load(server, "idle", IDLE, 0.1).server_grew_kib / IDLE
