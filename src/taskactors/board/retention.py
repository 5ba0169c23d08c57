"""Retention: the oldest events are dropped once nobody needs them, and the chain goes on from a checkpoint."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ..domain.agent import Agent
from ..domain.caller import LOCAL_PERSON, Kind
from ..domain.errors import NotAllowed
from ..domain.events import Event, EventKind
from . import layout
from .chain import Head, body_of, hash_of, read_checkpoint
from .change import Change
from .inbox import unread_of
from .requests.admin import DropHistory
from .stored import EVENT
from .view import View

Answer = Mapping[str, Any]

DROPPED_AT_ONCE = 1_000
"""How many one unit of work drops, so that no batch waits long for it: some tens of milliseconds."""

DAY_MS = 24 * 3600 * 1000


@frozen
class _Limits:
    """What is kept: every event after `seq`, from `at` on, or about a message that somebody has yet to read."""

    seq: int
    at: int
    unread: int | None
    reader: str | None

    def hold_back(self, event: Event) -> str | None:
        """Why this event stays, and with it all that follow; None when it may go."""
        if event.seq > self.seq:
            return "the number of events to keep"
        if event.at > self.at:
            return "the days to keep"
        if self.unread is not None and event.kind is EventKind.MESSAGE_SENT and int(event.subject.partition(":")[2]) >= self.unread:
            return f"an unread message to {self.reader}"
        return None


def drop_history(change: Change, request: DropHistory) -> Answer:
    """Drop some of the oldest events; `more` says that others may go too. Records, messages and tasks stay.

    No event goes that is younger than the stored answers under idempotency keys, or comes after a message that is unread.
    Raises NotAllowed for an agent.
    """
    if not change.caller.may_act_for_others and change.caller.kind is not Kind.SERVER:
        raise NotAllowed(what="dropping history", who_may="a person")
    limits = _limits(change, request)
    head, kinds, held_back_by, more = read_checkpoint(change.snapshot), Counter[str](), None, False
    for entry, stored in change.walk(layout.ALL_EVENTS):
        event = EVENT.decode(body_of(stored))
        if (held_back_by := limits.hold_back(event)) is not None:
            break
        if kinds.total() == DROPPED_AT_ONCE:
            more = True
            break
        head = Head(event.seq, hash_of(stored))
        kinds[event.kind] += 1
        change.drop(entry)
        if change.snapshot.get(layout.voucher(event.seq)) is not None:
            change.drop(layout.voucher(event.seq))
    if kinds:
        _remember(change, head, kinds)
    answer: dict[str, Any] = {"dropped": kinds.total(), "first_seq": head.seq + 1, "events": change.head_seq() - head.seq, "more": more}
    return answer | ({"held_back_by": held_back_by} if held_back_by else {})


def has_history_to_drop(view: View, request: DropHistory) -> bool:
    """Whether there is anything to drop, for whoever would rather not write when there is not."""
    oldest = view.events_after(view.first_seq() - 1, limit=1)
    return bool(oldest) and _limits(view, request).hold_back(oldest[0]) is None


def _remember(change: Change, head: Head, kinds: Counter[str]) -> None:
    change.put(layout.CHECKPOINT, head.to_bytes())
    before = change.dropped()
    for kind, count in sorted(kinds.items()):
        change.put_number(layout.dropped(kind), before.get(kind, 0) + count)
    change.note(EventKind.HISTORY_DROPPED, "log", first_seq=head.seq + 1, events=kinds.total())


def _limits(view: View, request: DropHistory) -> _Limits:
    unread, reader = _oldest_unread(view)
    return _Limits(view.head_seq() - request.keep_events, view.now - request.keep_days * DAY_MS, unread, reader)


def _oldest_unread(view: View) -> tuple[int | None, str | None]:
    oldest: tuple[int | None, str | None] = None, None
    for agent in _readers(view):
        for message in unread_of(view, agent, 1):
            if oldest[0] is None or message.id < oldest[0]:
                oldest = message.id, agent.name
    return oldest


def _readers(view: View) -> list[Agent]:
    agents = list(view.agents())
    if view.find_agent(LOCAL_PERSON) is None:
        # Whoever has never looked into the inbox has no place in it yet, and what was meant for everybody was not meant for them.
        agents.append(Agent(name=LOCAL_PERSON, role="", kind=Kind.HUMAN, registered_at=0, updated_at=0, all_from=view.number("message")))
    return agents
