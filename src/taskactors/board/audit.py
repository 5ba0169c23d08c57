"""The audit: everything that must be true of a project's stored state, checked from outside the rules that keep it so."""

from collections import Counter
from collections.abc import Iterator

from ..domain.caller import SERVER, Caller, Kind
from ..domain.handing_off import HandoffState
from ..domain.matching import is_ready, lane_of
from ..domain.reserving import conflict, in_the_way
from ..domain.task import FINISHED, RUNNING, SUSPENDED, DependencyKind, State, Task
from ..domain.waiting import called_off, meets
from ..storage.engine import Snapshot
from ..storage.keys import split
from . import chain, layout
from .settings import BoardSettings
from .stored import ENTRY, EVENT, HANDOFF, MESSAGE, SESSION, TASK
from .view import View

FINDINGS_LIMIT = 100
"""A broken store can have a finding for every entry; the first hundred tell the story."""

INDEXES = ("code", "state", "owner", "parent", "dependant", "ready", "held", "on", "inbox", "open", "offered", "fan-in", "known")
"""The families of keys that exist only because a task, a message, a session or an offer has them."""


def findings(snapshot: Snapshot) -> list[str]:
    """What is wrong, a line each; empty when every invariant holds. Reads everything, so it takes time on a large project."""
    view = View(snapshot, 0, Caller(name=SERVER, kind=Kind.SERVER), BoardSettings())
    found: list[str] = []
    for check in (_log, _tasks, _indexes, _offers, _reservations, _replies, _dependencies):
        for finding in check(view):
            found.append(finding)
            if len(found) == FINDINGS_LIMIT:
                return [*found, "… and more"]
    return found


def _log(view: View) -> Iterator[str]:
    """The log is gapless from its first event, and every event's hash covers the one before."""
    head = chain.Head()
    for entry, stored in view.walk(layout.ALL_EVENTS):
        seq = int(split(entry)[1])
        if seq != head.seq + 1:
            yield f"the event log has a gap: {head.seq} is followed by {seq}"
        body = chain.body_of(stored)
        head = chain.Head(seq - 1, head.hash).next(body)
        if head.hash != chain.hash_of(stored):
            yield f"event {seq} does not fit the hash chain"
            head = chain.Head(seq, chain.hash_of(stored))
        if EVENT.decode(body).seq != seq:
            yield f"event {seq} says that it is another"
    if head != chain.read_head(view.snapshot):
        yield f"the log ends at event {head.seq}, but its head says {chain.read_head(view.snapshot).seq}"


def _tasks(view: View) -> Iterator[str]:
    """Every task is valid by itself, is counted once, and when it is ready its lane is known."""
    lanes: set[bytes] = set()
    counts: Counter[str] = Counter()
    for _, stored in view.walk(layout.ALL_TASKS):
        task = TASK.decode(stored)
        counts[str(task.state)] += 1
        if is_ready(task):
            lanes.add(layout.lane(lane_of(task)))
        yield from _task(task)
    if lanes != (known := {entry for entry, _ in view.walk(layout.LANES)}):
        yield f"the register of lanes has {len(known)} entries, ready tasks are in {len(lanes)}"
    if dict(counts) != view.state_counts():
        yield f"the counters say {view.state_counts()}, there are {dict(counts)}"


def _task(task: Task) -> Iterator[str]:
    lease = None if task.claim is None else RUNNING if task.claim.expires_at is not None else SUSPENDED
    if lease != next((those for those in (RUNNING, SUSPENDED) if task.state in those), None):
        yield f"{task.code} is {task.state} but its lease says otherwise"
    if task.claim is not None and (task.claim.agent != task.owner_agent_name or task.claim.fence != task.fence):
        yield f"{task.code} is held by {task.claim.agent} with fence {task.claim.fence}, but says {task.owner_agent_name} and {task.fence}"
    if task.state is State.CREATED and task.unmet:
        yield f"{task.code} is ready although it waits for {task.unmet} others"
    if task.state is State.DONE and task.done_at is None:
        yield f"{task.code} is Done but never became so"
    if task.done_at is not None and task.state not in FINISHED:
        yield f"{task.code} is {task.state} but became Done"


def _indexes(view: View) -> Iterator[str]:
    """Tasks, messages, open sessions and offers have exactly the index entries that make them found."""
    expected: set[bytes] = set()
    for _, stored in view.walk(layout.ALL_TASKS):
        expected |= layout.index_of_task(TASK.decode(stored))
    for _, stored in view.walk(layout.ALL_MESSAGES):
        expected |= layout.index_of_message(MESSAGE.decode(stored))
    for _, stored in view.walk(layout.ALL_SESSIONS):
        expected |= layout.index_of_session(SESSION.decode(stored))
    for _, stored in view.walk(layout.ALL_ENTRIES):
        expected |= layout.index_of_entry(ENTRY.decode(stored))
    for _, stored in view.walk(layout.ALL_HANDOFFS):
        expected |= layout.index_of_handoff(HANDOFF.decode(stored))
    known = {entry for family in INDEXES for entry, _ in view.walk(layout.family(family))}
    known |= {entry for entry, _ in view.walk(layout.DUE) if split(entry)[2] not in (layout.REPLY, layout.RESERVATION)}
    for entry in sorted(expected - known):
        yield f"an index lacks {split(entry)}"
    for entry in sorted(known - expected):
        yield f"an index has {split(entry)}, which no task has"


def _offers(view: View) -> Iterator[str]:
    """A task waits for an answer to an offer exactly when one stands, unless somebody set it waiting by hand."""
    for _, stored in view.walk(layout.ALL_HANDOFFS):
        offer = HANDOFF.decode(stored)
        task = view.find_task(offer.task_id)
        if task is None:
            yield f"handoff {offer.id} is of {offer.task_code}, which is gone"
            continue
        state = task.state
        wanted = {HandoffState.OPEN: State.PENDING_HANDOFF, HandoffState.IN_REVIEW: State.REVIEW}.get(offer.state, state)
        if state is not wanted:
            yield f"handoff {offer.id} of {offer.task_code} is {offer.state}, but the task is {state}"


def _reservations(view: View) -> Iterator[str]:
    """No two that are held conflict, nobody waits who need not, each ends with its claim or in time, and time finds each."""
    there = view.reservations()
    ends = {key_ for each in there if each.ends_at is not None for key_ in [layout.due(each.ends_at, layout.RESERVATION, each.id)]}
    due = {entry for entry, _ in view.walk(layout.DUE) if split(entry)[2] == layout.RESERVATION}
    for entry in sorted(ends ^ due):
        yield f"the end of a reservation, {split(entry)}, is not where time looks for it, or is that of none"
    for each in there:
        if each.granted_at is None and not in_the_way(each, there):
            yield f"reservation {each.id} of {each.agent} waits for nothing"
        if each.granted_at is not None and any(other.granted_at is not None and conflict(each, other) for other in there):
            yield f"reservation {each.id} of {each.agent} conflicts with another that is held"
        task = view.find_task(each.task_id) if each.task_id is not None else None
        if each.task_id is not None and (task is None or task.claim is None or task.claim.fence != each.fence):
            yield f"reservation {each.id} of {each.agent} has outlived its claim of {each.task_code}"


def _replies(view: View) -> Iterator[str]:
    """Every stored answer will be dropped one day, and nothing is to be dropped that is not there."""
    kept = {split(entry)[1:] for entry, _ in view.walk(layout.REPLIES)}
    due = {split(entry)[3:] for entry, _ in view.walk(layout.DUE) if split(entry)[2] == layout.REPLY}
    for entry in sorted(kept ^ due):
        yield f"the stored answer {entry} is kept for ever, or is due to be dropped and not there"


def _dependencies(view: View) -> Iterator[str]:
    """Every task counts right which of its blockers are unmet, and which of those were called off."""
    for _, stored in view.walk(layout.ALL_TASKS):
        task = TASK.decode(stored)
        if task.state is State.ARCHIVED:
            continue
        blockers = [_blocker(view, code) for code in task.blockers]
        parts = [(each.kind, list(view.parts_of(each.code))) for each in task.fan_ins]
        unmet = sum(each is None or not meets(each) for each in blockers)
        unmet += sum(not (found and (any if kind is DependencyKind.WAITS_FOR_ANY else all)(map(meets, found))) for kind, found in parts)
        if unmet != task.unmet:
            yield f"{task.code} waits for {unmet} others but counts {task.unmet}"
        off = sum(each is not None and called_off(each) for each in blockers)
        if off != task.cancelled_blockers:
            yield f"{task.code} waits for {off} that were called off but counts {task.cancelled_blockers}"


def _blocker(view: View, code: str) -> Task | None:
    # Not as the rules look it up: that a code leads to a task which is gone is a finding here, not a reason to stop.
    found = view.snapshot.range(*layout.task_coded(code), limit=1)
    return view.find_task(int(split(found[0][0])[2])) if found else None
