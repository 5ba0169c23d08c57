"""Units of work on file reservations: reserve, wait in line, release."""

from collections.abc import Mapping
from typing import Any

from ..domain.errors import FilesReserved, LimitReached, NotAllowed, NotFound, WouldDeadlock
from ..domain.events import EventKind
from ..domain.evolving import evolve
from ..domain.finishing import require_holder
from ..domain.moments import text_of
from ..domain.patterns import normalised, overlap
from ..domain.reserving import Mode, Reservation, in_the_way, waiting_circle
from ..domain.task import Seconds, Task
from . import reserved
from .change import Change
from .requests import reservations as ask
from .telling import tell, words_of
from .view import View
from .watching import FilesWatch, Nothing

Answer = Mapping[str, Any]

RESERVATIONS_LIMIT = 500
"""Every request is compared with every reservation; a team with more than this should reserve folders."""

PLACE_KEPT_MS = 60_000
"""Whoever asks again within a minute after their wait has ended keeps their place in the line."""


def reserve_files(change: Change, request: ask.ReserveFiles) -> Answer:
    """All of the files or none: granted, or who is in the way. With a wait the caller stands in line. Raises WouldDeadlock."""
    me = change.acting().name
    task = change.task_coded(request.code) if request.code else None
    if task is not None:
        assert request.fence is not None
        require_holder(task, change.caller, request.fence)
    patterns = tuple(sorted({normalised(each) for each in request.patterns}))
    wanted = _in_line(change, me, patterns, task, request.mode, request.reason, request.ttl_s)
    if wanted.granted_at is not None:
        reserved.keep(change, wanted)
        return _granted(wanted)
    obstacles = in_the_way(wanted, change.reservations())
    if not obstacles:
        return _granted(reserved.grant(change, wanted, reserved.ends_at(change, wanted)))
    if request.wait_s:
        _stand_in_line(change, wanted, request)
    return Nothing({"granted": False, "conflicts": [shown(each) for each in obstacles]}, FilesWatch(me))


def reserve_for_claim(change: Change, task: Task, patterns: tuple[str, ...]) -> list[dict[str, Any]]:
    """Files that are reserved together with a claim, or not at all. Raises FilesReserved, and then there is no claim either."""
    if not patterns or task.claim is None:
        return []
    wanted = _in_line(change, task.claim.agent, tuple(sorted({normalised(each) for each in patterns})), task)
    if wanted.granted_at is not None:
        # Claiming again is renewing, of the files too.
        return [shown(wanted)]
    if obstacles := in_the_way(wanted, change.reservations()):
        raise FilesReserved(patterns=wanted.patterns, by=tuple(sorted({each.agent for each in obstacles})))
    return [shown(reserved.grant(change, wanted, None))]


def release_files(change: Change, request: ask.ReleaseFiles) -> Answer:
    """Give files back: one reservation by its id, or all of the caller's that have one of these patterns, or all."""
    me = change.acting().name
    patterns = {normalised(each) for each in request.patterns}
    if request.reservation_id is not None:
        _require_own(change, request.reservation_id, me)

    def over(each: Reservation) -> bool:
        if request.reservation_id is not None:
            return each.id == request.reservation_id
        return each.agent == me and (not patterns or bool(patterns & set(each.patterns)))

    return {"released": [shown(each) for each in reserved.end_where(change, over)]}


def end_in_time(change: Change, reservation_id: int) -> None:
    """Its time is over, or that of its place in the line."""
    reserved.end_where(change, lambda each: each.id == reservation_id)


def reserved_by_others(view: View, request: ask.CheckFiles) -> Answer:
    """Which of these files somebody else has reserved for themselves."""
    agent = request.agent or view.caller.name
    held = [each for each in view.reservations() if each.granted_at is not None and each.agent != agent]
    found = [(path, each) for path in request.paths for each in held if any(overlap(pattern, path) for pattern in each.patterns)]
    return {"conflicts": [{"path": path, **shown(each)} for path, each in found if each.mode is Mode.EXCLUSIVE]}


def shown(reservation: Reservation) -> dict[str, Any]:
    """A reservation as it is answered: who, what, for how long."""
    until = reservation.ends_at
    return {
        "reservation_id": reservation.id,
        "agent": reservation.agent,
        "patterns": list(reservation.patterns),
        "mode": reservation.mode,
        "granted": reservation.granted_at is not None,
        **({"task": reservation.task_code} if reservation.task_code else {}),
        **({"until": text_of(until)} if until is not None else {}),
        **({"reason": reservation.reason} if reservation.reason else {}),
    }


def _granted(reservation: Reservation) -> Answer:
    return {"granted": True, **shown(reservation)}


def _in_line(
    change: Change,
    agent: str,
    patterns: tuple[str, ...],
    task: Task | None,
    mode: Mode = Mode.EXCLUSIVE,
    reason: str | None = None,
    ttl_s: Seconds | None = None,
) -> Reservation:
    """The agent's own reservation or place for the very same files, or a new one at the end of the line."""
    there = change.reservations()
    bound_to = (task.id, task.claim.fence) if task is not None and task.claim is not None else (None, None)
    for each in there:
        if (each.agent, each.patterns, each.mode, each.task_id, each.fence) == (agent, patterns, mode, *bound_to):
            return each
    if len(there) >= RESERVATIONS_LIMIT:
        raise LimitReached(what="the number of reservations", limit=RESERVATIONS_LIMIT, instead="reserve whole folders, or release some")
    return Reservation(
        id=change.next_number("reservation"),
        agent=agent,
        patterns=patterns,
        mode=mode,
        asked_at=change.now,
        task_id=bound_to[0],
        task_code=task.code if task else None,
        fence=bound_to[1],
        reason=reason,
        ttl_s=ttl_s,
    )


def _stand_in_line(change: Change, wanted: Reservation, request: ask.ReserveFiles) -> None:
    there = change.reservations()
    if circle := waiting_circle(wanted, there):
        raise WouldDeadlock(agents=circle)
    is_new = all(each.id != wanted.id for each in there)
    reserved.keep(change, evolve(wanted, ends_at=change.now + request.wait_s * 1000 + PLACE_KEPT_MS))
    if is_new:
        change.note(EventKind.FILES_AWAITED, f"reservation:{wanted.id}", agent=wanted.agent, patterns=list(wanted.patterns))
        said = f"{wanted.agent} waits for files that you have reserved. {words_of(wanted.agent, ', '.join(wanted.patterns))}"
        for holder in sorted({each.agent for each in in_the_way(wanted, there) if each.granted_at is not None}):
            tell(change, holder, "reservation", said)


def _require_own(change: Change, reservation_id: int, me: str) -> None:
    found = next((each for each in change.reservations() if each.id == reservation_id), None)
    if found is None:
        raise NotFound(kind="reservation", named=str(reservation_id))
    if found.agent != me and not change.caller.may_override:
        raise NotAllowed(what=f"releasing reservation {reservation_id}", who_may=f"{found.agent}, a person or a coordinator")
