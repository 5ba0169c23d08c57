"""Units of work on messages: write on a task, tell somebody, read what was written on a task."""

from collections.abc import Mapping
from typing import Any

from ..domain.caller import Kind
from ..domain.errors import NotAllowed, NotFound
from ..domain.events import EventKind, Fact
from ..domain.message import EVERYBODY, ROLE_PREFIX, Importance, Message, may_read, role_addressed
from ..domain.task import Task
from ..storage.keys import split
from . import layout, wire
from .addressing import address
from .change import Change
from .cursors import cursor_after, read_cursor
from .escalating import answered
from .requests import team as ask
from .turns import RECORDS_A_TURN, Turns
from .view import View

Answer = Mapping[str, Any]

CURSOR = "m"

EXAMINED_LIMIT = 1_000
"""How many messages one page looks at before it answers with a cursor."""

READ_CHARACTERS = 1 << 20
"""The same by what is written in them."""


def create_task_message(change: Change, request: ask.CreateTaskMessage) -> Answer:
    """Write on a task. It is the team's to read; a target finds it in its inbox too."""
    task = change.task_coded(request.task_code)
    to = address(change, request.target_agent_name, "create_task_message") if request.target_agent_name else None
    return _sent(
        change,
        Message(
            id=change.next_number("message"),
            author_agent_name=change.acting().name,
            by=change.caller.by,
            to=to,
            message_type=request.message_type,
            content=request.content,
            created_at=change.now,
            task_id=task.id,
            task_code=task.code,
            reply_to_message_id=_answered(change, request.reply_to_message_id),
        ),
    )


def send_message(change: Change, request: ask.SendMessage) -> Answer:
    """Tell an agent, a role or everybody. To an agent it is direct: for the two of them and people only."""
    task: Task | None = change.task_coded(request.code) if request.code else None
    to = address(change, request.to, "send_message")
    return _sent(
        change,
        Message(
            id=change.next_number("message"),
            author_agent_name=_author(change, request),
            by=change.caller.actor if request.from_role else change.caller.by,
            to=to,
            message_type=request.message_type,
            content=request.content,
            created_at=change.now,
            task_id=task.id if task else None,
            task_code=task.code if task else None,
            reply_to_message_id=_answered(change, request.reply_to),
            importance=Importance(request.importance),
            direct=to != EVERYBODY and role_addressed(to) is None,
            ack_by=change.now + request.ack_by_s * 1000 if request.ack_by_s else None,
        ),
    )


def _author(change: Change, request: ask.SendMessage) -> str:
    if request.from_role is None:
        return change.acting().name
    if change.caller.kind is Kind.AGENT:
        raise NotAllowed(what="sending on a role's behalf", who_may="people")
    return ROLE_PREFIX + request.from_role


def _answered(change: Change, message_id: int | None) -> int | None:
    if message_id is None:
        return None
    message = change.find_message(message_id)
    person = change.caller.kind is not Kind.AGENT
    if message is None or not may_read(message, change.caller.name, person):
        raise NotFound(kind="message", named=str(message_id))
    return message_id


def _sent(change: Change, message: Message) -> Answer:
    facts = {
        "from": message.author_agent_name,
        "to": message.to,
        "message_type": message.message_type,
        "task": message.task_code,
        "direct": message.direct or None,
        "importance": message.importance if message.importance is not Importance.NORMAL else None,
    }
    answered(change, message)
    change.record(Fact(EventKind.MESSAGE_SENT, message, {name: value for name, value in facts.items() if value is not None}))
    return wire.message(message)


def get_task_messages(view: View, request: ask.GetTaskMessages) -> Turns[Answer]:
    """What was written on a task, newest first, as far as the caller may read it."""
    task = view.task_coded(request.task_code)
    start, end = layout.messages_on_task(task.id)
    if request.cursor is not None:
        end = layout.message_on_task(task.id, read_cursor(CURSOR, request.cursor, "get_task_messages")[0])
    items: list[dict[str, Any]] = []
    read = 0
    for examined, (entry, _) in enumerate(view.walk((start, end), reverse=True, at_once=RECORDS_A_TURN), 1):
        if examined % RECORDS_A_TURN == 0:
            yield
        number = int(split(entry)[-1])
        message = view.find_message(number)
        read += len(message.content) if message is not None else 0
        if message is not None and _wanted(view, message, request):
            items.append(wire.message(message))
        if len(items) == request.limit or examined == EXAMINED_LIMIT or read >= READ_CHARACTERS:
            return wire.page(items, cursor_after(CURSOR, number) if number > 1 else None)
    return wire.page(items, None)


def _wanted(view: View, message: Message, request: ask.GetTaskMessages) -> bool:
    if not may_read(message, view.caller.name, view.caller.kind is not Kind.AGENT):
        return False
    asked = {
        "author_agent_name": request.author_agent_name,
        "to": request.target_agent_name,
        "message_type": request.message_type,
        "reply_to_message_id": request.reply_to_message_id,
    }
    return all(value is None or getattr(message, name) == value for name, value in asked.items())
