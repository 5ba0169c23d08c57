"""The inbox: what an agent, its role and everybody were told, from where that agent last confirmed."""

import heapq
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve

from ..domain.agent import Agent
from ..domain.caller import LOCAL_PERSON, Kind
from ..domain.errors import InvalidArguments
from ..domain.message import EVERYBODY, ROLE_PREFIX, Message
from ..storage.keys import split
from . import layout, wire
from .change import Change
from .cursors import cursor_after, read_cursor
from .requests.team import ReadInbox

Answer = Mapping[str, Any]

CURSOR = "i"


def read_inbox(change: Change, request: ReadInbox) -> Answer:
    """The next messages for the caller, oldest first. A cursor handed back confirms what came before it, for good."""
    reader = _reader(change)
    passed_back = read_cursor(CURSOR, request.cursor, "read_inbox") if request.cursor is not None else None
    if passed_back is not None and passed_back > change.number("message"):
        raise InvalidArguments(
            tool="read_inbox", problems=("cursor: not one that this inbox returned; leave it out to see what is unread",)
        )
    if request.unread_only:
        reader = _confirmed(change, reader, passed_back)
        after, from_start = reader.inbox_cursor, False
    else:
        after, from_start = passed_back or 0, True
    messages = []
    for number in _numbers(change, reader, after, from_start):
        message = change.find_message(number)
        if message is not None and message.author_agent_name != reader.name:
            messages.append(message)
        if len(messages) == request.limit:
            break
    return _answer(messages, after)


def _answer(messages: list[Message], after: int) -> Answer:
    last = messages[-1].id if messages else after
    return {"items": [wire.message(each) for each in messages], "next_cursor": cursor_after(CURSOR, last)}


def _reader(change: Change) -> Agent:
    name = change.caller.name
    if name == LOCAL_PERSON and change.find_agent(LOCAL_PERSON) is None:
        # A person's place in the inbox has to be kept somewhere too; it is not an entry in the roster's history.
        person = Agent(name=LOCAL_PERSON, role="", kind=Kind.HUMAN, registered_at=change.now, updated_at=change.now)
        change.keep_agent(person)
    return change.find_agent(name) or change.introduce(name)


def _confirmed(change: Change, reader: Agent, passed_back: int | None) -> Agent:
    if passed_back is None or passed_back <= reader.inbox_cursor:
        return reader
    moved = evolve(reader, inbox_cursor=passed_back)
    change.keep_agent(moved)
    role_read = change.snapshot.get(layout.role_read(reader.role))
    if reader.role and (role_read is None or int.from_bytes(role_read, "big") < passed_back):
        change.put_number(layout.role_read(reader.role), passed_back)
    return moved


def _numbers(change: Change, reader: Agent, after: int, from_start: bool) -> Iterator[int]:
    streams = [(reader.name, 0), (EVERYBODY, reader.all_from)]
    if reader.role:
        streams.append((ROLE_PREFIX + reader.role, reader.role_from))
    begin = [(to, after if from_start else max(after, start)) for to, start in streams]
    return heapq.merge(*(_stream(change, to, start) for to, start in begin))


def _stream(change: Change, to: str, after: int) -> Iterator[int]:
    return (int(split(entry)[-1]) for entry, _ in change.walk(layout.inbox_after(to, after)))
