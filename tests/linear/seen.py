"""What is looked at of calls and answers: the wire's words in the model's, without what the model does not speak of."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Reply = Mapping[str, Any]
"""What a call was told: plain values and tuples. A refusal is `refused` with its code."""

READS = {"get_task_by_code", "list_tasks", "get_changes"}


def given(tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the model takes them."""
    words: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in arguments.items()}
    if tool == "read_inbox" and words.get("cursor") is not None:
        words["cursor"] = _number(words["cursor"])
    return words


def reply(tool: str, answer: Mapping[str, Any]) -> Reply:
    """An answer as the model gives it."""
    words = _words(tool, answer)
    return words | {"replayed": True} if answer.get("replayed") else words


def ends(answer: Mapping[str, Any]) -> int | None:
    """When the claim that is shown ends by itself, if one is and it runs."""
    claim = answer.get("claim")
    until = claim.get("expires_at") if isinstance(claim, Mapping) else None
    return moment(until) if until is not None else None


def moment(text: str) -> int:
    """A moment on the wire in milliseconds."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def _words(tool: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    match tool:
        case "next_task" if answer.get("nothing_ready"):
            return {"nothing": True}
        case "send_message":
            return {"id": answer["id"], "to": answer["target_agent_name"]}
        case "read_inbox":
            return {"items": tuple(each["id"] for each in answer["items"]), "cursor": _number(answer["next_cursor"])}
        case "reserve_files":
            others = {each["agent"] for each in answer.get("conflicts", ())}
            return {"granted": answer["granted"], "others": tuple(sorted(others))}
        case "release_files":
            return {"released": tuple(sorted(tuple(each["patterns"]) for each in answer["released"]))}
        case "offer_handoff":
            return {name: answer[name] for name in ("handoff_id", "task_code", "state_of_task")}
        case "list_tasks":
            return {"codes": tuple(each["code"] for each in answer["items"])}
        case "get_changes":
            return {"head": int(answer["next_cursor"].removeprefix("e"))}
        case _:
            return _task(answer) | _more(tool, answer)


def _task(answer: Mapping[str, Any]) -> dict[str, Any]:
    claim = answer.get("claim") or {}
    return {
        "id": answer["id"],
        "code": answer["code"],
        "state": answer["state"],
        "rev": answer["rev"],
        "owner": answer["owner_agent_name"],
        "holder": claim.get("agent"),
        "fence": claim.get("fence"),
        "percent": answer.get("percent"),
        "attempts": answer.get("attempts", 0),
    }


def _more(tool: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    match tool:
        case "complete_task" | "review_task":
            return {"unblocked": tuple(answer["unblocked"])}
        case "answer_handoff":
            return {"handoff": answer["handoff"]["state"]}
        case "get_task_by_code":
            return {"text": answer["description"], "notes": tuple(each["text"] for each in answer.get("notes", ()))}
        case _:
            return {}


def _number(cursor: str) -> int:
    """The number in an inbox's cursor, as in i5@backend."""
    return int(cursor.removeprefix("i").partition("@")[0])
