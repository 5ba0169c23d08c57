"""What happened: the log from a point on, as events or as a digest."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ..domain.caller import Kind
from ..domain.errors import CursorExpired
from ..domain.events import Event
from ..domain.evolving import evolve
from ..domain.moments import text_of
from ..domain.task import Instant, Task
from . import layout
from .chain import body_of
from .context import CHARACTERS_PER_TOKEN
from .cursors import cursor_after, read_cursor
from .requests.changes import GetChanges
from .stored import EVENT
from .turns import RECORDS_A_TURN, Turns
from .view import View
from .watching import LogWatch, Nothing, is_about

Answer = Mapping[str, Any]

CURSOR = "e"

EXAMINED_LIMIT = 1_000
"""How many events one page looks at before it answers with a cursor."""

DIGEST_LIMIT = 10_000
"""How many events one digest looks at; the next begins where it ends."""


def get_changes(view: View, request: GetChanges) -> Turns[Answer]:
    """One page of the log after the cursor, or a digest of it, with a cursor that goes on from there."""
    task = view.task_coded(request.code) if request.code else None
    after = _begin(view, request, task)
    answer = yield from (_digest if request.digest else _events)(view, request, task, after)
    if answer["items"] or "stopped_after" in answer:
        return answer
    seen = read_cursor(CURSOR, answer["next_cursor"], "get_changes")[0]
    return _nothing_until(request, LogWatch(frozenset(request.kinds), task), answer, seen)


def _nothing_until(request: GetChanges, watch: LogWatch, answer: Answer, seq: int) -> Nothing:
    # What is to come begins at the first look, and moves on with what the watch is told and does not see: whoever follows one
    # task of a busy team would else read all that happened to the others meanwhile.
    cursor = cursor_after(CURSOR, seq)
    again = evolve(request, cursor=cursor)
    return Nothing(
        {**answer, "next_cursor": cursor}, watch, again=again, upto=lambda later: _nothing_until(request, watch, answer, max(seq, later))
    )


def _begin(view: View, request: GetChanges, task: Task | None) -> int:
    """Raises CursorExpired when somebody would go on where there is nothing any more."""
    before_all = view.first_seq() - 1
    match request.cursor:
        case None:
            # Nothing is about a task before it was made; a page would look at all that others did since the log began.
            return before_all if task is None else _last_before(view, task.inserted_at)
        case "now":
            return view.head_seq()
        case "latest":
            return max(before_all, view.head_seq() - request.limit)
        case cursor:
            after = read_cursor(CURSOR, cursor, "get_changes")[0]
            if after >= before_all:
                return after
            raise CursorExpired(
                first_seq=before_all + 1,
                missed=before_all - after,
                dropped=view.dropped(),
                next_cursor=cursor_after(CURSOR, before_all),
            )


def _last_before(view: View, moment: Instant) -> int:
    """The number of the last event that happened before that; of the last that was dropped, when none that is there did."""
    # Events are in the order of their times, so a few of them tell.
    there = range(view.first_seq(), view.head_seq() + 1)
    return there.start - 1 + bisect_left(there, moment, key=lambda seq: view.events_after(seq - 1, 1)[0].at)


def _wanted(request: GetChanges, task: Task | None, event: Event) -> bool:
    if request.kinds and event.kind not in request.kinds:
        return False
    return task is None or is_about(event, task)


def _after(view: View, seq: int) -> Iterator[Event]:
    for _, stored in view.walk(layout.events_after(seq), at_once=RECORDS_A_TURN):
        yield EVENT.decode(body_of(stored))


def _events(view: View, request: GetChanges, task: Task | None, after: int) -> Turns[dict[str, Any]]:
    left = request.max_tokens * CHARACTERS_PER_TOKEN
    items: list[dict[str, Any]] = []
    last = after
    stopped: dict[str, Any] = {}
    for examined, event in enumerate(_after(view, after), 1):
        if examined % RECORDS_A_TURN == 0:
            yield
        if _wanted(request, task, event):
            shown = _shown(view, event)
            left -= len(msgspec.json.encode(shown))
            # One at least: an answer that is always too small would never come to an end.
            if left < 0 and items:
                break
            items.append(shown)
        last = event.seq
        if len(items) == request.limit:
            break
        if examined == EXAMINED_LIMIT:
            stopped = _stopped(view, last, EXAMINED_LIMIT)
            break
    return {"items": items, "next_cursor": cursor_after(CURSOR, last), **stopped}


def _stopped(view: View, last: int, limit: int) -> dict[str, Any]:
    # Whoever waits for what is to come must not be parked before what is there already.
    return {"stopped_after": limit} if last < view.head_seq() else {}


def _shown(view: View, event: Event) -> dict[str, Any]:
    hidden = _hidden(view, event)
    # Whose call it was is for whoever looks into what went wrong; agents would pay for it with every event they read.
    command = {"command": event.command} if view.caller.kind is not Kind.AGENT else {}
    return {
        "seq": event.seq,
        "at": text_of(event.at),
        "kind": event.kind,
        "by": "" if hidden else event.by,
        **({"acting_for": event.acting_for} if event.acting_for and not hidden else {}),
        "subject": event.subject,
        **command,
        "data": hidden or dict(event.data),
    }


def _hidden(view: View, event: Event) -> dict[str, Any] | None:
    """What is shown of an event that is not for this caller: that there was one is in the log's order; between whom is theirs."""
    if view.caller.kind is not Kind.AGENT:
        return None
    if event.data.get("direct") and view.caller.name not in (event.data.get("from"), event.data.get("to")):
        return {"direct": True}
    if event.data.get("private") and view.caller.name != event.data.get("by"):
        return {"private": True}
    return None


def _digest(view: View, request: GetChanges, task: Task | None, after: int) -> Turns[dict[str, Any]]:
    """Task by task, the latest moved first: where it stands now, and what happened to it how often."""
    by_subject: dict[str, Counter[str]] = {}
    other: Counter[str] = Counter()
    last, count = after, 0
    stopped: dict[str, Any] = {}
    for examined, event in enumerate(_after(view, after), 1):
        if examined > DIGEST_LIMIT:
            stopped = _stopped(view, last, DIGEST_LIMIT)
            break
        if examined % RECORDS_A_TURN == 0:
            yield
        last = event.seq
        if not _wanted(request, task, event):
            continue
        count += 1
        if event.subject.startswith("task:"):
            counted = by_subject.pop(event.subject, Counter())
            counted[event.kind] += 1
            by_subject[event.subject] = counted
        else:
            other[event.kind] += 1
    items, left_out = yield from _told_of(view, by_subject, request.max_tokens * CHARACTERS_PER_TOKEN)
    if other:
        items.append({"other": dict(other)})
    answer: dict[str, Any] = {"items": items, "events": count, "next_cursor": cursor_after(CURSOR, last), **stopped}
    return answer | ({"left_out": left_out} if left_out else {})


def _told_of(view: View, by_subject: dict[str, Counter[str]], characters: int) -> Turns[tuple[list[dict[str, Any]], int]]:
    items: list[dict[str, Any]] = []
    for told, subject in enumerate(reversed(by_subject), 1):
        if told % RECORDS_A_TURN == 0:
            yield
        found = view.find_task(int(subject.partition(":")[2]))
        if found is None:
            continue
        item: dict[str, Any] = {"code": found.code, "name": found.name, "state": found.state}
        if found.holder:
            item["holder"] = found.holder
        item["happened"] = dict(by_subject[subject])
        characters -= len(msgspec.json.encode(item))
        if characters < 0 and items:
            return items, len(by_subject) - len(items)
        items.append(item)
    return items, 0
