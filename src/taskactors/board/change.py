"""The typed view over one unit's transaction: the only place that writes, and where every index and event is kept."""

from collections.abc import Callable, Set
from typing import TypeVar

from ..domain.agent import Agent, provisional
from ..domain.caller import LOCAL_PERSON, SERVER, Caller, Kind
from ..domain.codes import agent_name_problem
from ..domain.errors import Conflict, LimitReached, NoName
from ..domain.events import Entity, Event, EventKind, Fact
from ..domain.evolving import evolve
from ..domain.handing_off import Handoff
from ..domain.knowledge import Entry
from ..domain.matching import Lane, is_ready, lane_of
from ..domain.message import Message
from ..domain.session import Session
from ..domain.task import Instant, Task
from ..domain.workflow import Workflow
from ..storage.engine import Transaction
from . import chain, layout
from .settings import BoardSettings
from .stored import AGENT, ENTRY, EVENT, HANDOFF, MESSAGE, SESSION, TASK, WORKFLOW
from .view import NUMBER_BYTES, UNCOUNTED, View
from .watching import ClaimMoved, Ready

LANES_LIMIT = 256
"""A search for work looks at the head of every lane it covers; more lanes than this would make it slow for everybody."""

E = TypeVar("E", bound=Entity)


class Change(View):
    """One unit of work on a project, by one caller, for one command. Nothing of it is seen before all of it is."""

    def __init__(self, transaction: Transaction, caller: Caller, command: str, settings: BoardSettings) -> None:
        self._transaction = transaction
        self.command = command
        super().__init__(transaction, transaction.now_ms, caller, settings)

    def record(self, fact: Fact) -> Entity:
        """Store what a rule decided, with one event, and return the entity with its new rev."""
        after = fact.after
        match after:
            case Task():
                after = self._save_task(after, edited=True)
                self._log(fact, f"task:{after.id}")
            case Agent():
                after = self._save_agent(after)
                self._log(fact, f"agent:{after.name}")
            case Message():
                self._add_message(after)
                self._log(fact, f"message:{after.id}")
            case Entry():
                self._add_entry(after)
                self._log(fact, f"entry:{after.id}")
            case Session():
                self._save_session(after)
                self._log(fact, f"session:{after.id}")
        return after

    def record_task(self, fact: Fact) -> Task:
        """As `record`, for a fact about a task."""
        task = self.record(fact)
        assert isinstance(task, Task)
        return task

    def keep(self, task: Task) -> Task:
        """Store a task without an event and without a new rev: for signs of life and the passing of time."""
        return self._save_task(task, edited=False)

    def keep_agent(self, agent: Agent) -> None:
        """Store an agent without an event: for its place in its inbox."""
        self._transaction.put(layout.agent(agent.name), AGENT.encode(agent))

    def keep_handoff(self, handoff: Handoff) -> None:
        """Store an offer; its task's event tells of it."""
        stored = self.snapshot.get(layout.handoff(handoff.id))
        before = HANDOFF.decode(stored) if stored is not None else None
        number = handoff.id.to_bytes(NUMBER_BYTES, "big")
        self._index(layout.index_of_handoff(before) if before else frozenset(), layout.index_of_handoff(handoff), number)
        self._transaction.put(layout.handoff(handoff.id), HANDOFF.encode(handoff))

    def keep_message(self, message: Message) -> None:
        """Store a message that is there already, without an event of its own."""
        before = self.find_message(message.id)
        assert before is not None
        self._index(layout.index_of_message(before), layout.index_of_message(message))
        self._transaction.put(layout.message(message.id), MESSAGE.encode(message))

    def keep_workflow(self, workflow: Workflow) -> None:
        """Store a definition, beside those that tasks on their way began with."""
        self._transaction.put(layout.workflow(workflow.id, workflow.rev), WORKFLOW.encode(workflow))
        self.put_number(layout.workflow_named(workflow.name), workflow.id)

    def note(self, kind: EventKind, subject: str, **data: object) -> None:
        """Log something that changed no entity of its own."""
        self._append(kind, subject, data)

    # storing

    def _save_task(self, task: Task, edited: bool) -> Task:
        before = self.find_task(task.id)
        if edited and before is not None:
            task = evolve(task, rev=before.rev + 1, updated_at=self.now)
        self._index(*(layout.moves_of_task(before, task) if before else (frozenset(), layout.index_of_task(task))))
        self._keep_lane(before, task)
        if before is None or before.state is not task.state:
            self._count(before, task)
        self._transaction.put(layout.task(task.id), TASK.encode(task))
        self._tell_of_claim(before, task)
        if edited:
            self._transaction.tell(task)
        return task

    def _tell_of_claim(self, before: Task | None, after: Task) -> None:
        if (before.claim if before else None) is after.claim:
            return
        was, now = _claim_told(before), _claim_told(after)
        if was != now:
            self._transaction.tell(ClaimMoved(after.id, after.code, was[0], *now))

    def tell(self, what: object) -> None:
        """Let those who watch know of something, once it is on disk."""
        self._transaction.tell(what)

    def _index(self, before: Set[bytes], after: Set[bytes], value: bytes = b"") -> None:
        # In no order: the buffer brings all that is written into the order of its keys.
        for entry in before - after:
            self._transaction.delete(entry)
        for entry in after - before:
            self._transaction.put(entry, value)

    def _keep_lane(self, before: Task | None, after: Task) -> None:
        was = lane_of(before) if before and is_ready(before) else None
        now = lane_of(after) if is_ready(after) else None
        if was == now:
            return
        if was is not None:
            self._count_ready(was, -1)
        if now is not None:
            self._count_ready(now, 1)
            self.tell(Ready(now))

    def _count_ready(self, lane: Lane, by: int) -> None:
        """A lane is there while something is ready in it."""
        entry = layout.lane(lane)
        stored = self.snapshot.get(entry)
        # Lanes were once registered without a count; the index entries have been moved by now.
        count = self.ready_in(lane) if stored == UNCOUNTED else int.from_bytes(stored or b"", "big") + by
        if count:
            self.put_number(entry, count)
        else:
            self._transaction.delete(entry)

    def require_lane(self, task: Task) -> None:
        """Refuse new work of yet another kind when there are too many kinds already. Work that is freed is never refused."""
        if not is_ready(task) or self.snapshot.get(layout.lane(lane_of(task))) is not None:
            return
        if len(self.snapshot.range(*layout.LANES, limit=LANES_LIMIT)) >= LANES_LIMIT:
            raise LimitReached(
                what="the number of different combinations of owner, role and capabilities among ready tasks",
                limit=LANES_LIMIT,
                instead="use a combination that other ready tasks have, or wait until some are taken",
            )

    def _count(self, before: Task | None, after: Task) -> None:
        if before is not None:
            self._add(layout.state_count(before.state), -1)
        self._add(layout.state_count(after.state), 1)

    def _add(self, counter: bytes, by: int) -> int:
        stored = self.snapshot.get(counter)
        number = (int.from_bytes(stored, "big") if stored else 0) + by
        self._transaction.put(counter, number.to_bytes(NUMBER_BYTES, "big"))
        return number

    def _save_agent(self, agent: Agent) -> Agent:
        before = self.find_agent(agent.name)
        if before is not None:
            agent = evolve(agent, rev=before.rev + 1, updated_at=self.now)
        self.keep_agent(agent)
        self.tell(agent)
        return agent

    def _add_message(self, message: Message) -> None:
        self._transaction.put(layout.message(message.id), MESSAGE.encode(message))
        self._index(frozenset(), layout.index_of_message(message))

    def _add_entry(self, entry: Entry) -> None:
        self._transaction.put(layout.entry(entry.id), ENTRY.encode(entry))
        self._index(frozenset(), layout.index_of_entry(entry))

    def _save_session(self, session: Session) -> None:
        stored = self.snapshot.get(layout.session(session.id))
        before = SESSION.decode(stored) if stored is not None else None
        self._index(layout.index_of_session(before) if before else frozenset(), layout.index_of_session(session))
        self._transaction.put(layout.session(session.id), SESSION.encode(session))

    def put_number(self, entry: bytes, number: int) -> None:
        """Store a number that is not a counter of ids."""
        self._transaction.put(entry, number.to_bytes(NUMBER_BYTES, "big"))

    def put(self, entry: bytes, value: bytes) -> None:
        """Store a record that belongs to no entity."""
        self._transaction.put(entry, value)

    def drop(self, entry: bytes) -> None:
        """Remove a record or mark that belongs to no entity."""
        self._transaction.delete(entry)

    def next_number(self, name: str) -> int:
        """The next id of a kind, or the next number of a series."""
        return self._add(layout.counter(name), 1)

    # events

    def _log(self, fact: Fact, subject: str) -> None:
        self._append(fact.kind, subject, dict(fact.data))

    def _append(self, kind: EventKind, subject: str, data: dict[str, object]) -> None:
        head = chain.read_head(self.snapshot)
        acting_for = self.caller.name if self.caller.by else None
        event = Event(
            seq=head.seq + 1,
            at=self.now,
            kind=kind,
            by=self.caller.actor,
            acting_for=acting_for,
            subject=subject,
            command=self.command,
            data=data,
        )
        body = EVENT.encode(event)
        head = head.next(body)
        self._transaction.put(layout.event(head.seq), chain.linked(head, body))
        self._transaction.put(layout.HEAD, head.to_bytes())
        self._transaction.tell(event)

    # who acts, and on what

    def acting(self) -> Agent:
        """The caller as a member of the team; a name seen for the first time joins on the spot where that is allowed."""
        me = self.me()
        if me is None or (me.kind is Kind.HUMAN and not me.registered_at):
            return self.introduce(self.caller.name)
        return me

    def introduce(self, name: str) -> Agent:
        """The agent of that name; registered on the spot when it is new and that is allowed. Raises NotFound, NoName."""
        known = self.find_agent(name)
        if known is not None:
            return known
        if name == LOCAL_PERSON:
            return Agent(name=LOCAL_PERSON, role="", kind=Kind.HUMAN, registered_at=0, updated_at=0)
        if problem := agent_name_problem(name):
            raise NoName(name=name, problem=problem)
        if not self.settings.open_registration:
            return self.agent(name)
        if name == self.caller.name:
            return self.join(provisional(name, self.now, self.caller.role, self.caller.kind))
        return self.join(provisional(name, self.now))

    def join(self, agent: Agent) -> Agent:
        """Add a member to the team. Its share of what everybody was told begins now, of what its role was told where nobody has read."""
        newcomer = evolve(agent, all_from=self.number("message"), role_from=self.role_read(agent.role))
        joined = self.record(
            Fact(
                EventKind.AGENT_REGISTERED,
                newcomer,
                {"role": agent.role, "capabilities": agent.capabilities, "provisional": agent.provisional},
            )
        )
        assert isinstance(joined, Agent)
        return joined

    def require_rev(self, subject: str, rev: int, expected: int | None, current: Callable[[], dict[str, object]]) -> None:
        """Refuse an edit of a value that changed since the caller looked; the refusal shows what it is now."""
        if expected is not None and expected != rev:
            raise Conflict(subject=subject, expected_rev=expected, rev=rev, current=current())


def _claim_told(task: Task | None) -> tuple[str | None, Instant | None]:
    """Who holds it, and until when at most; a suspended claim has no such end."""
    claim = task.claim if task else None
    if claim is None:
        return None, None
    return claim.agent, claim.deadline if claim.expires_at is not None else None


def as_server(transaction: Transaction, command: str, settings: BoardSettings) -> Change:
    """A unit of work that nobody asked for: time passed, or the server started."""
    return Change(transaction, Caller(name=SERVER, kind=Kind.SERVER), command, settings)
