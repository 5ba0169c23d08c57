"""What the passing of time does: leases end, delayed work starts, stored answers are dropped."""

from collections.abc import Mapping

from attrs import frozen

from ..domain import claiming
from ..domain.evolving import evolve
from ..domain.matching import ready_since
from ..domain.message import Importance
from ..domain.moments import text_of
from ..domain.task import Instant, Task
from ..domain.warning import before_end
from ..storage.engine import Snapshot
from ..storage.keys import split
from . import layout
from .aftermath import follow
from .chain import body_of
from .change import Change
from .escalating import escalate
from .handoffs import expire_handoff
from .reservations import end_in_time
from .stored import EVENT
from .telling import tell

SWEEP_LIMIT = 200
"""How much one sweep does, so that no batch waits long for time; the timer comes back at once for the rest."""


@frozen
class Sign:
    """A sign of life: an agent's last call, and whether it has a connection open now."""

    last_call: Instant | None
    connected: bool


Signs = Mapping[str, Sign]
NO_SIGN = Sign(None, False)


def next_due(snapshot: Snapshot) -> Instant | None:
    """When time has something to do next, or None."""
    found = snapshot.range(*layout.DUE, limit=1)
    return int(split(found[0][0])[1]) if found else None


@frozen
class Outlook:
    """What is to come in a project that nobody calls: whether somebody holds a lease that runs, when time has something to do
    next, and when the last thing happened.
    """

    is_held: bool
    next_due: Instant | None
    last_event_at: Instant | None


def outlook(snapshot: Snapshot) -> Outlook:
    """The outlook as it is stored."""
    last = snapshot.range(*layout.ALL_EVENTS, limit=1, reverse=True)
    return Outlook(
        is_held=bool(snapshot.range(*layout.HELD, limit=1)),
        next_due=next_due(snapshot),
        last_event_at=EVENT.decode(body_of(last[0][1])).at if last else None,
    )


def sweep(change: Change, signs: Signs) -> int:
    """Do what is due, up to SWEEP_LIMIT things; returns how many were due."""
    due = change.snapshot.range(*layout.due_until(change.now), limit=SWEEP_LIMIT)
    for entry, _ in due:
        _, _, what, *which = split(entry)
        match what:
            case layout.LEASE:
                _end_or_extend(change, change.task(int(which[0])), signs)
            case layout.HANDOFF:
                expire_handoff(change, int(which[0]))
            case layout.ACKNOWLEDGEMENT:
                escalate(change, int(which[0]))
            case layout.RESERVATION:
                end_in_time(change, int(which[0]))
            case layout.START:
                _start(change, change.task(int(which[0])))
            case layout.REPLY:
                caller, tool, key = (str(part) for part in which)
                change.drop(layout.reply(caller, tool, key))
                change.drop(entry)
    return len(due)


def _start(change: Change, task: Task) -> None:
    # It says from when on it is ready, and whoever watches it has to hear.
    change.tell(change.keep(evolve(task, not_before=None, updated_at=ready_since(task))))


def _end_or_extend(change: Change, task: Task, signs: Signs) -> None:
    assert task.claim is not None
    sign = signs.get(task.claim.agent, NO_SIGN)
    last = claiming.last_sign_of_life(task, sign.last_call, sign.connected, change.now)
    fact = claiming.at_expiry(task, last, change.now)
    if fact is None:
        _warn_or_extend(change, task, last)
        return
    assert isinstance(fact.after, Task)
    if fact.data.get("renewed"):
        change.keep(fact.after)
        return
    follow(change, task, change.record_task(fact))


def _warn_or_extend(change: Change, task: Task, last_sign: Instant) -> None:
    after, warning = before_end(task, last_sign, change.now)
    if after != task:
        change.keep(after)
    if warning is not None:
        assert task.holder is not None
        how = "report_progress moves it" if warning.of_deadline else "any call of yours moves it"
        said = f"your claim on {task.code} ends by itself at {text_of(warning.ends_at)}; {how}"
        tell(change, task.holder, "warning", said, task, importance=Importance.HIGH)


def give_grace(change: Change) -> int:
    """After a restart: every live lease gets at least the grace, so that agents can come back; returns how many did."""
    graced = 0
    for task in _with_leases(change):
        if (longer := claiming.with_grace(task, change.now)) is not None:
            change.keep(longer)
            graced += 1
    return graced


def _with_leases(change: Change) -> list[Task]:
    horizon = change.now + claiming.RESTART_GRACE_MS
    leases = (split(entry) for entry, _ in change.walk((layout.DUE[0], layout.due_until(horizon)[1])))
    return [change.task(int(parts[3])) for parts in leases if parts[2] == layout.LEASE]
