"""The model: what each call must be answered in a state, and what it makes of it, by the rules that users are told.

It shares no rule with the server, knows no time, and looks through everything for every answer.
"""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from tests.linear.mail import read_inbox, release_files, reserve_files, send_message
from tests.linear.state import CLOSED, RUNNING, Expected, No, Offer, State, Task, Turn

ATTEMPTS = 3
SURE = 0.8
SERVER = "server"

Given = Mapping[str, Any]
Reply = Mapping[str, Any]


@frozen(eq=False)
class Outcome:
    """What a call comes to: the state afterwards, its reply, and the events that must tell of it."""

    state: State
    reply: Reply
    events: tuple[Expected, ...] = ()


def step(state: State, by: str, tool: str, given: Given, key: str | None = None) -> Outcome:
    """One call in one state. `key` is given for a call that may be repeated under it. Raises KeyError for an unknown tool."""
    kept = state.kept.get((by, tool, key)) if key is not None else None
    if kept is not None:
        first, answer = kept
        return Outcome(state, {**answer, "replayed": True} if first == given else {"refused": "idempotency_key_reused"})
    turn = Turn(state, by)
    try:
        reply = TOOLS[tool](turn, **given)
    except No as no:
        return Outcome(state, {"refused": str(no)})
    if key is not None and "nothing" not in reply and reply.get("items") != () and reply.get("granted") is not False:
        turn.put(kept={**turn.state.kept, (by, tool, key): (given, reply)})
    return Outcome(turn.state, reply, tuple(turn.events))


# tasks


def create_task(turn: Turn, code: str, description: str = "", requires_review: bool = False, **_: Any) -> Reply:
    if code.isalpha():
        code = _next_in(turn, code.upper())
    elif code in turn.state.tasks:
        raise No("duplicate_code")
    task = Task(len(turn.state.tasks) + 1, code, turn.by, description, requires_review)
    turn.introduce(turn.by)
    turn.keep(task)
    turn.happened("task_created", f"task:{task.id}", code=code, to="Created")
    return shown(task)


def _next_in(turn: Turn, series: str) -> str:
    number = turn.state.series.get(series, 0)
    while True:
        number += 1
        if (code := f"{series}-{number:03}") not in turn.state.tasks:
            turn.put(series={**turn.state.series, series: number})
            return code


def update_task(
    turn: Turn, code: str, add_note: str | None = None, description: str | None = None, expected_rev: int | None = None
) -> Reply:
    task = turn.find(code)
    if expected_rev not in (None, task.rev):
        raise No("conflict")
    if add_note is not None:
        turn.introduce(turn.by)
    notes = task.notes if add_note is None else (*task.notes, add_note)
    text = task.text if description is None else description
    if (notes, text) == (task.notes, task.text):
        return shown(task)
    return shown(turn.change("task_updated", task, {}, notes=notes, text=text))


# claims


def claim_task(turn: Turn, code: str, **_: Any) -> Reply:
    task = turn.find(code)
    turn.introduce(turn.by)
    if task.holder == turn.by and task.state in RUNNING:
        return shown(task)
    if task.state != "Created":
        raise No("not_claimable")
    if task.owner not in (None, turn.by):
        raise No("assigned_to_another")
    return shown(_taken(turn, task))


def _taken(turn: Turn, task: Task) -> Task:
    me, fence = turn.by, task.fence + 1
    to = {"holder": me, "owner": me, "implementer": me, "fence": fence}
    return turn.move("task_claimed", task, "InProgress", {"agent": me, "fence": fence}, **to)


def next_task(turn: Turn, **_: Any) -> Reply:
    turn.introduce(turn.by)
    ready = (task for task in turn.state.tasks.values() if task.state == "Created" and task.owner in (None, turn.by))
    task = next(ready, None)
    return {"nothing": True} if task is None else shown(_taken(turn, task))


def _held(turn: Turn, code: str, fence: int | None) -> Task:
    task = turn.find(code)
    if fence is not None and (task.holder is None or task.fence != fence):
        raise No("stale_claim")
    if task.holder is None:
        raise No("invalid_transition" if task.state in CLOSED else "not_holder")
    if turn.by != task.holder and not turn.overrides:
        raise No("not_holder")
    return task


def renew_claim(turn: Turn, code: str, fence: int, **_: Any) -> Reply:
    return shown(_held(turn, code, fence))


def report_progress(turn: Turn, code: str, fence: int, percent: int | None = None, note: str | None = None) -> Reply:
    task = _held(turn, code, fence)
    if note is not None:
        turn.introduce(turn.by)
    notes = task.notes if note is None else (*task.notes, note)
    percent = task.percent if percent is None else percent
    return shown(turn.change("task_progressed", task, {"fence": fence}, percent=percent, notes=notes))


def release_task(turn: Turn, code: str, fence: int | None = None, failure: str | None = None, **_: Any) -> Reply:
    return shown(_ended(turn, "task_released", _held(turn, code, fence), failed=failure is not None))


def _ended(turn: Turn, kind: str, task: Task, failed: bool) -> Task:
    attempts = task.attempts + failed
    aside = failed and attempts >= ATTEMPTS
    facts = {"agent": task.holder, "fence": task.fence}
    ended = turn.move(kind, task, "Quarantined" if aside else "Created", facts, owner=None, holder=None, attempts=attempts)
    if aside and turn.by != SERVER:
        turn.tell(SERVER, "local")
    return ended


# the end of work


def complete_task(turn: Turn, code: str, fence: int, confidence: float | None = None, **_: Any) -> Reply:
    task = _held(turn, code, fence)
    if task.state not in RUNNING:
        raise No("invalid_transition")
    review = task.review or (confidence is not None and confidence < SURE)
    holder = task.holder if review else None
    to = {"holder": holder, "review": review, "percent": 100}
    return shown(turn.move("task_completed", task, "Review" if review else "Done", {"fence": fence}, **to)) | {"unblocked": ()}


def review_task(turn: Turn, code: str, verdict: str, findings: tuple[str, ...] = ()) -> Reply:
    task = turn.find(code)
    if task.state != "Review":
        raise No("invalid_transition")
    turn.introduce(turn.by)
    approves = verdict == "approve"
    if approves and task.review and turn.by == task.implementer:
        raise No("own_review")
    reviewed = turn.move(
        "task_reviewed", task, "Done" if approves else "InProgress", {"verdict": verdict}, holder=None if approves else task.holder
    )
    if findings and task.holder not in (None, turn.by):
        turn.tell(turn.by, str(task.holder))
    return shown(reviewed) | {"unblocked": ()}


# handing on


def offer_handoff(turn: Turn, code: str, fence: int, to: str, **_: Any) -> Reply:
    task = turn.find(code)
    turn.introduce(to)
    _held(turn, code, fence)
    if task.state != "InProgress":
        raise No("invalid_transition")
    number = len(turn.state.offers) + 1
    offered = turn.move("handoff_offered", task, "PendingHandoff", {"handoff": number, "offered_to": to, "fence": fence})
    turn.put(offers=(*turn.state.offers, Offer(code, str(task.holder), to)))
    turn.tell(str(task.holder), to)
    return {"handoff_id": number, "task_code": code, "state_of_task": offered.state}


def answer_handoff(turn: Turn, handoff_id: int, accept: bool, **_: Any) -> Reply:
    if not 1 <= handoff_id <= len(turn.state.offers):
        raise No("not_found")
    offer, me = turn.state.offers[handoff_id - 1], turn.by
    if offer.state != "open":
        raise No("handoff_closed")
    turn.introduce(me)
    if (accept or me != offer.by) and (me != offer.to or me == offer.by):
        raise No("not_addressed")
    task, state = turn.find(offer.code), "accepted" if accept else "withdrawn" if me == offer.by else "declined"
    if accept:
        fence = task.fence + 1
        facts = {"handoff": handoff_id, "agent": me, "before": offer.by, "fence": fence}
        to = {"holder": me, "owner": me, "implementer": me, "fence": fence}
        task = turn.move("handoff_accepted", task, "InProgress", facts, **to)
    else:
        task = turn.move("handoff_declined", task, "InProgress", {"handoff": handoff_id, "agent": task.holder})
    _decide(turn, handoff_id, state)
    if me != offer.by:
        turn.tell(SERVER, offer.by)
    return shown(task) | {"handoff": state}


def _decide(turn: Turn, number: int, state: str) -> None:
    offers = turn.state.offers
    turn.put(offers=(*offers[: number - 1], offers[number - 1]._replace(state=state), *offers[number:]))


# reads


def get_task_by_code(turn: Turn, code: str) -> Reply:
    task = turn.find(code)
    return shown(task) | {"text": task.text, "notes": task.notes}


def list_tasks(turn: Turn, state: str, limit: int) -> Reply:
    return {"codes": tuple(task.code for task in reversed(list(turn.state.tasks.values())) if task.state == state)[:limit]}


def get_changes(turn: Turn, cursor: str) -> Reply:
    return {"head": turn.state.head}


def shown(task: Task) -> dict[str, Any]:
    fence = task.fence if task.holder else None
    same = {name: getattr(task, name) for name in ("id", "code", "state", "rev", "owner", "holder", "percent", "attempts")}
    return same | {"fence": fence}


# what the server does by itself


def expire(turn: Turn, code: str) -> Reply:
    """A lease ran out; when is not the model's to know."""
    task = turn.find(code)
    if task.holder is None or task.state not in RUNNING:
        raise No("nothing_to_expire")
    _ended(turn, "claim_expired", task, failed=task.state != "Blocked")
    return {}


def expire_handoff(turn: Turn, code: str) -> Reply:
    """Nobody answered; the task is its holder's again."""
    task = turn.find(code)
    if task.state != "PendingHandoff":
        raise No("nothing_to_expire")
    turn.move("handoff_expired", task, "InProgress", {"agent": task.holder})
    return {}


def tell(turn: Turn, author: str, to: str) -> Reply:
    """The server has something to say, in its own words."""
    turn.tell(author, to)
    return {}


def free_files(turn: Turn, agent: str, patterns: tuple[str, ...]) -> Reply:
    """The time of a reservation is over."""
    if (agent, patterns) not in turn.state.reserved:
        raise No("nothing_to_expire")
    turn.put(reserved=tuple(each for each in turn.state.reserved if each != (agent, patterns)))
    turn.happened("files_released", None, agent=agent)
    return {}


def join(turn: Turn, name: str) -> Reply:
    """Somebody is registered, by whatever call named them."""
    turn.introduce(name)
    return {}


TOOLS: Mapping[str, Callable[..., Reply]] = {
    each.__name__: each
    for each in (
        *(create_task, update_task, claim_task, next_task, renew_claim, report_progress, release_task, complete_task, review_task),
        *(offer_handoff, answer_handoff, send_message, read_inbox, reserve_files, release_files),
        *(get_task_by_code, list_tasks, get_changes, expire, expire_handoff, tell, free_files, join),
    )
}
