"""Where everything lives: every key of a project's keyspace, made here and nowhere else."""

from ..domain.handing_off import UNDECIDED, Handoff
from ..domain.knowledge import Entry
from ..domain.matching import Lane, is_ready, lane_of, rank
from ..domain.message import Message
from ..domain.session import Session
from ..domain.task import RUNNING, DependencyKind, Task
from ..domain.warning import look_at
from ..storage.keys import key, span

Span = tuple[bytes, bytes]

EVERYTHING: Span = b"\x01", b"\xff"
"""Every key that is made here."""

HEAD = key("head")
"""The last event: its number and its hash."""

CHECKPOINT = key("checkpoint")
"""The last event that was dropped, likewise."""

CAPABILITY_SEPARATOR = "\x1f"
"""Stands between capabilities in a lane's key; no capability can hold it."""


def counter(name: str) -> bytes:
    return key("number", name)


def task(task_id: int) -> bytes:
    return key("task", task_id)


ALL_TASKS: Span = span("task")


def task_coded(code: str) -> Span:
    """Codes are found whatever their case, so that no two tasks differ by case alone."""
    return span("code", code.upper())


CODES: Span = span("code")


def tasks_in_state(state: str) -> Span:
    return span("state", state)


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


def state_count(state: str) -> bytes:
    return key("count", state)


STATE_COUNTS: Span = span("count")


def lane(of: Lane) -> bytes:
    return key("lane", of.owner, of.role, CAPABILITY_SEPARATOR.join(of.capabilities))


LANES: Span = span("lane")


def lane_from(parts: tuple[object, ...]) -> Lane:
    """The lane that a key of LANES names."""
    _, owner, role, capabilities = parts
    return Lane(str(owner), str(role), tuple(str(capabilities).split(CAPABILITY_SEPARATOR)) if capabilities else ())


def ready(of: Lane, order: tuple[int, int, int]) -> bytes:
    return key("ready", of.owner, of.role, CAPABILITY_SEPARATOR.join(of.capabilities), *order)


READY: Span = span("ready")


def ready_in(of: Lane) -> Span:
    return span("ready", of.owner, of.role, CAPABILITY_SEPARATOR.join(of.capabilities))


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
    return key("due", at, what, *which)


def due_until(now: int) -> Span:
    return span("due")[0], key("due", now + 1)


DUE: Span = span("due")


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


def event(seq: int) -> bytes:
    return key("event", seq)


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


def index_of_task(task_: Task) -> frozenset[bytes]:
    """Every index entry that this value of a task has. Saving writes the difference to the value before."""
    entries = {
        key("code", task_.code.upper(), task_.id),
        key("state", task_.state, task_.id),
        *(dependant(each.code, task_.id) for each in task_.depends_on if each.kind is DependencyKind.BLOCKS),
    }
    entries |= {fan_in(each.code, task_.id) for each in task_.fan_ins}
    if task_.owner_agent_name:
        entries.add(key("owner", task_.owner_agent_name, task_.id))
    if task_.parent_code:
        entries.add(key("parent", task_.parent_code.upper(), task_.id))
    if is_ready(task_):
        entries.add(ready(lane_of(task_), rank(task_)))
    if task_.not_before is not None:
        entries.add(due(task_.not_before, START, task_.id))
    return frozenset(entries | _index_of_claim(task_))


def _index_of_claim(task_: Task) -> set[bytes]:
    claim = task_.claim
    if claim is None or claim.expires_at is None or task_.state not in RUNNING:
        return set()
    return {key("held", claim.agent, task_.id), due(look_at(claim), LEASE, task_.id)}


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
