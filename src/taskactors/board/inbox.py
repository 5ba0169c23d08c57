"""The inbox: what an agent, its role and everybody were told, from where that agent last confirmed."""

import heapq
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from ..domain.agent import Agent
from ..domain.caller import LOCAL_PERSON, Kind
from ..domain.errors import InvalidArguments
from ..domain.evolving import evolve
from ..domain.message import EVERYBODY, ROLE_PREFIX, Message
from ..storage.keys import split
from . import layout, wire
from .change import Change
from .context import CHARACTERS_PER_TOKEN
from .cursors import cursor_after, read_cursor
from .escalating import acknowledge
from .requests.team import ReadInbox
from .view import View
from .watching import InboxShown, InboxWatch, Nothing

Answer = Mapping[str, Any]

CURSOR = "i"

EXAMINED_LIMIT = 200
"""How many messages one call looks at: those to everybody that the reader wrote itself are passed over, and it may have written many."""

OF_ROLE = "@"
"""Stands before the role whose messages a cursor has seen: handed back by an agent of another role, it confirms none of those."""


def read_inbox(change: Change, request: ReadInbox) -> Answer:
    """The next messages for the caller, oldest first. A cursor handed back confirms what came before it, for good."""
    reader = _reader(change)
    for message_id in request.ack:
        acknowledge(change, message_id, reader.name)
    passed_back, same_role = _passed_back(change, reader, request.cursor)
    if request.unread_only:
        reader = _confirmed(change, reader, passed_back, same_role)
        last, begin = reader.inbox_cursor, _unread(reader)
    else:
        last, begin = passed_back, dict.fromkeys(_unread(reader), passed_back)
    items: list[dict[str, Any]] = []
    left = request.max_tokens * CHARACTERS_PER_TOKEN
    stopped = False
    for examined, number in enumerate(heapq.merge(*(_stream(change, to, start) for to, start in begin.items())), 1):
        message = change.find_message(number)
        if message is not None and _is_for(message, reader):
            shown = wire.message(message)
            left -= len(msgspec.json.encode(shown))
            # One at least: an answer that is always too small would never come to an end.
            if left < 0 and items:
                break
            items.append(shown)
        last = number
        stopped = examined == EXAMINED_LIMIT
        if len(items) == request.limit or stopped:
            break
    if request.unread_only:
        change.tell(InboxShown(reader.name, last))
    answer = {"items": items, "next_cursor": cursor_after(CURSOR, last) + OF_ROLE + reader.role}
    return answer if items or stopped else Nothing(answer, InboxWatch(tuple(begin)))


def _passed_back(change: Change, reader: Agent, cursor: str | None) -> tuple[int, bool]:
    """The number in the cursor, 0 without one, and whether it was given to an agent of the role that the reader has now."""
    if cursor is None:
        return 0, True
    counted, _, role = cursor.partition(OF_ROLE)
    number, _ = read_cursor(CURSOR, counted, "read_inbox")
    if number > change.number("message"):
        raise InvalidArguments(
            tool="read_inbox", problems=("cursor: not one that this inbox returned; leave it out to see what is unread",)
        )
    return number, role == reader.role


def _reader(change: Change) -> Agent:
    name = change.caller.name
    if name == LOCAL_PERSON and change.find_agent(LOCAL_PERSON) is None:
        # A person's place in the inbox has to be kept somewhere too; it is not an entry in the roster's history.
        person = Agent(name=LOCAL_PERSON, role="", kind=Kind.HUMAN, registered_at=change.now, updated_at=change.now)
        change.keep_agent(person)
    return change.find_agent(name) or change.introduce(name)


def _confirmed(change: Change, reader: Agent, passed_back: int, same_role: bool) -> Agent:
    role_from = max(reader.role_from, passed_back) if same_role else reader.role_from
    moved = evolve(reader, inbox_cursor=max(reader.inbox_cursor, passed_back), role_from=role_from)
    if moved == reader:
        return reader
    change.keep_agent(moved)
    if same_role and reader.role and change.role_read(reader.role) < passed_back:
        change.put_number(layout.role_read(reader.role), passed_back)
    return moved


def unread_of(view: View, reader: Agent, limit: int) -> list[Message]:
    """The first messages that this agent has not confirmed, oldest first."""
    numbers = heapq.merge(*(_stream(view, to, start) for to, start in _unread(reader).items()))
    messages = (view.find_message(number) for number in numbers)
    return list(islice((each for each in messages if each is not None and _is_for(each, reader)), limit))


def _is_for(message: Message, reader: Agent) -> bool:
    return message.author_agent_name != reader.name or message.to == reader.name


def _unread(reader: Agent) -> Mapping[str, int]:
    """Where what the reader has not confirmed begins, in each stream of messages that it gets."""
    begin = {reader.name: reader.inbox_cursor, EVERYBODY: max(reader.inbox_cursor, reader.all_from)}
    return begin | {ROLE_PREFIX + reader.role: reader.role_from} if reader.role else begin


def _stream(view: View, to: str, after: int) -> Iterator[int]:
    return (int(split(entry)[-1]) for entry, _ in view.walk(layout.inbox_after(to, after)))
