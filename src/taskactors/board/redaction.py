"""Redaction: a secret is removed from everything that is stored, and the log says who did it and where, never what it was."""

from collections.abc import Mapping
from typing import Any

import msgspec
from attrs import define, field

from ..domain.agent import Agent
from ..domain.errors import LimitReached, NotAllowed, NotFound
from ..domain.events import EventKind, Fact
from ..domain.evolving import evolve
from ..domain.knowledge import Entry
from ..domain.message import Message
from ..domain.redacting import scrubbed, without
from ..domain.session import Session
from ..domain.task import Task
from ..storage.keys import split
from ..storage.records import RecordType
from . import chain, layout
from .change import Change
from .requests.admin import Redact
from .stored import AGENT, ENTRY, EVENT, HANDOFF, MESSAGE, PAUSE, REPLY, RESERVATION, SESSION, TASK, WORKFLOW

Answer = Mapping[str, Any]

PLACES_LIMIT = 1_000
"""What is in more places than this is a common word; and one unit of work can change no more without everybody waiting for it."""

RECORDS: Mapping[str, RecordType[Any]] = {
    "task": TASK,
    "message": MESSAGE,
    "entry": ENTRY,
    "session": SESSION,
    "handoff": HANDOFF,
    "pause": PAUSE,
    "reservation": RESERVATION,
    "workflow": WORKFLOW,
    "agent": AGENT,
}
"""The families of keys that hold records with texts in them."""

EVENT_TEXTS = ("reason", "findings")
"""What of an event is text; the rest are names, codes and numbers that others go by."""

LEFT_SHOWN = 20


@define
class _Done:
    """What came of it: the records, events and stored answers that were changed, and where the secret still is."""

    redacted: list[str] = field(factory=list)
    events: int = 0
    replies: int = 0
    left: dict[str, None] = field(factory=dict)


def redact(change: Change, request: Redact) -> Answer:
    """Remove a text wherever somebody wrote it: records, events, stored answers. `left` says where it is part of a name, and stays.

    Whatever is changed has a new event that says so. Raises NotAllowed for an agent, NotFound when the text is nowhere, and
    LimitReached when it is in too many places to be a secret. Reads everything, so it takes time on a large project.
    """
    if not change.caller.may_act_for_others:
        raise NotAllowed(what="redacting", who_may="a person")
    forms = _forms(request.text)
    places = _places(change, forms)
    if not places:
        raise NotFound(kind="stored text", named="the text to redact")
    done = _Done()
    for entry, stored in places:
        if not _is_in(forms, entry):
            _redact_at(change, entry, stored, request.text, done)
        if _is_in(forms, entry, change.snapshot.get(entry) or b""):
            done.left[scrubbed(_named(entry), request.text)] = None
    if done.replies:
        change.note(EventKind.TEXT_REDACTED, "replies", answers=done.replies)
    return {"redacted": done.redacted, "events": done.events, "replies": done.replies, "left": list(done.left)[:LEFT_SHOWN]}


def _forms(secret: str) -> frozenset[bytes]:
    """As it is, as it is in a record, and as it is in a record within a record, which a stored answer is."""
    once = msgspec.json.encode(secret)[1:-1]
    twice = msgspec.json.encode(once.decode())[1:-1]
    return frozenset({secret.encode(), once, twice})


def _is_in(forms: frozenset[bytes], *stored: bytes) -> bool:
    return any(form in each for each in stored for form in forms)


def _places(change: Change, forms: frozenset[bytes]) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    for entry, stored in change.walk(layout.EVERYTHING):
        if _is_in(forms, entry, stored):
            found.append((entry, stored))
        if len(found) > PLACES_LIMIT:
            instead = "give more of the text, so that only the secret is meant"
            raise LimitReached(what="the number of places to redact at once", limit=PLACES_LIMIT, instead=instead)
    return found


def _named(entry: bytes) -> str:
    return ":".join(map(str, split(entry)))


def _redact_at(change: Change, entry: bytes, stored: bytes, secret: str, done: _Done) -> None:
    family, *which = split(entry)
    if family == "event":
        done.events += _redact_event(change, int(which[0]), stored, secret)
    elif family == "reply":
        reply = REPLY.decode(stored)
        answer = msgspec.json.encode(scrubbed(msgspec.json.decode(reply.answer), secret)).decode()
        change.put(entry, REPLY.encode(evolve(reply, answer=answer)))
        done.replies += 1
    elif family in RECORDS and _redact_record(change, entry, RECORDS[str(family)], stored, secret):
        done.redacted.append(_named(entry))


def _redact_event(change: Change, seq: int, stored: bytes, secret: str) -> int:
    """An event keeps its hash, which covered the text that was there; a new event vouches for what is there now."""
    event = EVENT.decode(chain.body_of(stored))
    data = {name: scrubbed(value, secret) if name in EVENT_TEXTS else value for name, value in event.data.items()}
    if data == event.data:
        return 0
    body = EVENT.encode(evolve(event, data=data))
    change.put(layout.event(seq), chain.hash_of(stored) + body)
    change.note(EventKind.TEXT_REDACTED, f"event:{seq}", digest=chain.digest_of(body))
    change.put_number(layout.voucher(seq), change.head_seq())
    return 1


def _redact_record(change: Change, entry: bytes, kind: RecordType[Any], stored: bytes, secret: str) -> bool:
    after, places = without(kind.decode(stored), secret)
    if not places:
        return False
    data = {"fields": list(places)}
    if isinstance(after, Task | Agent | Message | Entry | Session):
        change.record(Fact(EventKind.TEXT_REDACTED, after, data))
    else:
        # Nothing of these is found by a text of theirs, so no index entry changes.
        change.put(entry, kind.encode(after))
        change.note(EventKind.TEXT_REDACTED, _named(entry), **data)
    return True
