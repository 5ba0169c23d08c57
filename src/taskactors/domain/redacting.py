"""Redacting: a secret that got into what was written is taken out of it; the rest of the text stays."""

from collections.abc import Mapping
from typing import Any

from attrs import fields, has

from .agent import Agent
from .evolving import evolve
from .handing_off import Handoff
from .knowledge import Entry
from .message import Message
from .pausing import Pause
from .reserving import Reservation
from .session import Session
from .task import Task
from .workflow import Workflow

INSTEAD = "[redacted]"

TEXTS: Mapping[type, tuple[str, ...]] = {
    Task: ("name", "description", "acceptance_criteria", "labels", "blocked_reason", "notes", "artifacts", "findings", "result"),
    Message: ("content",),
    Entry: ("title", "body", "tags"),
    Session: ("notes",),
    Handoff: ("summary", "artifacts", "known_limitations", "next_steps", "reason"),
    Pause: ("reason",),
    Reservation: ("reason",),
    Workflow: ("steps",),
    Agent: ("description",),
}
"""Where people and agents write freely, in each kind of record. Names, codes and states are what others refer to, and stay."""

NAMES = frozenset({"by", "at", "id", "required_capability"})
"""Within a text of several parts: what is none."""

Record = Task | Message | Entry | Session | Handoff | Pause | Reservation | Workflow | Agent


def without(value: Record, secret: str) -> tuple[Record, tuple[str, ...]]:
    """The value without a secret in any of its texts, and the names of those that it was in."""
    parts = {name: (getattr(value, name), scrubbed(getattr(value, name), secret)) for name in TEXTS[type(value)]}
    changed = {name: after for name, (before, after) in parts.items() if before != after}
    return evolve(value, **changed), tuple(changed)


def scrubbed(value: Any, secret: str) -> Any:
    """The same value with every text in it free of the secret."""
    if type(value) is str:
        return value.replace(secret, INSTEAD)
    if isinstance(value, tuple | list):
        return type(value)(scrubbed(each, secret) for each in value)
    if isinstance(value, Mapping):
        return {name: scrubbed(each, secret) for name, each in value.items()}
    if has(type(value)):
        names = [each.name for each in fields(type(value)) if each.name not in NAMES]
        return evolve(value, **{name: scrubbed(getattr(value, name), secret) for name in names})
    return value
