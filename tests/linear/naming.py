"""Naming what is wrong: from the first answer or event that does not fit, the reason that says what the server did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tests.linear.acts import Act, is_told
from tests.linear.history import Call
from tests.linear.log import Event
from tests.linear.model import Outcome, shown
from tests.linear.reasons import Reason, Rejected
from tests.linear.state import State

if TYPE_CHECKING:
    from tests.linear.witness import Walk

ACCEPTED = {
    "stale_claim": Reason.STALE_FENCE,
    "not_holder": Reason.NOT_HOLDER,
    "not_claimable": Reason.TWO_WINNERS,
    "assigned_to_another": Reason.TWO_WINNERS,
    "idempotency_key_reused": Reason.REPLAYED_OTHERWISE,
}
"""What was accepted, by what it had to be refused with."""

MOVES_END = {"renew_claim", "claim_task", "report_progress"}

HOLDS = {"InProgress", "Blocked", "Review", "PendingHandoff"}


def require_gapless(log: Sequence[Event]) -> None:
    """Raises Rejected when an event is missing, doubled or out of place."""
    for place, event in enumerate(log, log[0].seq if log else 1):
        if event.seq != place:
            raise Rejected(Reason.GAP, event, f"should be number {place}")
    if log and log[0].seq != 1:
        raise Rejected(Reason.GAP, log[0], "should be the first")


def require_no_early_end(history: Sequence[Call], log: Sequence[Event]) -> None:
    """Raises Rejected when a claim expired before the moment that its holder was last told."""
    codes = {event.subject: event.data["code"] for event in log if event.kind == "task_created"}
    for event in log:
        if event.kind == "claim_expired":
            said = list(_ends_told(history, codes[event.subject], event.data["fence"]))
            if said and event.at < min(said):
                raise Rejected(Reason.TOO_EARLY, event, f"it was said to end at {min(said)}")


def _ends_told(history: Sequence[Call], code: str, fence: int) -> Iterator[int]:
    """When that claim was to end, by the last answer about it and by all that may have been given after that."""
    told = (call for call in history if call.reply is not None and "replayed" not in call.reply)
    about = [call for call in told if call.reply and (call.reply.get("code"), call.reply.get("fence")) == (code, fence)]
    unheard = [
        call for call in history if call.reply is None and call.given.get("code") == code and call.tool in ("renew_claim", "claim_task")
    ]
    last = max(about, key=lambda call: call.invoked, default=None)
    if last is None or unheard:
        return
    yield from (call.ends for call in about if call.until >= last.invoked and call.ends is not None)


def untold(state: State, call: Call, act: Act, outcome: Outcome) -> Rejected:
    """Why the events of an act are not those that its call has in this state."""
    refused = outcome.reply.get("refused")
    if refused is not None:
        return Rejected(_accepted(str(refused), state, call.given), call, act.events[0], f"should be refused: {refused}")
    if outcome.events and act.begins(outcome.events):
        return Rejected(Reason.ACTED_TWICE, call, *act.events)
    for event, (kind, _, facts) in zip(act.events, outcome.events, strict=False):
        given, due = event.data.get("fence"), facts.get("fence")
        if event.kind == kind and kind in ("task_claimed", "handoff_accepted") and given != due and due is not None and given < due:
            return Rejected(Reason.FENCE_REUSED, call, event, f"should be {due}")
    return Rejected(Reason.WRONG_EVENT, call, *act.events, f"should be {outcome.events}")


def _accepted(refused: str, state: State, given: Mapping[str, Any]) -> Reason:
    reason = ACCEPTED.get(refused, Reason.ACCEPTED_WRONGLY)
    task = state.tasks.get(given.get("code", ""))
    if reason is Reason.TWO_WINNERS and (task is None or task.state not in HOLDS):
        return Reason.ACCEPTED_WRONGLY
    return reason


def untrue(walk: Walk, call: Call, outcome: Outcome) -> Rejected:
    """Why what a call was told is not what its act, as the log has it, came to."""
    assert call.reply is not None
    code = call.reply.get("code")
    told = {name: value for name, value in call.reply.items() if name not in ("unblocked", "handoff")}
    reason = Reason.WRONG_REPLY
    if code is not None:
        if any(code in state.tasks and shown(state.tasks[code]) == told for state in walk.trail):
            reason = Reason.BACK_IN_TIME
        elif any(code in state.tasks and shown(state.tasks[code]) == told for state in states_ahead(walk)):
            reason = Reason.FROM_THE_FUTURE
        elif told.get("fence") is not None and told["fence"] < (outcome.reply.get("fence") or 0):
            reason = Reason.FENCE_REUSED
    return Rejected(reason, call, f"should be {outcome.reply}")


def stuck(walk: Walk, call: Call) -> Rejected:
    """Why an answer without an event of its own is true in none of the states in which it could have been given."""
    window = walk.trail[walk.since.get(call, len(walk.trail) - 1) :]
    # The last one has what the call's own client did since.
    outcomes = [walk.outcome(state, call) for state in (*window[:-1], walk.state)]
    return Rejected(_reason(walk, call, outcomes), call, *(f"should be {each.reply}" for each in outcomes[-3:]))


def _reason(walk: Walk, call: Call, outcomes: Sequence[Outcome]) -> Reason:
    assert call.reply is not None
    refusals = [each.reply.get("refused") for each in outcomes]
    if "replayed" in call.reply or any("replayed" in each.reply for each in outcomes):
        return Reason.REPLAYED_OTHERWISE
    if call.refused is not None:
        return Reason.REFUSED_THOUGH_FREE if None in refusals else _when(walk, call)
    if any(is_told(each) and each.reply == call.reply for each in outcomes):
        return Reason.NO_EVENT
    if _was_anothers(walk, call):
        return Reason.TWO_WINNERS
    if all(refusals):
        reason = _accepted(str(refusals[-1]), walk.state, call.given)
        return _when(walk, call) if reason is Reason.ACCEPTED_WRONGLY else reason
    if any(map(is_told, outcomes)):
        return Reason.NO_EVENT
    if call.tool == "read_inbox":
        return _of_inbox(call, outcomes)
    return _when(walk, call)


def _was_anothers(walk: Walk, call: Call) -> bool:
    """Whether it was told to have won what somebody else held all the while."""
    if call.tool not in ("claim_task", "next_task") or not call.succeeded:
        return False
    assert call.reply is not None
    tasks = [state.tasks.get(call.reply.get("code", "")) for state in walk.trail[walk.since.get(call, 0) :]]
    return all(task is not None and task.holder not in (None, call.client) for task in tasks)


def _of_inbox(call: Call, outcomes: Sequence[Outcome]) -> Reason:
    assert call.reply is not None
    shown_now, confirmed = set(call.reply["items"]), outcomes[-1].state.agents[call.client].cursor
    if any(number <= confirmed for number in shown_now):
        return Reason.CAME_AGAIN
    due = {number for number in outcomes[-1].reply["items"] if number <= call.reply["cursor"]}
    if (due | set(outcomes[0].reply["items"])) - shown_now:
        return Reason.MESSAGE_LOST
    return Reason.FROM_THE_FUTURE if shown_now - set(outcomes[-1].reply["items"]) else Reason.WRONG_REPLY


def _when(walk: Walk, call: Call) -> Reason:
    """Whether it was true before the call began, or became so after it was answered."""
    if any(walk.outcome(state, call).reply == call.reply for state in walk.trail[: walk.since.get(call, 0)]):
        return Reason.BACK_IN_TIME
    if any(walk.outcome(state, call).reply == call.reply for state in states_ahead(walk)):
        return Reason.FROM_THE_FUTURE
    return Reason.WRONG_REPLY


def states_ahead(walk: Walk) -> Iterator[State]:
    """The states to come by what the log tells from here on, as far as it makes sense."""
    state = walk.state
    for act in walk.acts[len(walk.trail) - 1 :]:
        outcome = walk.outcome(state, walk.actors[act]) if act in walk.actors else act.own_step(state)
        if not act.tells(outcome.events):
            return
        state = outcome.state
        yield state
