"""The audit of records: each is right by itself, agrees with those it names, and is found by every index that should find it."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from ..domain.handing_off import HandoffState
from ..domain.matching import is_ready, lane_of
from ..domain.reserving import conflict, in_the_way
from ..domain.task import FINISHED, RUNNING, SUSPENDED, Dependency, DependencyKind, State, Task
from ..domain.waiting import called_off, meets
from ..storage.keys import split
from ..storage.records import RecordType
from . import layout
from .audit_lens import Lens, numbered
from .commands import REPLY_KEPT_MS
from .stored import ENTRY, HANDOFF, MESSAGE, REPLY, RESERVATION, SESSION, TASK
from .view import UNCOUNTED

R = TypeVar("R")

Check = Callable[[Lens, bytes, bytes], Iterator[str]]
"""What is wrong with one stored entry, a line each."""


def check_task(lens: Lens, entry: bytes, stored: bytes) -> Iterator[str]:
    """A task is valid by itself, counts right what it waits for, is found, and when it is ready its lane is known."""
    task = TASK.decode(stored)
    lens.census[str(task.state)] += 1
    yield from _by_itself(task)
    yield from _found(lens, "task", task.id, layout.index_of_task(task))
    if is_ready(task) and not lens.has(layout.lane(lane_of(task))):
        yield f"{task.code} is ready in a lane that is not registered"
    if task.state is not State.ARCHIVED:
        yield from _dependencies(lens, task)


def check_counters(lens: Lens) -> Iterator[str]:
    """The counters say how many tasks there are in each state."""
    if lens.census != (counted := lens.state_counts()):
        yield f"the counters say {dict(sorted(counted.items()))}, there are {dict(sorted(lens.census.items()))}"


def _by_itself(task: Task) -> Iterator[str]:
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


def _found(lens: Lens, kind: str, number: int, entries: frozenset[bytes]) -> Iterator[str]:
    lens.expect(kind, number, entries)
    for each in sorted(entries):
        if not lens.has(each):
            yield f"an index lacks {split(each)}"


def _dependencies(lens: Lens, task: Task) -> Iterator[str]:
    blockers = [lens.coded(code) for code in task.blockers]
    unmet = sum(each is None or not meets(each) for each in blockers) + sum(not _is_met(lens, each) for each in task.fan_ins)
    if unmet != task.unmet:
        yield f"{task.code} waits for {unmet} others but counts {task.unmet}"
    off = sum(each is not None and called_off(each) for each in blockers)
    if off != task.cancelled_blockers:
        yield f"{task.code} waits for {off} that were called off but counts {task.cancelled_blockers}"


def _is_met(lens: Lens, fan_in: Dependency) -> bool:
    # One after the other, so that the first that decides ends it: of a task that waits only few parts are read.
    found = (lens.find_task(numbered(split(entry)[2])) for entry, _ in lens.walk(layout.tasks_under(fan_in.code)))
    parts = (each for each in found if each is not None)
    if fan_in.kind is DependencyKind.WAITS_FOR_ANY:
        return any(meets(each) for each in parts)
    first = next(parts, None)
    return first is not None and meets(first) and all(meets(each) for each in parts)


def check_lane(lens: Lens, entry: bytes, stored: bytes) -> Iterator[str]:
    """A lane is registered only while something is ready in it, and says how much."""
    ready = lens.ready_in(layout.lane_from(split(entry)))
    if not ready:
        yield f"the lane {split(entry)[1:]} is registered, but nothing is ready in it"
    elif stored != UNCOUNTED and int.from_bytes(stored, "big") != ready:
        yield f"the lane {split(entry)[1:]} counts {int.from_bytes(stored, 'big')} ready tasks, and there are {ready}"


def check_message(lens: Lens, entry: bytes, stored: bytes) -> Iterator[str]:
    message = MESSAGE.decode(stored)
    yield from _found(lens, "message", message.id, layout.index_of_message(message))


def check_session(lens: Lens, entry: bytes, stored: bytes) -> Iterator[str]:
    session = SESSION.decode(stored)
    yield from _found(lens, "session", session.id, layout.index_of_session(session))


def check_entry(lens: Lens, entry: bytes, stored: bytes) -> Iterator[str]:
    knowledge = ENTRY.decode(stored)
    yield from _found(lens, "entry", knowledge.id, layout.index_of_entry(knowledge))


def check_handoff(lens: Lens, entry: bytes, stored: bytes) -> Iterator[str]:
    """A task waits for an answer to an offer exactly when one stands, unless somebody set it waiting by hand."""
    offer = HANDOFF.decode(stored)
    yield from _found(lens, "handoff", offer.id, layout.index_of_handoff(offer))
    task = lens.find_task(offer.task_id)
    if task is None:
        yield f"handoff {offer.id} is of {offer.task_code}, which is gone"
        return
    wanted = {HandoffState.OPEN: State.PENDING_HANDOFF, HandoffState.IN_REVIEW: State.REVIEW}.get(offer.state, task.state)
    if task.state is not wanted:
        yield f"handoff {offer.id} of {offer.task_code} is {offer.state}, but the task is {task.state}"


def check_reservation(lens: Lens, entry: bytes, stored: bytes) -> Iterator[str]:
    """No two that are held conflict, nobody waits who need not, each ends with its claim or in time, and time finds it."""
    it = RESERVATION.decode(stored)
    if it.ends_at is not None and not lens.has(end := layout.due(it.ends_at, layout.RESERVATION, it.id)):
        yield f"the end of a reservation, {split(end)}, is not where time looks for it"
    if it.granted_at is None and not in_the_way(it, lens.reserved):
        yield f"reservation {it.id} of {it.agent} waits for nothing"
    if it.granted_at is not None and any(other.granted_at is not None and conflict(it, other) for other in lens.reserved):
        yield f"reservation {it.id} of {it.agent} conflicts with another that is held"
    task = lens.find_task(it.task_id) if it.task_id is not None else None
    if it.task_id is not None and (task is None or task.claim is None or task.claim.fence != it.fence):
        yield f"reservation {it.id} of {it.agent} has outlived its claim of {it.task_code}"


def check_reply(lens: Lens, entry: bytes, stored: bytes) -> Iterator[str]:
    """A stored answer will be dropped one day."""
    whose = [str(part) for part in split(entry)[1:]]
    if not lens.has(layout.due(REPLY.decode(stored).at + REPLY_KEPT_MS, layout.REPLY, *whose)):
        yield f"the stored answer {tuple(whose)} is kept for ever"


def readable(record: RecordType[R]) -> Check:
    """Of such a record nothing is asked but that it can be read."""

    def check(lens: Lens, entry: bytes, stored: bytes) -> Iterator[str]:
        record.decode(stored)
        yield from ()

    return check
