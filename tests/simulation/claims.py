"""What is promised to whoever holds something: a lease lasts as long as was said, and no two hold what conflicts."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from attrs import evolve

from taskactors.domain.events import Event, EventKind
from taskactors.domain.reserving import Mode, Reservation, conflict
from tests.simulation.history import Lost, Op
from tests.simulation.machine import Machine

GIVEN_BACK_WITHIN_S = 3.0

SHORTEST_GRACE_S = 4.0
"""No lease here is shorter than five seconds, and what is shorter than a minute gets its whole length, from a commit that may be slow."""

SETS_LEASE = frozenset({"renew_claim", "claim_task", "next_task"})


def early_ends(ops: Sequence[Op], events: Sequence[Event]) -> Iterator[str]:
    """Leases that ended before the moment that their holder was told last."""
    for event in events:
        if event.kind is not EventKind.CLAIM_EXPIRED:
            continue
        about = [op for op in ops if op.who == event.data["agent"] and op.after < event.seq]
        told = [op for op in about if _told(op, event) is not None]
        last = max(told, key=lambda op: (op.after, op.number), default=None)
        if last is None:
            continue
        # One whose answer never came may have asked for another length.
        unsure = any(
            isinstance(op.outcome, Lost) and op.given is None and op.tool in SETS_LEASE and op.number > last.number for op in about
        )
        until = _told(last, event)
        if not unsure and until is not None and event.at < until:
            yield f"the lease of {event.subject} ended {until - event.at} ms before what #{last.number} had said"


def unwanted(ops: Sequence[Op], events: Sequence[Event], machine: Machine) -> Iterator[str]:
    """Claims that nobody was ever told of, and that were not given back at once."""
    told = {(op.given["id"], op.given["claim"]["fence"]) for op in ops if op.given is not None and op.given.get("claim")}
    keys = {op.key for op in ops}
    for event in events:
        number = int(event.subject.partition(":")[2]) if event.kind is EventKind.TASK_CLAIMED else 0
        if event.kind is not EventKind.TASK_CLAIMED or (number, event.data["fence"]) in told or event.command in keys:
            continue
        at = machine.disk.committed_at(event.seq)
        end = next(
            (each for each in events[event.seq :] if each.subject == event.subject and each.data.get("from") == event.data["to"]), None
        )
        prompt = end is not None and machine.disk.committed_at(end.seq) - at <= GIVEN_BACK_WITHIN_S
        # Whoever was to give it back may have been hit just then; it then ends with its lease.
        upset = any(at - GIVEN_BACK_WITHIN_S <= moment <= at + GIVEN_BACK_WITHIN_S for moment in machine.upset_at)
        if not prompt and not upset:
            yield f"{event.subject} was taken for {event.data['agent']}, who had left, and not given back"


def ungraced(events: Sequence[Event], machine: Machine) -> Iterator[str]:
    """Leases that a restart ended, without a chance for their holders to come back."""
    for event in events:
        if event.kind is not EventKind.CLAIM_EXPIRED:
            continue
        at = machine.disk.committed_at(event.seq)
        for began, seq in machine.graces:
            held = any(each.subject == event.subject and each.data.get("fence") == event.data["fence"] for each in events[:seq])
            slept = any(began <= moment <= at for moment in machine.jumped_at)
            if held and not slept and 0 <= at - began < SHORTEST_GRACE_S:
                yield f"the lease of {event.subject} ended {at - began:.1f} s after a start"


def _told(op: Op, event: Event) -> int | None:
    """Until when this answer said that the claim which ended would last."""
    answer = op.given or {}
    claim = answer.get("claim") or {}
    same = answer.get("id") == int(event.subject.partition(":")[2]) and claim.get("fence") == event.data["fence"]
    if not same or claim["expires_at"] is None or op.is_replayed:
        return None
    return round(datetime.fromisoformat(claim["expires_at"]).timestamp() * 1000)


def conflicts(events: Sequence[Event], codes: Mapping[int, str]) -> Iterator[str]:
    """Files that two held at once, of which one wanted them alone."""
    held: dict[str, Reservation] = {}
    for event in events:
        match event.kind:
            case EventKind.FILES_RESERVED:
                come = _reservation(event)
                rivals = [each.agent for each in held.values() if conflict(come, each)]
                if rivals:
                    yield f"event {event.seq} gives {come.patterns} to {come.agent}, and {rivals} have them"
                held[event.subject] = come
            case EventKind.FILES_RELEASED:
                held.pop(event.subject, None)
            case EventKind.HANDOFF_ACCEPTED:
                # What is bound to a claim goes with it.
                code = codes.get(int(event.subject.partition(":")[2]))
                for subject, each in held.items():
                    if each.task_code == code:
                        held[subject] = evolve(each, agent=event.data["agent"])


def _reservation(event: Event) -> Reservation:
    data = event.data
    return Reservation(
        id=int(event.subject.partition(":")[2]),
        agent=data["agent"],
        patterns=tuple(data["patterns"]),
        mode=Mode(data["mode"]),
        asked_at=event.at,
        granted_at=event.at,
        task_code=data.get("task"),
    )
