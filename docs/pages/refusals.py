"""Examples of refusals: one of each, so that the page shows the words that an agent will really read."""

from collections.abc import Mapping
from typing import Any

from attrs import NOTHING, fields

import taskactors.actors.refusals as of_a_server
from taskactors.domain import errors
from taskactors.domain.errors import Refusal
from taskactors.domain.task import State

EXAMPLES: Mapping[str, Any] = {
    "workflow": "feature",
    "step": "design",
    "left": 2,
    "agent": "ada",
    "agents": ("ada", "ben"),
    "allowed": (State.CREATED, State.CANCELLED),
    "asked": False,
    "by": "ada",
    "caller": "ben",
    "current_fence": 4,
    "cycle": ("API-01", "DB-01"),
    "desk": "backend",
    "ended_at": 0,
    "dropped": {"task_created": 120, "task_moved": 380},
    "expected_rev": 3,
    "fence": 3,
    "first_seq": 501,
    "handoff_id": 7,
    "held": ("API-01", "API-02"),
    "holder": "ada",
    "implementer": "ada",
    "instead": "use messages, or another task",
    "key": "retry-1",
    "kind": "task",
    "lacking": ("python", "sql"),
    "limit": 2,
    "missed": 88,
    "name": "Ada!",
    "named": "API-1",
    "nearest": ("API-01",),
    "next_cursor": "e500",
    "not_before": 0,
    "owner": "ada",
    "patterns": ("src/api/**",),
    "per_s": 1_000,
    "put_in": 40_000,
    "problem": "an agent name has 1 to 50 characters: a-z, 0-9 and single hyphens between them, as in backend-2",
    "problems": ("titel: there is no such argument; did you mean title?", "priority_score: 11 is out of range; the maximum is 10"),
    "project": "harbour",
    "reference": "9f2c41d0",
    "retry_after_ms": 100,
    "rev": 5,
    "role": "backend",
    "session_id": 12,
    "state": State.IN_PROGRESS,
    "subject": "API-01",
    "target": "role:qa",
    "task": "API-01",
    "to": State.DONE,
    "tool": "create_task",
    "unmet": ("DB-01", "DB-02"),
    "who_may": "a person or a coordinator",
    "what": "that step of API-01",
    "why": "it is being restarted",
    "within_s": 30.0,
    "command": "5d1f8a22c0b94e7f",
}
"""A value for every field that a refusal has, by name; a new field fails the page until it has one."""

IN_PARTICULAR: Mapping[str, Mapping[str, Any]] = {
    "invalid_transition": {"state": State.WAITING_FOR_DEPENDENCY, "to": State.REVIEW},
    "limit_reached": {"what": "the number of labels of API-01", "limit": 32},
    "files_reserved": {"by": ("ada",)},
    "handoff_closed": {"state": "accepted"},
    "not_addressed": {"to": "role:qa"},
    "not_confirmed": {"tool": "archive_task"},
    "no_such_project": {"project": "My Project", "why": "that is no name for a project"},
    "reason_required": {"state": State.DONE, "to": State.CREATED},
    "search_broken": {"why": "database or disk is full"},
    "search_not_ready": {"left": 60_000, "retry_after_ms": 3_000},
    "task_closed": {"state": State.DONE},
}
"""Where the usual example would read oddly."""


def explained() -> tuple[Refusal, ...]:
    """One example of each refusal that the board or the server can answer with, by their codes."""
    kinds = {kind for module in (errors, of_a_server) for kind in vars(module).values() if _is_kind(kind)}
    return tuple(_example(kind) for kind in sorted(kinds, key=lambda kind: kind.code))


def _is_kind(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, errors.Refusal) and value is not errors.Refusal


def _example(kind: type[errors.Refusal]) -> errors.Refusal:
    values = {**EXAMPLES, **IN_PARTICULAR.get(kind.code, {})}
    # Every refusal is an attrs class, which the type of their family cannot say.
    return kind(**{each.name: values[each.name] for each in fields(kind) if each.default is NOTHING or each.name in values})  # type: ignore[arg-type]
