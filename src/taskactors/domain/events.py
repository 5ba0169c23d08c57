"""Events: what happened, in one gapless order per project, each tied to the one before by a hash."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from .agent import Agent
from .evolving import evolve
from .knowledge import Entry
from .message import Message
from .session import Session
from .task import Instant, Task

Entity = Task | Agent | Message | Session | Entry


class EventKind(StrEnum):
    __hash__ = str.__hash__

    TASK_CREATED = "task_created"
    TASK_UPDATED = "task_updated"
    TASK_ASSIGNED = "task_assigned"
    TASK_CLAIMED = "task_claimed"
    TASK_RELEASED = "task_released"
    TASK_MOVED = "task_moved"
    TASK_PROGRESSED = "task_progressed"
    TASK_COMPLETED = "task_completed"
    TASK_REVIEWED = "task_reviewed"
    STEP_FINISHED = "step_finished"
    WORKFLOW_DEFINED = "workflow_defined"
    DEPENDENCIES_CHANGED = "dependencies_changed"
    TASK_UNBLOCKED = "task_unblocked"
    CLAIM_EXPIRED = "claim_expired"
    HANDOFF_OFFERED = "handoff_offered"
    HANDOFF_ACCEPTED = "handoff_accepted"
    HANDOFF_DECLINED = "handoff_declined"
    HANDOFF_EXPIRED = "handoff_expired"
    FILES_RESERVED = "files_reserved"
    FILES_AWAITED = "files_awaited"
    FILES_RELEASED = "files_released"
    PAUSE_SET = "pause_set"
    MESSAGE_ACKNOWLEDGED = "message_acknowledged"
    MESSAGE_ESCALATED = "message_escalated"
    TASK_STALLED = "task_stalled"
    BLOCKER_CANCELLED = "blocker_cancelled"
    SESSION_STARTED = "session_started"
    SESSION_PAUSED = "session_paused"
    SESSION_RESUMED = "session_resumed"
    SESSION_ENDED = "session_ended"
    SESSION_NOTED = "session_noted"
    AGENT_REGISTERED = "agent_registered"
    AGENT_UPDATED = "agent_updated"
    AGENT_PROMOTED = "agent_promoted"
    MESSAGE_SENT = "message_sent"
    KNOWLEDGE_ADDED = "knowledge_added"
    AUDIT_FAILED = "audit_failed"
    HISTORY_DROPPED = "history_dropped"
    TEXT_REDACTED = "text_redacted"
    MAIN_FILE_REQUESTED = "main_file_requested"


@frozen
class Fact:
    """What a rule decided: the kind of event, the entity as it is afterwards, and the small facts worth keeping.

    Long or private text stays in its entity; `data` holds ids, states and changed small fields.
    """

    kind: EventKind
    after: Entity
    data: Mapping[str, Any] = field(factory=dict)

    def because(self, reason: str | None) -> "Fact":
        """The same fact with the reason that was given for it."""
        return evolve(self, data={**self.data, "reason": reason}) if reason else self


@frozen(kw_only=True)
class Event:
    """One line of a project's log: who did what to which subject (as in task:7), by which command.

    `by` is whoever really called, `acting_for` the agent whose call it counted as, when that is somebody else.
    """

    seq: int
    at: Instant
    kind: EventKind
    by: str
    subject: str
    command: str
    acting_for: str | None = None
    data: Mapping[str, Any] = field(factory=dict)
