"""The audit: everything that must be true of a project's stored state, checked from outside the rules that keep it so."""

from collections import Counter
from collections.abc import Iterator

from ..domain.caller import SERVER, Caller, Kind
from ..domain.matching import is_ready, lane_of
from ..domain.task import RUNNING, State, Task
from ..storage.engine import Snapshot
from ..storage.keys import split
from . import chain, layout
from .settings import BoardSettings
from .stored import EVENT, TASK
from .view import View

FINDINGS_LIMIT = 100
"""A broken store can have a finding for every entry; the first hundred tell the story."""

INDEXES = ("code", "state", "owner", "parent", "dependant", "ready", "held")
"""The families of keys that exist only because a task has them."""


def findings(snapshot: Snapshot) -> list[str]:
    """What is wrong, a line each; empty when every invariant holds. Reads everything, so it takes time on a large project."""
    view = View(snapshot, 0, Caller(name=SERVER, kind=Kind.SERVER), BoardSettings())
    found: list[str] = []
    for check in (_log, _tasks, _dependencies):
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
    """Every task is valid by itself, has exactly its index entries, and is counted once."""
    expected: set[bytes] = set()
    lanes: set[bytes] = set()
    counts: Counter[str] = Counter()
    for _, stored in view.walk(layout.ALL_TASKS):
        task = TASK.decode(stored)
        expected |= layout.index_of_task(task)
        counts[task.state] += 1
        if is_ready(task):
            lanes.add(layout.lane(lane_of(task)))
        yield from _task(task)
    yield from _index(view, expected)
    if lanes != (known := {entry for entry, _ in view.walk(layout.LANES)}):
        yield f"the register of lanes has {len(known)} entries, ready tasks are in {len(lanes)}"
    if dict(counts) != view.state_counts():
        yield f"the counters say {view.state_counts()}, there are {dict(counts)}"


def _task(task: Task) -> Iterator[str]:
    if (task.state in RUNNING) != (task.claim is not None and task.claim.expires_at is not None):
        yield f"{task.code} is {task.state} but its lease says otherwise"
    if task.claim is not None and (task.claim.agent != task.owner_agent_name or task.claim.fence != task.fence):
        yield f"{task.code} is held by {task.claim.agent} with fence {task.claim.fence}, but says {task.owner_agent_name} and {task.fence}"
    if task.state is State.CREATED and task.unmet:
        yield f"{task.code} is ready although it waits for {task.unmet} others"
    if task.state is State.DONE and task.done_at is None:
        yield f"{task.code} is Done but never became so"


def _index(view: View, expected: set[bytes]) -> Iterator[str]:
    known = {entry for family in INDEXES for entry, _ in view.walk(layout.family(family))}
    known |= {entry for entry, _ in view.walk(layout.DUE) if split(entry)[2] in (layout.LEASE, layout.START)}
    for entry in sorted(expected - known):
        yield f"an index lacks {split(entry)}"
    for entry in sorted(known - expected):
        yield f"an index has {split(entry)}, which no task has"


def _dependencies(view: View) -> Iterator[str]:
    """Every task counts its unmet blockers right."""
    for _, stored in view.walk(layout.ALL_TASKS):
        task = TASK.decode(stored)
        unmet = len(view.unmet_blockers(task))
        if task.state is not State.ARCHIVED and unmet != task.unmet:
            yield f"{task.code} waits for {unmet} others but counts {task.unmet}"
