"""Where everything lives: every key of a project's keyspace, made here and nowhere else."""

from collections.abc import Set
from functools import lru_cache
from operator import attrgetter

from ..domain.handing_off import UNDECIDED, Handoff
from ..domain.knowledge import Entry
from ..domain.matching import Lane, is_ready, lane_of, rank
from ..domain.message import Message
from ..domain.session import Session
from ..domain.task import RUNNING, Task
from ..domain.warning import look_at
from ..storage.keys import key, number, numbered, span

Span = tuple[bytes, bytes]

named = lru_cache(1_024)
"""For the keys and spans of names that come again with every call, of agents and states: a call makes some twenty keys."""

EVERYTHING: Span = b"\x01", b"\xff"
"""Every key that is made here."""

HEAD = key("head")
"""The last event: its number and its hash."""

CHECKPOINT = key("checkpoint")
"""The last event that was dropped, likewise."""

CAPABILITY_SEPARATOR = "\x1f"
"""Stands between capabilities in a lane's key; no capability can hold it."""


@named
def counter(name: str) -> bytes:
    return key("number", name)


task = numbered("task")


ALL_TASKS: Span = span("task")


@named
def task_coded(code: str) -> Span:
    """Codes are found whatever their case, so that no two tasks differ by case alone."""
    return span("code", code.upper())


CODES: Span = span("code")


@named
def tasks_in_state(state: str) -> Span:
    return span("state", state)


@named
def tasks_of_owner(owner: str) -> Span:
    return span("owner", owner)


def tasks_under(parent_code: str) -> Span:
    return span("parent", parent_code.upper())


def dependant(blocker: str, task_id: int) -> bytes:
    return key("dependant", blocker.upper(), task_id)


def dependants(blocker: str) -> Span:
    return span("dependant", blocker.upper())


def fan_in(parent: str, task_id: int) -> bytes:
    """A task that waits for parts of that one."""
    return key("fan-in", parent.upper(), task_id)


def fan_ins(parent: str) -> Span:
    return span("fan-in", parent.upper())


@named
def state_count(state: str) -> bytes:
    return key("count", state)


STATE_COUNTS: Span = span("count")


@named
def lane(of: Lane) -> bytes:
    return key("lane", of.owner, of.role, CAPABILITY_SEPARATOR.join(of.capabilities))


LANES: Span = span("lane")


def lane_from(parts: tuple[object, ...]) -> Lane:
    """The lane that a key of LANES names."""
    _, owner, role, capabilities = parts
    return Lane(str(owner), str(role), tuple(str(capabilities).split(CAPABILITY_SEPARATOR)) if capabilities else ())


READY: Span = span("ready")


@named
def ready_in(of: Lane) -> Span:
    return span("ready", of.owner, of.role, CAPABILITY_SEPARATOR.join(of.capabilities))


@named
def held_by(agent: str) -> Span:
    return span("held", agent)


HELD: Span = span("held")


LEASE = "lease"
START = "start"
HANDOFF = "handoff"
ACKNOWLEDGEMENT = "acknowledgement"
RESERVATION = "reservation"
REPLY = "reply"


def due(at: int, what: str, *which: int | str) -> bytes:
    """Something that time will do: end a lease, start delayed work, drop a stored reply."""
    return _due(at) + key(what, *which)


_due = numbered("due")
_LEASE = key(LEASE)


def due_until(now: int) -> Span:
    return span("due")[0], key("due", now + 1)


DUE: Span = span("due")


@named
def agent(name: str) -> bytes:
    return key("agent", name)


AGENTS: Span = span("agent")


def agents_after(name: str) -> Span:
    return (agent(name) + b"\0" if name else AGENTS[0]), AGENTS[1]


def message(message_id: int) -> bytes:
    return key("message", message_id)


ALL_MESSAGES: Span = span("message")


def message_on_task(task_id: int, message_id: int) -> bytes:
    return key("on", task_id, message_id)


def messages_on_task(task_id: int) -> Span:
    return span("on", task_id)


def inbox(to: str, message_id: int) -> bytes:
    return key("inbox", to, message_id)


def inbox_after(to: str, message_id: int) -> Span:
    return key("inbox", to, message_id + 1), span("inbox", to)[1]


@named
def role_read(role: str) -> bytes:
    """How far anybody of a role has confirmed the messages to that role."""
    return key("role-read", role)


def handoff(handoff_id: int) -> bytes:
    return key("handoff", handoff_id)


ALL_HANDOFFS: Span = span("handoff")


def handoff_of(task_id: int) -> bytes:
    """The offer of a task that is not decided yet."""
    return key("offered", task_id)


def reservation(reservation_id: int) -> bytes:
    return key("reservation", reservation_id)


RESERVATIONS: Span = span("reservation")


@named
def pause(target: str) -> bytes:
    return key("pause", target)


PAUSES: Span = span("pause")


def entry(entry_id: int) -> bytes:
    return key("entry", entry_id)


ALL_ENTRIES: Span = span("entry")


def entries_on_task(task_id: int) -> Span:
    return span("known", task_id)


def workflow(workflow_id: int, rev: int) -> bytes:
    return key("workflow", workflow_id, rev)


def workflow_revs(workflow_id: int) -> Span:
    return span("workflow", workflow_id)


def workflow_named(name: str) -> bytes:
    return key("workflow-name", name)


WORKFLOW_NAMES: Span = span("workflow-name")


def session(session_id: int) -> bytes:
    return key("session", session_id)


ALL_SESSIONS: Span = span("session")


OPEN_SESSIONS: Span = span("open")


def open_session(of_task: int, agent_name: str) -> Span:
    return span("open", of_task, agent_name)


event = numbered("event")


ALL_EVENTS: Span = span("event")


def events_after(seq: int) -> Span:
    return key("event", seq + 1), ALL_EVENTS[1]


def dropped(kind: str) -> bytes:
    """How many events of a kind the log no longer has."""
    return key("dropped", kind)


DROPPED: Span = span("dropped")


def voucher(seq: int) -> bytes:
    """The number of the event that vouches for another, whose text was redacted."""
    return key("voucher", seq)


REPLIES: Span = span("reply")


def reply(caller: str, tool: str, idempotency_key: str) -> bytes:
    return key("reply", caller, tool, idempotency_key)


_plan_of = attrgetter("code", "parent_code", "not_before", "depends_on")
"""What decides alone where a task is found as it was planned; it seldom changes."""


def _as_planned(of: Task) -> list[bytes]:
    found = [task_coded(of.code)[0] + number(of.id)]
    if of.parent_code:
        found.append(key("parent", of.parent_code.upper(), of.id))
    if of.not_before is not None:
        found.append(due(of.not_before, START, of.id))
    if of.depends_on:
        found += [dependant(code, of.id) for code in of.blockers]
        found += [fan_in(each.code, of.id) for each in of.fan_ins]
    return found


def _as_it_stands(of: Task) -> list[bytes]:
    """Where a task is found by its state, its owner, its rank while it is ready, and its claim while that runs."""
    this = number(of.id)
    found = [tasks_in_state(of.state)[0] + this]
    if of.owner_agent_name:
        found.append(tasks_of_owner(of.owner_agent_name)[0] + this)
    if is_ready(of):
        first, second, third = rank(of)
        found.append(ready_in(lane_of(of))[0] + number(first) + number(second) + number(third))
    claim = of.claim
    if claim is not None and claim.expires_at is not None and of.state in RUNNING:
        found += (held_by(claim.agent)[0] + this, _due(look_at(claim)) + _LEASE + this)
    return found


def index_of_task(of: Task) -> frozenset[bytes]:
    """Every index entry that this value of a task has."""
    return frozenset(_as_planned(of) + _as_it_stands(of))


def moves_of_task(before: Task, after: Task) -> tuple[Set[bytes], Set[bytes]]:
    """Index entries before and after one value of a task follows another: all that differ, and of the others only some."""
    going, coming = _as_it_stands(before), _as_it_stands(after)
    if _plan_of(before) != _plan_of(after):
        going += _as_planned(before)
        coming += _as_planned(after)
    return set(going), set(coming)


def index_of_message(of: Message) -> frozenset[bytes]:
    """Where a message is found: on its task, and in the inbox that it is for."""
    on_task = {message_on_task(of.task_id, of.id)} if of.task_id is not None else set()
    in_inbox = {inbox(of.to, of.id)} if of.to is not None else set()
    awaited = {due(of.ack_by, ACKNOWLEDGEMENT, of.id)} if of.ack_by is not None and of.acked_by is None else set()
    return frozenset(on_task | in_inbox | awaited)


def index_of_entry(of: Entry) -> frozenset[bytes]:
    """Knowledge about a task is found by that."""
    return frozenset({key("known", of.task_id, of.id)}) if of.task_id is not None else frozenset()


def index_of_handoff(of: Handoff) -> frozenset[bytes]:
    """An undecided offer is found by its task, and ends in time."""
    if of.state not in UNDECIDED:
        return frozenset()
    return frozenset({handoff_of(of.task_id), due(of.expires_at, HANDOFF, of.id)})


def index_of_session(of: Session) -> frozenset[bytes]:
    return frozenset() if of.ended_at else frozenset({key("open", of.task_id, of.agent_name, of.id)})


def family(name: str) -> Span:
    """Every key of one kind."""
    return span(name)
