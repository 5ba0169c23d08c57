"""The calls that the machines make: what is drawn, what it comes to when it is made, and how the server is told the same."""

from collections.abc import Callable, Mapping
from typing import Any

import hypothesis.strategies as st
from attrs import evolve, frozen

from tests.model.log import PERSON, No
from tests.model.model import Model

AGENTS = ["ada", "bob", "cy", "qa"]
NO_TASK = "NO-1"


@frozen
class Command:
    """One call as drawn. What depends on what is there then (which task, which fence) is still to be settled."""

    by: str
    tool: str
    given: Mapping[str, Any]
    is_settled: bool = False

    def settled(self, model: Model) -> "Command":
        """The same call with the code, fence and numbers that it means now, for good."""
        if self.is_settled:
            return self
        given = {
            name: SETTLED[name](model, value) if name in SETTLED and value is not None else value for name, value in self.given.items()
        }
        task = _task(model, given.get("code"))
        for name, current in (("fence", task.get("fence", 1)), ("expected_rev", task.get("rev", 1))):
            if given.get(name) is not None:
                given[name] = max(1, current + given[name])
        return evolve(self, given=given, is_settled=True)

    @property
    def live(self) -> tuple[str, dict[str, Any]]:
        """The tool and the arguments as the server takes them."""
        names = LIVE_NAMES | LIVE_NAMES_OF.get(self.tool, {})
        given = {name: value for name, value in self.given.items() if value is not None}
        arguments = {names.get(name, name): LIVE.get(name, _same)(value) for name, value in given.items()}
        return LIVE_TOOLS.get(self.tool, self.tool), FILLED_IN.get(self.tool, {}) | arguments

    def plain(self, model: Model) -> dict[str, Any]:
        """What the model answers; raises No."""
        given = {name: PLAIN.get(name, _same)(value) for name, value in self.given.items() if value is not None or name == "limit"}
        return model.call(self.by, self.tool, given)


def _task(model: Model, code: str | None) -> dict[str, Any]:
    try:
        return model.find(code) if code else {}
    except No:
        return {}


def _same(value: Any) -> Any:
    return value


def _code(model: Model, which: Any) -> Any:
    """A code is itself; of a number, the task there; of 0, one that is not there."""
    if not isinstance(which, int):
        return which
    return model.tasks[which % len(model.tasks)]["code"] if model.tasks and which else NO_TASK


def _codes(model: Model, named: Any) -> Any:
    """The same for pairs of a task and what it means to another, and for whatever names none."""
    return [(_code(model, which or 1), kind) for which, kind in named if model.tasks]


def _one_of(count: Callable[[Model], int]) -> Callable[[Model, int], int]:
    """One of so many, or the one after the last."""
    return lambda model, pick: 1 + pick % (count(model) + 1)


def _planned(model: Model, tasks: Any) -> Any:
    return [
        each
        | {
            "depends_on": [(which if isinstance(which, str) else _code(model, which or 1), kind) for which, kind in each["depends_on"]],
            "parent": _code(model, each["parent"]) if isinstance(each["parent"], int) else each["parent"],
        }
        for each in tasks
    ]


SETTLED: Mapping[str, Callable[[Model, Any], Any]] = {
    "code": _code,
    "parent": _code,
    "depends_on": _codes,
    "add": _codes,
    "remove": lambda model, named: [_code(model, which) for which in named],
    "tasks": _planned,
    "handoff_id": _one_of(lambda model: len(model.handoffs)),
    "session_id": _one_of(lambda model: len(model.sessions)),
    "reservation_id": _one_of(lambda model: model.asked),
    "reply_to": _one_of(lambda model: len(model.messages)),
    "answers": _one_of(lambda model: len(model.entries)),
    "ack": lambda model, picks: tuple(_one_of(lambda model: len(model.messages))(model, pick) for pick in picks),
}

LIVE_TOOLS = {"promote_agent": "admin.promote_agent"}
LIVE_NAMES = {
    "owner": "owner_agent_name",
    "needs": "required_capabilities",
    "priority": "priority_score",
    "review": "requires_review",
    "threshold": "confidence_threshold",
    "kind": "message_type",
}
LIVE_NAMES_OF: dict[str, dict[str, str]] = {
    "register_agent": {"limit": "max_concurrent_tasks"},
    "create_task": {"parent": "parent_code"},
    "update_task": {"note": "add_note", "parent": "parent_code"},
    "assign_task": {"to": "new_owner_agent_name"},
    "create_task_message": {"to": "target_agent_name", "code": "task_code", "reply_to": "reply_to_message_id"},
    "add_knowledge": {"answers": "reply_to"},
}
FILLED_IN: dict[str, dict[str, Any]] = {
    "register_agent": {"agent_type": "worker"},
    "create_task": {"name": "a task", "description": "to be done"},
    "create_task_message": {"message_type": "comment"},
    "next_task": {"max_tokens": 20_000},
    "offer_handoff": {"summary": "as it stands"},
}


def _live_dependencies(named: Any) -> list[dict[str, str]]:
    return [{"code": code, "kind": kind} for code, kind in named]


def _live_plan(tasks: Any) -> list[dict[str, Any]]:
    names = LIVE_NAMES | {"owner": "assignee"}
    filled = FILLED_IN["create_task"]
    return [
        filled | {names.get(name, name): LIVE.get(name, _same)(value) for name, value in each.items() if value is not None}
        for each in tasks
    ]


LIVE: Mapping[str, Callable[[Any], Any]] = {
    "depends_on": _live_dependencies,
    "add": _live_dependencies,
    "tasks": _live_plan,
    "steps": lambda steps: [{"id": step, "name": step} | ({"required_capability": needs} if needs else {}) for step, needs in steps],
    "cursor": lambda cursor: cursor[0],
}

PLAIN: Mapping[str, Callable[[Any], Any]] = {"cursor": lambda cursor: cursor[1]}

agents = st.sampled_from(AGENTS)
callers = st.sampled_from([*AGENTS, PERSON])
which = st.integers(0, 20)
"""Which of the tasks there are; 0 is the one that is not there."""

picks = st.integers(0, 9_999)
"""One of whatever is there."""

seldom_wrong = st.sampled_from([0, 0, 0, 0, 0, 0, 0, 0, -1, 1])
words = st.sampled_from(["plum", "pear", "quince"])
abilities = st.sets(st.sampled_from(["python", "rust"]), max_size=2).map(sorted)
roles = st.sampled_from(["backend", "qa"])
addresses = st.sampled_from([*AGENTS, "dora", "all", "role:qa", "role:backend", PERSON, "role:nobody"])


def calls(tool: str, by: st.SearchStrategy[str] = callers, /, **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Command]:
    """Calls with all of these arguments, and under a key now and then."""
    arguments = st.fixed_dictionaries(given, optional={"idempotency_key": st.sampled_from(["k1", "k2", "k3", "k4"])})
    return st.builds(Command, by, st.just(tool), arguments)


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def open_task(code: str, after: int | None = None, **given: Any) -> Command:
    """A task that anybody may claim, once the task of that place is done."""
    depends_on = [] if after is None else [(after, "blocks")]
    return Command(PERSON, "create_task", {"code": code, "depends_on": depends_on, **given})


joins = agents.flatmap(
    lambda name: calls(
        "register_agent", st.just(name), agent_name=st.just(name), role=roles, capabilities=abilities, limit=st.sampled_from([None, 1, 2])
    )
)
"""An agent's own entry."""
