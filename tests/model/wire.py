"""How what the model answers has to look in the live answer."""

from collections.abc import Mapping
from typing import Any

from taskactors.domain.moments import text_of


def answered(tool: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that a live answer of this tool must have; None stands for one that is left out."""
    replayed = {"replayed": answer.get("replayed")}
    if tool == "read_inbox":
        return replayed | {"items": answer["items"]}
    return replayed | (task(answer) if "blockers" in answer else dict(answer))


def task(of: Mapping[str, Any]) -> dict[str, Any]:
    same = {name: of[name] for name in ("id", "code", "state", "rev", "role", "lease_s", "blocked_reason")}
    moments = ("inserted_at", "updated_at", "started_at", "done_at", "not_before")
    return same | {
        "owner_agent_name": of["owner"],
        "created_by": of["by"],
        "priority_score": of["priority"],
        "requires_review": of["review"] or None,
        "required_capabilities": of["needs"] or None,
        "attempts": of["attempts"] or None,
        "depends_on": [{"code": code, "kind": "blocks"} for code in of["blockers"]] or None,
        "notes": [each | {"at": text_of(each["at"])} for each in of["notes"]] or None,
        "claim": _claim(of) if of["holder"] else None,
        **{name: text_of(of[name]) if of[name] is not None else None for name in moments},
    }


def _claim(of: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "fence": of["fence"],
        "agent": of["holder"],
        "claimed_at": text_of(of["claimed_at"]),
        "expires_at": text_of(of["ends"]) if of["ends"] is not None else None,
        "deadline": text_of(of["deadline"]),
        "lease_s": of["lease"],
    }


def seen(live: Mapping[str, Any], of: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a live answer that the model speaks of. Of a list of messages, their ids."""
    return {name: [each["id"] for each in live["items"]] if name == "items" else live.get(name) for name in of}
