"""Unfinished work: whether anybody can still go on with it, and why each task was not done."""

from collections.abc import Mapping, Sequence

from ..domain.failing import ATTEMPTS_LIMIT
from .board import Json
from .plan import Plan

FINISHED = ("Done", "Archived")
AT_WORK = ("InProgress", "Blocked")


def is_finished(plan: Plan, tasks: Mapping[str, Json]) -> bool:
    """Whether every task of the plan is where it shall end."""
    return all(_state(tasks, task.code) == "Archived" if task.archive else _state(tasks, task.code) in FINISHED for task in plan.tasks)


def may_go_on(tasks: Mapping[str, Json]) -> bool:
    """Whether something will happen without anybody's doing: somebody works, or time will bring work back."""
    return any(task["state"] in AT_WORK or "not_before" in task for task in tasks.values())


def reasons(plan: Plan, tasks: Mapping[str, Json]) -> Sequence[tuple[str, str]]:
    """The tasks that are neither Done nor Archived, each with why."""
    return [(task.code, _reason(plan, tasks, task.code)) for task in plan.tasks if _state(tasks, task.code) not in FINISHED]


def _state(tasks: Mapping[str, Json], code: str) -> str:
    return str(tasks[code]["state"]) if code in tasks else "missing"


def _reason(plan: Plan, tasks: Mapping[str, Json], code: str) -> str:
    task = tasks.get(code)
    match task["state"] if task else None:
        case None:
            return "is not on the board"
        case "Created":
            return _untaken(plan, code)
        case "WaitingForDependency":
            planned = plan.find(code)
            waits_for = [each for each in (planned.depends_on if planned else ()) if _state(tasks, each) not in FINISHED]
            return f"waits for {', '.join(waits_for)}"
        case "InProgress":
            return f"is still in the hands of {_holder(task)}"
        case "Blocked":
            return f"is blocked, in the hands of {_holder(task)}: {(task or {}).get('blocked_reason', 'no reason given')}"
        case "Review":
            return "waits for a review"
        case "PendingHandoff":
            return f"was offered to another by {_holder(task)}, and nobody took it"
        case "Quarantined":
            return f"was put aside after {ATTEMPTS_LIMIT} failed attempts"
        case state:
            return f"is {state}"


def _untaken(plan: Plan, code: str) -> str:
    planned = plan.find(code)
    assert planned is not None
    known = {capability for member in plan.team for capability in member.capabilities}
    if nobody_has := sorted(set(planned.capabilities) - known):
        return f"needs {', '.join(nobody_has)}, which nobody on this team can do"
    if not plan.can_do(planned):
        return f"needs {', '.join(planned.capabilities)}, which {planned.role or 'no single agent'} cannot do"
    return "is ready, but nobody took it"


def _holder(task: Json | None) -> str:
    return str((task or {}).get("claim", {}).get("agent", "nobody"))
