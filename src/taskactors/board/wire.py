"""How entities look on the wire: JSON-ready, times as RFC 3339 text, empty fields left out."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from attrs import fields

from ..domain.agent import Agent
from ..domain.handing_off import Handoff
from ..domain.knowledge import Entry
from ..domain.message import Message
from ..domain.moments import text_of
from ..domain.session import Session
from ..domain.task import Claim, Instant, Note, Result, Task
from ..domain.workflow import Workflow, WorkStep

Detail = Literal["brief", "full"]

BRIEF_CHARACTERS = 200
"""How much of a long text a list shows: enough to choose by, little enough for twenty in an answer."""

ALWAYS = ("id", "code", "name", "description", "owner_agent_name", "state", "inserted_at", "done_at")
"""The fields that every task has on the wire, empty or not: scripts of older servers read them."""

HIDDEN = frozenset({"fence", "implementer", "unmet", "by_hand", "cancelled_blockers", "stall_announced"})
"""Bookkeeping of the board."""

FULL_ONLY = frozenset(
    {"notes", "findings", "acceptance_criteria", "artifacts", "result", "created_by", "updated_at", "confidence_threshold"}
)


def instant_of(moment: datetime) -> Instant:
    """A moment that a request gave, in milliseconds."""
    return round(moment.timestamp() * 1000)


def shortened(text: str) -> str:
    """The beginning of a long text, saying how much is missing."""
    if len(text) <= BRIEF_CHARACTERS:
        return text
    return f"{text[:BRIEF_CHARACTERS]}… [{len(text) - BRIEF_CHARACTERS} more characters]"


def task(value: Task, detail: Detail = "full") -> dict[str, Any]:
    """A task: the eight fields that every task has, then whatever else is set."""
    contents = vars(value)
    shown = {
        name: content if write is None else write(content)
        for name, empty, write in _PLANS[detail]
        if (content := contents[name]) is not empty
    }
    if detail == "brief":
        shown["description"] = shortened(value.description)
    if value.cancelled_blockers:
        shown["blocker_cancelled"] = True
    return shown


def claim(value: Claim) -> dict[str, Any]:
    """A claim: its fence, and when it ends by itself. A suspended one has no end for now."""
    return {
        "fence": value.fence,
        "agent": value.agent,
        "claimed_at": text_of(value.claimed_at),
        "expires_at": text_of(value.expires_at) if value.expires_at is not None else None,
        "deadline": text_of(value.deadline),
        "lease_s": value.lease_s,
    }


def agent(value: Agent) -> dict[str, Any]:
    """An agent as registered, with the field names that older servers use beside ours."""
    return _set(
        {
            "name": value.name,
            "role": value.role,
            "kind": value.kind,
            "description": value.description,
            "prompt": f"Agent: {value.name}, Type: {value.agent_type or value.role}",
            "capabilities": list(value.capabilities),
            "ai_tool_type": value.agent_type or value.role,
            "dependencies": [],
            "max_concurrent_tasks": value.max_concurrent_tasks,
            "coordinator": value.coordinator or None,
            "provisional": value.provisional or None,
            "registered_at": text_of(value.registered_at),
            "rev": value.rev,
        }
    )


def message(value: Message) -> dict[str, Any]:
    """A message, with the field names that older servers use beside ours."""
    return _set(
        {
            "id": value.id,
            "task_code": value.task_code,
            "author_agent_name": value.author_agent_name,
            "by": value.by,
            "target_agent_name": value.to,
            "message_type": value.message_type,
            "importance": value.importance if value.importance != "normal" else None,
            "created_at": text_of(value.created_at),
            "content": value.content,
            "reply_to_message_id": value.reply_to_message_id,
            "ack_by": text_of(value.ack_by) if value.ack_by is not None else None,
            "acked_by": value.acked_by,
        },
        always=("target_agent_name", "reply_to_message_id"),
    )


def entry(value: Entry) -> dict[str, Any]:
    """A piece of knowledge."""
    return _set(
        {
            "id": value.id,
            "title": value.title,
            "body": value.body,
            "kind": value.kind,
            "author": value.author,
            "created_at": text_of(value.created_at),
            "visibility": value.visibility,
            "code": value.task_code,
            "tags": list(value.tags) or None,
            "reply_to": value.reply_to,
        }
    )


def handoff(value: Handoff) -> dict[str, Any]:
    """An offer, and what became of it."""
    return _set(
        {
            "handoff_id": value.id,
            "task_code": value.task_code,
            "from_agent": value.from_agent,
            "to": value.to,
            "state": value.state,
            "summary": value.summary,
            "artifacts": list(value.artifacts) or None,
            "known_limitations": list(value.known_limitations) or None,
            "next_steps": value.next_steps,
            "confidence": value.confidence,
            "offered_at": text_of(value.offered_at),
            "expires_at": text_of(value.expires_at),
            "answered_by": value.answered_by,
            "declined_by": list(value.declined_by) or None,
            "reason": value.reason,
        }
    )


def workflow(value: Workflow) -> dict[str, Any]:
    """A workflow as it is defined now."""
    steps = [step(each) for each in value.steps]
    return {"id": value.id, "name": value.name, "rev": value.rev, "defined_by": value.defined_by, "steps": steps}


def step(value: WorkStep) -> dict[str, Any]:
    """One step of a workflow."""
    return _set(
        {
            "id": value.id,
            "name": value.name,
            "required_capability": value.required_capability,
            "exit_conditions": list(value.exit_conditions) or None,
            "handoff_template": value.handoff_template,
        }
    )


def session(value: Session, now: Instant) -> dict[str, Any]:
    """A work session with the minutes worked in it."""
    return _set(
        {
            "session_id": value.id,
            "task_id": value.task_id,
            "task_code": value.task_code,
            "agent_name": value.agent_name,
            "started_at": text_of(value.started_at),
            "ended_at": text_of(value.ended_at) if value.ended_at is not None else None,
            "paused": True if value.paused_at is not None else None,
            "active_minutes": value.active_minutes(now),
            "notes": value.notes,
            "productivity_score": value.productivity_score,
        }
    )


def page(items: Sequence[Mapping[str, Any]], next_cursor: str | None) -> dict[str, Any]:
    """A list as every list is answered; a missing cursor means that this is the end."""
    return {"items": list(items), "next_cursor": next_cursor} if next_cursor else {"items": list(items)}


def _set(given: dict[str, Any], always: tuple[str, ...] = ()) -> dict[str, Any]:
    return {name: content for name, content in given.items() if content is not None or name in always}


def _result(value: Result) -> dict[str, Any]:
    return {
        "summary": value.summary,
        "evidence": list(value.evidence),
        "confidence": value.confidence,
        "files": list(value.files),
    }


def _notes(value: tuple[Note, ...]) -> list[dict[str, str]]:
    return [{"at": text_of(each.at), "by": each.by, "text": each.text} for each in value]


_WRITTEN: Mapping[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("inserted_at", "updated_at", "started_at", "due_at", "not_before"), text_of),
    "done_at": lambda at: None if at is None else text_of(at),
    **dict.fromkeys(("required_capabilities", "labels", "acceptance_criteria", "artifacts"), list),
    **dict.fromkeys(("notes", "findings"), _notes),
    "claim": claim,
    "depends_on": lambda value: [{"code": each.code, "kind": each.kind} for each in value],
    "workflow": lambda at: {"name": at.name, "step": at.step, "number": at.number, "of": at.of},
    "result": _result,
}
"""How those fields of a task that are no plain text, number or truth are written."""


_Plan = tuple[tuple[str, Any, Callable[[Any], Any] | None], ...]
"""What one detail shows of a task, field by field: its name, what it holds when it is left out, and how it is written otherwise.

Made once: a task has three dozen fields, of which most are empty and a dozen is shown by every answer. What is empty is known by
being the very object: None, False, 0 and () are one each, and to compare claims and results takes far longer.
"""

_NEVER = object()
"""No content is this: what a field holds when it is left out, for those that never are."""


def _plan(detail: Detail) -> _Plan:
    left_out = HIDDEN if detail == "full" else HIDDEN | FULL_ONLY
    shown = [each for each in fields(Task) if each.name not in left_out]
    return tuple([(each.name, _empty(each.name, each.default), _WRITTEN.get(each.name)) for each in shown])


def _empty(name: str, default: Any) -> Any:
    return default if name not in ALWAYS and default in (None, False, ()) else _NEVER


_PLANS: Mapping[Detail, _Plan] = {"brief": _plan("brief"), "full": _plan("full")}
