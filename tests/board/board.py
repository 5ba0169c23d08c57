"""A board without actors: the units of work run on an engine in memory, exactly as a desk has the store run them, under a set clock."""

import itertools
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from attrs import Factory, define, frozen

from taskactors.actors.admin import ADMIN
from taskactors.actors.arguments import Arguments
from taskactors.actors.tools import TOOLS
from taskactors.board import audit
from taskactors.board.change import as_server
from taskactors.board.commands import run_command
from taskactors.board.passing import Sign, Signs, give_grace, next_due, sweep
from taskactors.board.settings import BoardSettings
from taskactors.board.view import View
from taskactors.domain.agent import Agent
from taskactors.domain.caller import LOCAL_PERSON, SERVER, Caller, Kind
from taskactors.domain.events import Event
from taskactors.domain.task import Task
from taskactors.storage.engine import Done, Engine, Failed, Transaction, Unit
from taskactors.storage.in_memory import InMemoryEngine
from tests.support.batches import write
from tests.support.reading import read_whole

NOW = 1_790_000_000_000
"""Some day in 2026."""

PERSON = Caller(name=LOCAL_PERSON, kind=Kind.HUMAN, may_act_for_others=True)
TABLE = {**TOOLS, **ADMIN}
ARGUMENTS = {name: Arguments(tool.request) for name, tool in TABLE.items()}
MS = 1000

Answer = Mapping[str, Any]
T = TypeVar("T")


@define(eq=False)
class Board:
    """One project's board, and the moment it is there."""

    engine: Engine = Factory(InMemoryEngine)
    settings: BoardSettings = Factory(BoardSettings)
    now: int = NOW
    tampered: bool = False
    """Set by a test that breaks what is stored on purpose: the audit at the end would rightly find it."""
    _commands: "itertools.count[int]" = Factory(lambda: itertools.count(1))

    def as_agent(self, name: str) -> "Seat":
        """An agent's own calls."""
        return Seat(self, Caller(name=name))

    def as_person(self, acting_for: str | None = None) -> "Seat":
        """The local person's calls, or those made for an agent."""
        return Seat(self, Caller(name=acting_for, by=LOCAL_PERSON) if acting_for else PERSON)

    def as_coordinator(self, name: str) -> "Seat":
        """The calls of an agent that a person has promoted."""
        if self.view().find_agent(name) is None:
            self.as_agent(name).register_agent(agent_name=name, agent_type="lead", capabilities=[])
        self.as_person().call("admin.promote_agent", agent_name=name)
        return self.as_agent(name)

    def command(self, caller: Caller, tool: str, arguments: Mapping[str, Any]) -> Unit:
        """The unit of work that a call of a tool becomes."""
        request = ARGUMENTS[tool].structure(arguments, tool)
        number = next(self._commands)

        def unit(transaction: Transaction) -> Answer:
            return run_command(transaction, tool, request, caller, f"command-{number}", TABLE[tool].unit, self.settings)

        return unit

    def call(self, caller: Caller, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """One call, answered or refused."""
        answer: Answer
        if TABLE[tool].reads:
            request = ARGUMENTS[tool].structure(arguments, tool)
            return self.engine.read(lambda snapshot: read_whole(TABLE[tool], View(snapshot, self.now, caller, self.settings), request))
        answer = self.outcome(self.write(self.command(caller, tool, arguments))[0])
        return answer

    def write(self, *units: Unit) -> list[Done[Any] | Failed]:
        """Units in one batch, in one commit."""
        return write(self.engine, units, self.now, b"batch")

    @staticmethod
    def outcome(of: Done[Any] | Failed) -> Any:
        """What a unit returned; raises what it raised."""
        if isinstance(of, Failed):
            raise of.error
        return of.value

    # time

    def later(self, seconds: float) -> "Board":
        """Time passes, and nothing is done about it yet."""
        self.now += round(seconds * MS)
        return self

    def sweep(self, **signs: Sign) -> int:
        """What is due is done, once."""
        return self.as_server(lambda change: sweep(change, signs))

    def sweep_all(self, signs: Signs | None = None) -> None:
        """What is due is done, until nothing is: as the timers do. Raises if that has no end."""
        for _ in range(100):
            due = self.engine.read(next_due)
            if due is None or due > self.now:
                return
            self.as_server(lambda change: sweep(change, signs or {}))
        raise AssertionError("time has always something left to do")

    def restart(self) -> int:
        """What a start of the project does: every live lease gets the grace."""
        return self.as_server(give_grace)

    def as_server(self, work: Callable[[Any], int]) -> int:
        done: int = self.outcome(self.write(lambda transaction: work(as_server(transaction, "time", self.settings)))[0])
        return done

    # what is there

    def look(self, at: Callable[[View], T]) -> T:
        """What is stored, looked at as the server would."""
        return self.engine.read(lambda snapshot: at(View(snapshot, self.now, Caller(name=SERVER, kind=Kind.SERVER), self.settings)))

    def view(self) -> View:
        """The same to look around in, of the moment of the call; an engine on a disk does not let a snapshot outlive its read."""
        return self.look(lambda view: view)

    def task(self, code: str) -> Task:
        return self.look(lambda view: view.task_coded(code))

    def agent(self, name: str) -> Agent:
        return self.look(lambda view: view.agent(name))

    def events(self, after: int = 0) -> list[Event]:
        return self.look(lambda view: view.events_after(after, 100_000))

    def findings(self) -> list[str]:
        return self.engine.read(audit.findings)


@frozen(eq=False)
class Seat:
    """One caller at the board: every tool is a method."""

    board: Board
    caller: Caller

    def call(self, tool: str, /, **arguments: Any) -> Answer:
        return self.board.call(self.caller, tool, arguments)

    def command(self, tool: str, /, **arguments: Any) -> Unit:
        """A call that is yet to be written, in a batch with others."""
        return self.board.command(self.caller, tool, arguments)

    def task(self, code: str = "T", /, **given: Any) -> str:
        """A new task with whatever nobody cares about filled in; returns its code."""
        return str(self.call("create_task", **({"code": code, "name": "a task", "description": "to be done"} | given))["code"])

    def held(self, code: str = "T", /, **given: Any) -> str:
        """A new task that this caller holds."""
        code = self.task(code, **given)
        self.call("claim_task", code=code)
        return code

    def move(self, code: str, *states: str, reason: str = "because") -> Answer:
        """A task moved through states, one after the other."""
        answer: Answer = {}
        for state in states:
            answer = self.call("set_task_state", code=code, state=state, reason=reason)
        return answer

    def __getattr__(self, tool: str) -> Callable[..., Answer]:
        if tool not in TABLE:
            raise AttributeError(tool)
        return lambda **arguments: self.call(tool, **arguments)
