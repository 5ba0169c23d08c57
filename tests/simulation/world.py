"""The world: one whole run, from its seed to what was found in it."""

from unittest.mock import patch

import trio
from attrs import define, field, frozen

from taskactors.actors import router
from tests.simulation import checks
from tests.simulation.chance import Chance, drawn_from, jumping_clock
from tests.simulation.client import Client
from tests.simulation.disk import Disk
from tests.simulation.fate import Fate
from tests.simulation.faults import Faults
from tests.simulation.history import History
from tests.simulation.logs import kept_logs
from tests.simulation.machine import Machine
from tests.simulation.overlooked import arguments_of
from tests.simulation.person import Person
from tests.simulation.worker import Board, Opening, Worker

AGENTS = ("ada", "bob", "cy", "qa")
WORKER_STEPS = (2, 5)
PERSON_STEPS = (1, 4)

OPENINGS = (Opening.AS_IT_COMES, Opening.AS_IT_COMES, Opening.IN_WAIT, Opening.TOGETHER)

STEPS = ("take", "claim", "go_on", "use_an_old_fence", "review", "answer_an_offer", "tell", "read", "reserve", "create", "go_away")
LIKES = (0.2, 1.0, 1.0, 3.0)
"""Each run does more of some things and less of others: a bug that needs several of one kind is otherwise never met."""

PAGES = 30
"""An inbox that has not come to its end after so many pages never does."""

SETTLES_S = 6.0
LONGEST_S = 6 * 3600.0
"""No run takes so long, so one that does hangs."""

OTHER_PROJECT_SHARE = 0.12
"""Most runs use the project that is always open, some one that is opened for them."""


@frozen
class Told:
    """What came of one seed: what was found, and the run as a reader may follow it."""

    seed: int
    findings: tuple[str, ...]
    lines: tuple[str, ...] = field(repr=False)
    calls: int
    events: int
    simulated_s: float

    def __str__(self) -> str:
        found = "\n".join(f"  - {finding}" for finding in self.findings) or "  nothing"
        return f"seed {self.seed} found:\n{found}\nreplay it with: python -m tests.simulation {self.seed}"


def told_of(seed: int) -> Told:
    """Run the world of that seed."""
    return World(seed).run()


@define(eq=False)
class World:
    """Everybody and everything of one run."""

    seed: int
    history: History = field(init=False)
    disk: Disk = field(init=False)
    faults: Faults = field(init=False)
    machine: Machine = field(init=False)
    person: Person = field(init=False)
    workers: list[Worker] = field(init=False)
    ended_at_ms: int = 0

    def __attrs_post_init__(self) -> None:
        self.history, self.disk, self.faults = History(), Disk(), Faults()
        shape = Chance(self.seed, "shape")
        project = "other" if shape.happens(OTHER_PROJECT_SHARE) else "default"
        self.machine = Machine(self.disk, self.faults, Chance(self.seed, "machine"), self.history, project)
        likes = {step: shape.one_of(LIKES) for step in STEPS}
        board = Board(AGENTS, shape.one_of(OPENINGS), likes)
        self.workers = [
            Worker(self._client(name), board, Chance(self.seed, name), ("python",) if name != "cy" else (), 2 if name == "bob" else None)
            for name in AGENTS
        ]
        self.workers[-1].role = "qa"
        self.person = Person(self._client(None), board, Chance(self.seed, "person"))

    def _client(self, agent: str | None) -> Client:
        return Client(agent, self.machine, Chance(self.seed, f"the line of {agent}"), self.history)

    def run(self) -> Told:
        # The checks of arguments are the same in every life, and making them takes longer than a whole run should.
        kept = patch.object(router, "Arguments", arguments_of)
        with drawn_from(self.seed, self.machine.wall), kept_logs(self.history), self.faults.in_actors(), kept:
            ended_at: float = trio.run(self._main, clock=jumping_clock())
        history = self.history
        return Told(self.seed, tuple(history.findings), tuple(history.lines), len(history.ops), self.disk.seq, ended_at)

    async def _main(self) -> float:
        with trio.move_on_after(LONGEST_S) as whole:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self.machine.run)
                await self._act()
                await self._settle()
                nursery.cancel_scope.cancel()
        if whole.cancelled_caught:
            self.history.found("the run came to no end")
        else:
            checks.look_over(self)
        return trio.current_time()

    async def _act(self) -> None:
        """Everybody does what they do, and fate strikes while they do."""
        shape = Chance(self.seed, "steps")
        clients = [self.person.client, *(worker.client for worker in self.workers)]
        await self.machine.up.wait()
        async with trio.open_nursery() as meanwhile:
            meanwhile.start_soon(Fate(self.machine, clients, Chance(self.seed, "fate")).work)
            async with trio.open_nursery() as acting:
                acting.start_soon(self.person.live, shape.count(*PERSON_STEPS))
                for worker in self.workers:
                    acting.start_soon(worker.live, shape.count(*WORKER_STEPS))
            meanwhile.cancel_scope.cancel()

    async def _settle(self) -> None:
        """Nothing goes wrong any more; everybody may work, and reads what they were told."""
        self.history.say("      ! peace")
        self.faults.calm()
        self.disk.calm()
        while self.person.paused is not None:
            await self.person.go_on()
        async with trio.open_nursery() as reading:
            for worker in self.workers:
                reading.start_soon(self._read_all, worker)
        await Chance(self.seed, "end").pause(SETTLES_S, SETTLES_S)
        assert self.machine.projects is not None
        self.ended_at_ms = self.machine.projects.running()[self.machine.project].clock.now()

    async def _read_all(self, worker: Worker) -> None:
        for _ in range(PAGES):
            await self.machine.up.wait()
            if await worker.read(to_the_end=True):
                return
        self.history.found(f"the inbox of {worker.client.name} never ends")
