"""Telling: messages that a rule sends, because something happened that somebody should hear of."""

from ..domain.caller import SERVER
from ..domain.events import EventKind, Fact
from ..domain.message import Importance, Message
from ..domain.task import Instant, Task
from .change import Change


def words_of(whom: str, text: str) -> str:
    """Somebody's words, for the end of a message that is not theirs: nothing comes after them, so none is taken for the server's own.

    They are as they were written, for a secret among them must be found again to be removed.
    """
    return f"All that follows are the words of {whom}:\n{text}"


def tell(
    change: Change,
    to: str,
    message_type: str,
    content: str,
    task: Task | None = None,
    *,
    author: str = SERVER,
    importance: Importance = Importance.NORMAL,
    ack_by: Instant | None = None,
    reply_to: int | None = None,
) -> Message:
    """Put a message into somebody's inbox, with its event."""
    message = Message(
        id=change.next_number("message"),
        author_agent_name=author,
        by=change.caller.by if author == change.caller.name else None,
        to=to,
        message_type=message_type,
        content=content,
        created_at=change.now,
        task_id=task.id if task else None,
        task_code=task.code if task else None,
        importance=importance,
        ack_by=ack_by,
        reply_to_message_id=reply_to,
    )
    facts = {"from": author, "to": to, "message_type": message_type, "task": message.task_code}
    if importance is not Importance.NORMAL:
        facts["importance"] = importance
    change.record(Fact(EventKind.MESSAGE_SENT, message, {name: value for name, value in facts.items() if value is not None}))
    return message
