"""How what the model answers has to look in the live answer. None stands for a field that is left out."""

from collections.abc import Callable, Mapping
from typing import Any

from taskactors.domain.moments import text_of

Fields = dict[str, Any]

FULL_ONLY = {"notes", "findings", "artifacts", "result", "created_by", "updated_at", "confidence_threshold"}


def answered(tool: str, answer: Mapping[str, Any]) -> Fields:
    """The fields that a live answer of this tool must have."""
    plain = {"replayed": answer.get("replayed")}
    if tool in OF_ENTITY:
        return plain | OF_ENTITY[tool](answer)
    if "task" in answer:
        shown = task(answer["task"])
        plain |= {name: value for name, value in shown.items() if name not in FULL_ONLY} if answer.get("brief") else shown
    return plain | {name: OF_FIELD.get(name, same)(value) for name, value in answer.items() if name in OF_FIELD}


def task(of: Mapping[str, Any]) -> Fields:
    same = {name: of[name] for name in ("id", "code", "state", "rev", "role", "lease_s", "blocked_reason", "percent")}
    moments = ("inserted_at", "updated_at", "started_at", "done_at", "not_before")
    return same | {
        "owner_agent_name": of["owner"],
        "created_by": of["by"],
        "priority_score": of["priority"],
        "confidence_threshold": of["threshold"],
        "requires_review": of["review"] or None,
        "required_capabilities": of["needs"] or None,
        "labels": of["labels"] or None,
        "parent_code": of["parent"],
        "decomposed": of["decomposed"] or None,
        "attempts": of["attempts"] or None,
        "depends_on": [{"code": code, "kind": kind} for code, kind in of["depends_on"]] or None,
        "notes": [_note(each) for each in of["notes"]] or None,
        "findings": [_note(each) for each in of["findings"]] or None,
        "artifacts": of["artifacts"] or None,
        "result": of["result"],
        "workflow": {name: of["workflow"][name] for name in ("name", "step", "number", "of")} if of["workflow"] else None,
        "claim": _claim(of) if of["holder"] else None,
        **{name: moment(of[name]) for name in moments},
    }


def _note(each: Mapping[str, Any]) -> Fields:
    return dict(each) | {"at": text_of(each["at"])}


def _claim(of: Mapping[str, Any]) -> Fields:
    return {
        "fence": of["fence"],
        "agent": of["holder"],
        "claimed_at": text_of(of["claimed_at"]),
        "expires_at": moment(of["ends"]),
        "deadline": text_of(of["deadline"]),
        "lease_s": of["lease"],
    }


def message(of: Mapping[str, Any]) -> Fields:
    """What the server said in its own words is not compared."""
    same = {
        "id": of["id"],
        "author_agent_name": of["by"],
        "target_agent_name": of["to"],
        "task_code": of["code"],
        "message_type": of["kind"],
    }
    importance = of["importance"] if of["importance"] != "normal" else None
    more = {"importance": importance, "ack_by": moment(of["ack_by"]), "acked_by": of["acked_by"], "reply_to_message_id": of["reply_to"]}
    return same | more | ({"content": of["content"]} if of["content"] else {})


def handoff(of: Mapping[str, Any]) -> Fields:
    same = {"handoff_id": of["id"], "task_code": of["code"], "from_agent": of["from"]}
    same |= {name: of[name] for name in ("to", "state", "answered_by")}
    return same | {"declined_by": of["declined_by"] or None, "expires_at": text_of(of["expires_at"])}


def reservation(of: Mapping[str, Any]) -> Fields:
    same = {"reservation_id": of["id"], "task": of["code"], "until": moment(of["ends"])}
    return same | {name: of[name] for name in ("agent", "patterns", "mode", "granted")}


def entry(of: Mapping[str, Any]) -> Fields:
    same = {name: of[name] for name in ("id", "author", "title", "code", "kind", "visibility", "reply_to")}
    return same | ({"body": of["body"]} if of["body"] else {})


def session(of: Mapping[str, Any]) -> Fields:
    same = {"session_id": of["id"], "task_code": of["code"], "agent_name": of["agent"], "notes": of["notes"]}
    paused = True if of["paused_at"] is not None else None
    return same | {"ended_at": moment(of["ended_at"]), "paused": paused, "active_minutes": of["minutes"]}


def workflow(of: Mapping[str, Any]) -> Fields:
    return {name: of[name] for name in ("id", "name", "rev", "defined_by")} | {"steps": [_step(*each) for each in of["steps"]]}


def _step(step: str, needs: str | None) -> Fields:
    return {"id": step, "required_capability": needs}


def _reserved(of: Mapping[str, Any]) -> Fields:
    if not of["granted"]:
        return {"granted": False, "conflicts": [reservation(each) for each in of["conflicts"]]}
    return reservation(of)


def _pause(of: Mapping[str, Any]) -> Fields:
    return dict(of) | {"since": text_of(of["since"])}


def moment(at: int | None) -> str | None:
    return text_of(at) if at is not None else None


def same(value: Any) -> Any:
    return value


def seen(live: Any, of: Any) -> Any:
    """The part of a live answer that the model speaks of."""
    if isinstance(of, Mapping) and isinstance(live, Mapping):
        return {name: seen(live.get(name), value) for name, value in of.items()}
    if isinstance(of, list) and isinstance(live, list) and len(of) == len(live):
        return [seen(one, other) for one, other in zip(live, of, strict=True)]
    return live


TASK_TOOLS = ("create_task", "update_task", "assign_task", "release_task", "set_task_state", "archive_task", "edit_dependencies")

OF_ENTITY: Mapping[str, Callable[[Mapping[str, Any]], Fields]] = {
    **dict.fromkeys(TASK_TOOLS, task),
    "register_agent": lambda of: {name: of[name] for name in ("name", "role", "rev")},
    "promote_agent": lambda of: {name: of[name] for name in ("name", "rev")},
    "send_message": message,
    "create_task_message": message,
    "request_help": lambda of: message(of["message"]) | ({"task": {"state": "Blocked"}} if "blocked" in of else {}),
    "read_inbox": lambda of: {"items": [message(each) for each in of["messages"]]},
    "offer_handoff": lambda of: handoff(of["handoff"]) | {"state_of_task": of["state_of_task"]},
    "reserve_files": _reserved,
    "add_knowledge": entry,
    "define_workflow": workflow,
    "start_work_session": session,
    "end_work_session": session,
}

OF_FIELD: Mapping[str, Callable[[Any], Any]] = {
    "unblocked": same,
    "nothing_ready": same,
    "nearest": lambda codes: [{"code": code, "offered": False} for code in codes],
    "context": lambda found: {
        name: [{"code" if name == "prerequisites" else "id": each} for each in items] for name, items in found.items()
    },
    "step": same,
    "handoff": handoff,
    "reservations": lambda of: [reservation(each) for each in of] or None,
    "released": lambda of: [reservation(each) for each in of],
    "paused": lambda of: [_pause(each) for each in of],
    "items": same,
    "parent": lambda of: {"code": of["code"], "state": of["state"], "rev": of["rev"]} if of else None,
}
