"""What is reserved: granting whoever waits, and ending reservations with what they are bound to."""

from collections.abc import Callable

from ..domain.events import EventKind
from ..domain.evolving import evolve
from ..domain.reserving import Reservation, conflict, grantable
from ..domain.task import Instant, Seconds, Task
from . import layout
from .change import Change
from .stored import RESERVATION


def keep(change: Change, reservation: Reservation) -> None:
    """Store a reservation as it is now, and when time ends it."""
    _forget_end(change, reservation.id)
    change.put(layout.reservation(reservation.id), RESERVATION.encode(reservation))
    if reservation.ends_at is not None:
        change.put(layout.due(reservation.ends_at, layout.RESERVATION, reservation.id), b"")


def grant(change: Change, reservation: Reservation, ends_at: int | None) -> Reservation:
    """Give it to whoever asked, with an event that wakes them."""
    granted = evolve(reservation, granted_at=change.now, ends_at=ends_at)
    keep(change, granted)
    _note(change, EventKind.FILES_RESERVED, granted)
    return granted


def end(change: Change, reservation: Reservation) -> None:
    """It is over; nobody who waits is looked after here."""
    _forget_end(change, reservation.id)
    change.drop(layout.reservation(reservation.id))
    if reservation.granted_at is not None:
        _note(change, EventKind.FILES_RELEASED, reservation)


def end_where(change: Change, over: Callable[[Reservation], bool]) -> tuple[Reservation, ...]:
    """End everything of which that is true, then serve whoever waited for it."""
    ended = tuple(each for each in change.reservations() if over(each))
    for each in ended:
        end(change, each)
    if ended:
        serve_line(change)
    return ended


def serve_line(change: Change) -> None:
    """Grant what can be granted, first come first served; what was asked for under a claim that has ended is dropped."""
    for each in change.reservations():
        if each.granted_at is None and not _is_wanted(change, each):
            end(change, each)
    while ready := grantable(change.reservations()):
        for each in ready[:1]:
            grant(change, each, ends_at(change, each))


def ends_at(change: Change, reservation: Reservation) -> Instant | None:
    """When one that is granted now ends: with its claim, or after as long as it was asked for, from now."""
    return None if reservation.task_id is not None else change.now + (reservation.ttl_s or STANDING_S) * 1000


STANDING_S: Seconds = 15 * 60
"""How long a reservation that is bound to no claim lasts, unless its call says otherwise."""


def follow_claim(change: Change, before: Task | None, after: Task) -> None:
    """Reservations go with the claim that they are bound to: to its new holder, or they end with it.

    One that its old holder still has by another reservation does not go along, but ends.
    """
    if before is None or before.claim is None or (after.claim is not None and after.claim.fence == before.claim.fence):
        return
    bound = [each for each in change.reservations() if each.task_id == after.id and each.fence == before.claim.fence]
    if not bound:
        return
    others = [each for each in change.reservations() if each.granted_at is not None and each not in bound]
    for each in bound:
        moved = evolve(each, agent=after.claim.agent, fence=after.claim.fence) if after.claim is not None else None
        # What its old holder has reserved besides stays with them, and the same files are not given to two.
        if moved is None or each.granted_at is None or any(conflict(moved, other) for other in others):
            end(change, each)
        else:
            keep(change, moved)
    serve_line(change)


def _is_wanted(change: Change, reservation: Reservation) -> bool:
    if reservation.task_id is None:
        return True
    task = change.find_task(reservation.task_id)
    return task is not None and task.claim is not None and task.claim.fence == reservation.fence


def _forget_end(change: Change, reservation_id: int) -> None:
    stored = change.snapshot.get(layout.reservation(reservation_id))
    before = RESERVATION.decode(stored) if stored is not None else None
    if before is not None and before.ends_at is not None:
        change.drop(layout.due(before.ends_at, layout.RESERVATION, reservation_id))


def _note(change: Change, kind: EventKind, reservation: Reservation) -> None:
    change.note(
        kind,
        f"reservation:{reservation.id}",
        agent=reservation.agent,
        patterns=list(reservation.patterns),
        mode=reservation.mode,
        task=reservation.task_code,
    )
