"""Escalating: what needed an answer and got none goes to more people, until somebody answers."""

from collections.abc import Mapping
from typing import Any

from ..domain.caller import LOCAL_PERSON, SERVER
from ..domain.errors import NotAllowed
from ..domain.events import EventKind
from ..domain.evolving import evolve
from ..domain.message import EVERYBODY, Importance, Message, may_read, role_addressed
from ..domain.moving import move
from ..domain.task import State, Task
from . import wire
from .addressing import address
from .aftermath import follow
from .change import Change
from .finishing import brief
from .requests import team as ask
from .telling import tell, words_of

Answer = Mapping[str, Any]

HELP_TYPE = "help"

FIRST_ASKED = "role:architect"

ESCALATED_TO = (EVERYBODY, LOCAL_PERSON)
"""Who is asked when nobody answered: first everybody, then the person."""

ANSWER_WITHIN_S: Mapping[Importance, int] = {
    Importance.LOW: 3600,
    Importance.NORMAL: 900,
    Importance.HIGH: 300,
    Importance.URGENT: 60,
}
"""How long whoever needs help waits before others are asked, too."""


def request_help(change: Change, request: ask.RequestHelp) -> Answer:
    """Ask for help on a task. Unanswered, it is asked of everybody, then of the person; a blocking one blocks the task."""
    task = change.named(request)
    me = change.acting()
    urgency = Importance(request.urgency)
    message = tell(
        change,
        address(change, request.to, "request_help") if request.to else FIRST_ASKED,
        HELP_TYPE,
        request.question,
        task,
        author=me.name,
        importance=urgency,
        ack_by=change.now + ANSWER_WITHIN_S[urgency] * 1000,
    )
    answer = wire.message(message)
    if not request.blocking or task.state is State.BLOCKED:
        return answer
    return answer | {"task": brief(_blocked(change, task, request))}


def _blocked(change: Change, task: Task, request: ask.RequestHelp) -> Task:
    blocked = change.record_task(move(task, State.BLOCKED, change.caller, request.question[:2_000], change.now))
    follow(change, task, blocked)
    return blocked


def acknowledge(change: Change, message_id: int, by: str) -> None:
    """Whoever a message is for has seen to it; it is not escalated any more."""
    message = change.find_message(message_id)
    if message is None or message.ack_by is None or message.acked_by is not None:
        return
    if not may_read(message, by, is_person=False) or by == message.author_agent_name:
        raise NotAllowed(what=f"acknowledging message {message_id}", who_may="those it is for")
    change.keep_message(evolve(message, acked_by=by))
    change.note(EventKind.MESSAGE_ACKNOWLEDGED, f"message:{message_id}", by=by, task=message.task_code)


def answered(change: Change, reply: Message) -> None:
    """A reply is an acknowledgement, and more."""
    if reply.reply_to_message_id is None:
        return
    asked = change.find_message(reply.reply_to_message_id)
    if asked is not None and asked.author_agent_name == SERVER and asked.reply_to_message_id is not None:
        # An answer to the wider question is an answer to the one that nobody answered.
        asked = change.find_message(asked.reply_to_message_id)
    if asked is not None and asked.author_agent_name != reply.author_agent_name and asked.ack_by is not None and asked.acked_by is None:
        change.keep_message(evolve(asked, acked_by=reply.author_agent_name))


def escalate(change: Change, message_id: int) -> None:
    """Nobody has answered in time: ask more people, or tell the author that nobody did."""
    message = change.find_message(message_id)
    assert message is not None
    assert message.ack_by is not None
    task = change.find_task(message.task_id) if message.task_id is not None else None
    # What was said to one alone is not repeated to all, whatever it was called.
    wider = ESCALATED_TO[message.escalations :] if message.message_type == HELP_TYPE and not message.direct else ()
    # The one that was not answered waits no longer: what was sent in its place does, as long as there is somebody left to ask.
    period = message.ack_by - message.created_at
    more = bool(wider)
    due = change.now + max(1_000, period) if more and len(wider) > 1 else None
    change.keep_message(evolve(message, ack_by=due, escalations=message.escalations + 1))
    told = wider[0] if more else message.author_agent_name
    change.note(EventKind.MESSAGE_ESCALATED, f"message:{message_id}", to=told, task=message.task_code)
    if more:
        author = message.author_agent_name
        said = f"{author} asked {message.to} and nobody answered; reply to message {message_id}. {words_of(author, message.content)}"
        tell(change, wider[0], HELP_TYPE, said, task, importance=Importance.URGENT, reply_to=message_id)
    else:
        said = f"nobody acknowledged your message {message_id} to {_whom(message)} in time"
        tell(change, message.author_agent_name, "comment", said, task, importance=Importance.HIGH)


def _whom(message: Message) -> str:
    to = message.to or ""
    return f"the role {role_addressed(to)}" if role_addressed(to) else to
