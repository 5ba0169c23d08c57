"""The typed view over a snapshot: tasks, agents, messages and sessions by every name they go by."""

from collections.abc import Iterator
from difflib import get_close_matches

from ..domain.agent import Agent
from ..domain.caller import LOCAL_PERSON, Caller, Kind
from ..domain.errors import NotFound
from ..domain.events import Event
from ..domain.evolving import evolve
from ..domain.handing_off import Handoff
from ..domain.knowledge import Entry
from ..domain.matching import Lane
from ..domain.message import Message
from ..domain.pausing import Pause, targets_of
from ..domain.reserving import Reservation
from ..domain.session import Session
from ..domain.task import Dependency, DependencyKind, Instant, Task, WorkflowPosition
from ..domain.waiting import meets
from ..domain.workflow import Workflow
from ..storage.engine import Snapshot
from ..storage.keys import last_number, split
from . import chain, layout
from .requests.request import AboutTask
from .settings import BoardSettings
from .stored import AGENT, ENTRY, EVENT, HANDOFF, MESSAGE, PAUSE, RESERVATION, SESSION, TASK, WORKFLOW

PAGE = 256
"""How many entries a walk reads at once: enough to be cheap, few enough to stop early."""

SUGGESTIONS_FROM = 50
"""A misspelt code is compared with so many before it and so many after it: what begins alike is near, and to compare two takes 20 µs."""

NUMBER_BYTES = 8

UNCOUNTED = b""
"""What a lane's key held before it held a count."""


class View:
    """A project as one snapshot shows it, seen by one caller."""

    def __init__(self, snapshot: Snapshot, now: Instant, caller: Caller, settings: BoardSettings) -> None:
        self.snapshot = snapshot
        self.now = now
        self.settings = settings
        self.caller = self._as_coordinator(caller)

    def _as_coordinator(self, caller: Caller) -> Caller:
        agent = self.find_agent(caller.name) if caller.kind is Kind.AGENT else None
        return evolve(caller, coordinator=True) if agent and agent.coordinator else caller

    # tasks

    def find_task(self, task_id: int) -> Task | None:
        stored = self.snapshot.get(layout.task(task_id))
        return TASK.decode(stored) if stored is not None else None

    def stored_task(self, task_id: int) -> bytes:
        """A task's record as it is stored. Raises NotFound."""
        stored = self.snapshot.get(layout.task(task_id))
        if stored is None:
            raise NotFound(kind="task", named=str(task_id))
        return stored

    def task(self, task_id: int) -> Task:
        """Raises NotFound."""
        task = self.find_task(task_id)
        if task is None:
            raise NotFound(kind="task", named=str(task_id))
        return task

    def find_coded(self, code: str) -> Task | None:
        found = self.snapshot.range(*layout.task_coded(code), limit=1)
        return self.task(last_number(found[0][0])) if found else None

    def task_coded(self, code: str) -> Task:
        """Raises NotFound, naming codes that look alike."""
        task = self.find_coded(code)
        if task is None:
            raise NotFound(kind="task", named=code, nearest=tuple(get_close_matches(code.upper(), self._codes_around(code))))
        return task

    def _codes_around(self, code: str) -> list[str]:
        (first, last), (here, _) = layout.CODES, layout.task_coded(code)
        before = self.snapshot.range(first, here, limit=SUGGESTIONS_FROM, reverse=True)
        after = self.snapshot.range(here, last, limit=SUGGESTIONS_FROM)
        return [str(split(entry)[1]) for entry, _ in (*reversed(before), *after)]

    def named(self, request: AboutTask) -> Task:
        """The task that a request names by id or code; both must then mean the same."""
        if request.id is None:
            assert request.code is not None
            return self.task_coded(request.code)
        task = self.task(request.id)
        if request.code is not None and request.code.upper() != task.code.upper():
            raise NotFound(kind="task", named=f"{request.id} with code {request.code}", nearest=(task.code,))
        return task

    def held_by(self, agent: str, limit: int) -> tuple[str, ...]:
        """Codes of the tasks whose leases this agent holds, up to `limit` of them."""
        return tuple(task.code for task in self.tasks_held_by(agent, limit))

    def held_within_limit(self, agent: Agent) -> tuple[str, ...]:
        """Codes of what counts toward an agent's limit; what one without a limit holds is not looked up."""
        return self.held_by(agent.name, agent.max_concurrent_tasks) if agent.max_concurrent_tasks is not None else ()

    def tasks_held_by(self, agent: str, limit: int) -> Iterator[Task]:
        """The tasks whose leases this agent holds, up to `limit` of them."""
        for entry, _ in self.snapshot.range(*layout.held_by(agent), limit=limit):
            yield self.task(last_number(entry))

    def unmet_blockers(self, task: Task) -> tuple[str, ...]:
        """Codes of the blockers that are not Done, and of the tasks whose parts are not."""
        found = ((code, self.find_coded(code)) for code in task.blockers)
        unmet = [code for code, blocker in found if blocker is None or not meets(blocker)]
        return (*unmet, *(each.code for each in task.fan_ins if not self._is_fan_in_met(each)))

    def _is_fan_in_met(self, dependency: Dependency) -> bool:
        # One at a time: the first that decides is mostly among the first, and there may be a thousand.
        parts = (meets(each) for each in self.parts_of(dependency.code))
        if dependency.kind is DependencyKind.WAITS_FOR_ANY:
            return any(parts)
        return next(parts, False) and all(parts)

    def parts_of(self, parent: str) -> Iterator[Task]:
        """The tasks that are a part of that one, directly."""
        for entry, _ in self.walk(layout.tasks_under(parent)):
            yield self.task(last_number(entry))

    # agents

    def find_agent(self, name: str) -> Agent | None:
        stored = self.snapshot.get(layout.agent(name))
        return AGENT.decode(stored) if stored is not None else None

    def agent(self, name: str) -> Agent:
        """Raises NotFound, naming agents that look alike."""
        agent = self.find_agent(name)
        if agent is None:
            names = [each.name for each in self.agents()]
            raise NotFound(kind="agent", named=name, nearest=tuple(get_close_matches(name, names) or names[:5]))
        return agent

    def agents(self, after: str = "") -> Iterator[Agent]:
        """Everybody, by name, or those whose names come after that."""
        for _, stored in self.walk(layout.agents_after(after)):
            yield AGENT.decode(stored)

    def me(self) -> Agent | None:
        """The caller as a member of the team; a person can do anything that work needs, and is nobody's subordinate."""
        if self.caller.kind is Kind.AGENT:
            return self.find_agent(self.caller.name)
        name = self.caller.name
        known = self.find_agent(name) if name != LOCAL_PERSON else None
        return known or Agent(name=name, role="", kind=Kind.HUMAN, registered_at=0, updated_at=0)

    # workflows

    def workflow(self, named: str | int) -> Workflow:
        """The newest definition by its name or id. Raises NotFound, naming those that look alike."""
        number = named if isinstance(named, int) else self._workflow_id(named)
        found = self.snapshot.range(*layout.workflow_revs(number), limit=1, reverse=True) if number else []
        if not found:
            names = self.workflow_names()
            raise NotFound(kind="workflow", named=str(named), nearest=tuple(get_close_matches(str(named), names) or names[:5]))
        return WORKFLOW.decode(found[0][1])

    def workflow_of(self, position: WorkflowPosition) -> Workflow:
        """The definition that a task began with."""
        stored = self.snapshot.get(layout.workflow(position.id, position.rev))
        assert stored is not None
        return WORKFLOW.decode(stored)

    def workflow_names(self) -> list[str]:
        """The names of the workflows that are defined."""
        return [str(split(entry)[1]) for entry, _ in self.snapshot.range(*layout.WORKFLOW_NAMES, limit=PAGE)]

    def _workflow_id(self, name: str) -> int | None:
        stored = self.snapshot.get(layout.workflow_named(name))
        return int.from_bytes(stored, "big") if stored is not None else None

    # messages, sessions, events

    def find_message(self, message_id: int) -> Message | None:
        stored = self.snapshot.get(layout.message(message_id))
        return MESSAGE.decode(stored) if stored is not None else None

    def find_entry(self, entry_id: int) -> Entry | None:
        stored = self.snapshot.get(layout.entry(entry_id))
        return ENTRY.decode(stored) if stored is not None else None

    def handoff(self, handoff_id: int) -> Handoff:
        """Raises NotFound."""
        stored = self.snapshot.get(layout.handoff(handoff_id))
        if stored is None:
            raise NotFound(kind="handoff", named=str(handoff_id))
        return HANDOFF.decode(stored)

    def open_handoff(self, task: Task) -> Handoff | None:
        """The offer of a task that nobody has decided yet."""
        number = self.snapshot.get(layout.handoff_of(task.id))
        return self.handoff(int.from_bytes(number, "big")) if number is not None else None

    def reservations(self) -> tuple[Reservation, ...]:
        """Everything that is reserved or waited for, in the order of the line."""
        if not self._ever_had("reservation"):
            return ()
        return tuple([RESERVATION.decode(stored) for _, stored in self.walk(layout.RESERVATIONS)])

    def pauses(self) -> Iterator[Pause]:
        """Everything that is paused."""
        for _, stored in self.walk(layout.PAUSES):
            yield PAUSE.decode(stored)

    def pause_of(self, agent: Agent) -> Pause | None:
        """What holds this agent back from new work, if anything does."""
        for target in targets_of(agent):
            if (stored := self.snapshot.get(layout.pause(target))) is not None:
                return PAUSE.decode(stored)
        return None

    def session(self, session_id: int) -> Session:
        """Raises NotFound."""
        stored = self.snapshot.get(layout.session(session_id))
        if stored is None:
            raise NotFound(kind="work session", named=str(session_id))
        return SESSION.decode(stored)

    def open_session(self, task_id: int, agent: str) -> Session | None:
        if not self._ever_had("session"):
            return None
        found = self.snapshot.range(*layout.open_session(task_id, agent), limit=1)
        return self.session(last_number(found[0][0])) if found else None

    def events_after(self, seq: int, limit: int) -> list[Event]:
        """The log from a point on, in order."""
        return [EVENT.decode(chain.body_of(stored)) for _, stored in self.snapshot.range(*layout.events_after(seq), limit=limit)]

    # numbers and walks

    def number(self, name: str) -> int:
        """The last number that a counter gave out, 0 before its first."""
        stored = self.snapshot.get(layout.counter(name))
        return int.from_bytes(stored, "big") if stored else 0

    def _ever_had(self, name: str) -> bool:
        """Most projects never reserve a file nor measure their time, and the end of every claim asks: one number for all of a batch
        says so, where to look through a span takes five times as long.
        """
        return self.number(name) > 0

    def role_read(self, role: str) -> int:
        """How far anybody of a role has confirmed what that role was told."""
        stored = self.snapshot.get(layout.role_read(role))
        return int.from_bytes(stored, "big") if stored else 0

    def head_seq(self) -> int:
        """The number of the last event."""
        return chain.read_head(self.snapshot).seq

    def first_seq(self) -> int:
        """The number of the first event that is still there; of the next, when there is none."""
        return chain.read_checkpoint(self.snapshot).seq + 1

    def dropped(self) -> dict[str, int]:
        """How many events of each kind were dropped from the log."""
        return {str(split(entry)[1]): int.from_bytes(stored, "big") for entry, stored in self.walk(layout.DROPPED)}

    def ready_in(self, lane: Lane) -> int:
        """How many tasks are ready in a lane."""
        return sum(1 for _ in self.walk(layout.ready_in(lane)))

    def ready_counts(self) -> dict[Lane, int]:
        """How many tasks are ready in each lane that has any."""
        lanes = ((layout.lane_from(split(entry)), stored) for entry, stored in self.walk(layout.LANES))
        return {lane: self.ready_in(lane) if stored == UNCOUNTED else int.from_bytes(stored, "big") for lane, stored in lanes}

    def state_counts(self) -> dict[str, int]:
        """How many tasks there are in each state that has any."""
        found = self.snapshot.range(*layout.STATE_COUNTS, limit=PAGE)
        return {str(split(entry)[1]): int.from_bytes(stored, "big") for entry, stored in found if any(stored)}

    def walk(self, over: layout.Span, reverse: bool = False, at_once: int = PAGE) -> Iterator[tuple[bytes, bytes]]:
        """Every entry of a span, so many read at once."""
        start, end = over
        while page := self.snapshot.range(start, end, limit=at_once, reverse=reverse):
            yield from page
            if len(page) < at_once:
                return
            last = page[-1][0]
            start, end = (start, last) if reverse else (last + b"\0", end)
