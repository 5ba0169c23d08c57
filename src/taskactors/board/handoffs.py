"""Units of work on handoffs: offer a task one holds, take or decline one that is offered."""

from collections.abc import Mapping
from typing import Any

from ..domain import handing_off
from ..domain.errors import InvalidArguments
from ..domain.handing_off import CAPABILITY_PREFIX, DEFAULT_EXPIRY_S, Handoff
from ..domain.message import EVERYBODY, role_addressed
from . import wire
from .aftermath import follow
from .change import Change
from .pausing import require_not_paused
from .requests import handoffs as ask
from .telling import tell, words_of

Answer = Mapping[str, Any]


def offer_handoff(change: Change, request: ask.OfferHandoff) -> Answer:
    """Offer a held task; its lease rests until somebody answers, or nobody does in time."""
    task = change.named(request)
    offered = Handoff(
        id=change.next_number("handoff"),
        task_id=task.id,
        task_code=task.code,
        fence=request.fence,
        from_agent=task.holder or change.caller.name,
        to=_address(change, request.to),
        summary=request.summary,
        artifacts=request.artifacts,
        known_limitations=request.known_limitations,
        next_steps=request.next_steps,
        confidence=request.confidence,
        offered_at=change.now,
        expires_at=change.now + (request.expires_s or DEFAULT_EXPIRY_S) * 1000,
    )
    fact, offered = handing_off.offer(task, change.caller, offered, change.now)
    after = change.record_task(fact)
    follow(change, task, after)
    change.keep_handoff(offered)
    if offered.state is handing_off.HandoffState.OPEN:
        announce(change, offered)
    return wire.handoff(offered) | {"state_of_task": after.state}


def answer_handoff(change: Change, request: ask.AnswerHandoff) -> Answer:
    """Take what was offered, or say no."""
    offer = change.handoff(request.handoff_id)
    handing_off.require_open(offer)
    me = change.introduce(change.caller.name)
    task = change.task(offer.task_id)
    if request.accept:
        require_not_paused(change, me)
        handing_off.require_addressed(offer, me, change.caller)
        held = change.held_within_limit(me)
        fact, decided = handing_off.accept(task, offer, me, held, change.now)
        after = change.record_task(fact)
        change.keep_handoff(decided)
        follow(change, task, after)
        tell(change, offer.from_agent, "handoff", f"{me.name} has taken {task.code} over from you.", task)
        return wire.task(after) | {"handoff": wire.handoff(decided)}
    if me.name != offer.from_agent:
        handing_off.require_addressed(offer, me, change.caller)
    back, decided = handing_off.decline(task, offer, me, request.reason, change.now)
    after = change.record_task(back) if back is not None else task
    change.keep_handoff(decided)
    if back is not None and me.name != offer.from_agent:
        said = f"{me.name} has declined {task.code}" + (f". {words_of(me.name, request.reason)}" if request.reason else ".")
        tell(change, offer.from_agent, "handoff", said, task)
    return wire.task(after) | {"handoff": wire.handoff(decided)}


def expire_handoff(change: Change, handoff_id: int) -> None:
    """Nobody answered in time. One that was still being reviewed just ends; the review goes on."""
    offer = change.handoff(handoff_id)
    task = change.task(offer.task_id)
    if offer.state is handing_off.HandoffState.IN_REVIEW:
        change.keep_handoff(handing_off.overtaken(offer, change.now))
        return
    fact, decided = handing_off.expire(task, offer, change.now)
    change.record_task(fact)
    change.keep_handoff(decided)
    tell(change, offer.from_agent, "handoff", f"nobody took {task.code}; it is yours again", task)


def announce(change: Change, offer: Handoff) -> None:
    """Put an offer into the inbox of whoever may take it."""
    lines = [f"{offer.from_agent} offers {offer.task_code} (handoff_id {offer.id}): {offer.summary}"]
    if offer.next_steps:
        lines.append(f"Next: {offer.next_steps}")
    if offer.known_limitations:
        lines.append(f"Known limitations: {'; '.join(offer.known_limitations)}")
    if offer.artifacts:
        lines.append(f"Artifacts: {', '.join(offer.artifacts)}")
    lines.append("Answer with answer_handoff.")
    to = EVERYBODY if offer.to.startswith(CAPABILITY_PREFIX) else offer.to
    tell(change, to, "handoff", "\n".join(lines), change.task(offer.task_id), author=offer.from_agent)


def _address(change: Change, to: str) -> str:
    if to.startswith(CAPABILITY_PREFIX) or role_addressed(to):
        return to
    if ":" in to:
        problem = f"to: {to!r} is no address; use an agent's name, role:qa or capability:sql"
        raise InvalidArguments(tool="offer_handoff", problems=(problem,))
    return change.introduce(to).name
