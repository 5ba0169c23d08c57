"""The message: what one member of the team tells another, a role, or everybody."""

from enum import StrEnum

from attrs import frozen

from .agent import ROLES
from .task import Instant

EVERYBODY = "all"
ROLE_PREFIX = "role:"


class Importance(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


@frozen(kw_only=True)
class Message:
    """One message. `to` is an agent, `role:NAME`, `all`, or None for a comment that stays on its task.

    `direct` messages are for author, addressee and people only; the others are the team's. One with `ack_by` is escalated
    unless somebody it is for has acknowledged it, or replied, by then; `escalations` counts how often it was.
    """

    id: int
    author_agent_name: str
    to: str | None
    message_type: str
    content: str
    created_at: Instant
    task_id: int | None = None
    task_code: str | None = None
    reply_to_message_id: int | None = None
    importance: Importance = Importance.NORMAL
    direct: bool = False
    by: str | None = None
    ack_by: Instant | None = None
    acked_by: str | None = None
    escalations: int = 0


def role_addressed(to: str) -> str | None:
    """The role that an address such as `role:qa` names; None when it names an agent or everybody."""
    role = to.removeprefix(ROLE_PREFIX)
    return role if to.startswith(ROLE_PREFIX) and role in ROLES else None


def may_read(message: Message, reader: str, is_person: bool) -> bool:
    """Direct messages are shown to their author, their addressee and people; all others to the team."""
    return not message.direct or is_person or reader in (message.author_agent_name, message.to)
