"""The calls that the machine makes: strategies for each tool, in the model's words, and how the server is told the same."""

from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
from attrs import evolve, frozen

from tests.model.model import Model
from tests.model.states import WHO_MAY
from tests.model.team import PERSON, No

AGENTS = ["ada", "bob", "cy", "qa"]
NO_TASK = "NO-1"
CODES = ["T-1", "T-2", "T-3", "T-4", "SEC-002", "t-1", "SEC"]
"""Some taken twice, one that differs by case alone, one whose number its series comes to, and the series."""


@frozen
class Command:
    """One call as drawn. What depends on what is there then (which task, which fence) is still to be settled."""

    by: str
    tool: str
    given: Mapping[str, Any]
    is_settled: bool = False

    def settled(self, model: Model) -> "Command":
        """The same call with the code, fence and rev that it means now, for good."""
        if self.is_settled:
            return self
        given = dict(self.given)
        if isinstance(given.get("code"), int):
            given["code"] = model.tasks[given["code"] % len(model.tasks)]["code"] if model.tasks and given["code"] else NO_TASK
        if "depends_on" in given:
            given["depends_on"] = [model.tasks[each % len(model.tasks)]["code"] for each in given["depends_on"] if model.tasks]
        task = _task(model, given.get("code"))
        for name, current in (("fence", task.get("fence", 1)), ("expected_rev", task.get("rev", 1))):
            if given.get(name) is not None:
                given[name] = max(1, current + given[name])
        return evolve(self, given=given, is_settled=True)

    @property
    def live(self) -> tuple[str, dict[str, Any]]:
        """The tool and the arguments as the server takes them."""
        names = LIVE_NAMES | LIVE_NAMES_OF.get(self.tool, {})
        arguments = {names.get(name, name): value for name, value in self.given.items() if value is not None}
        if self.tool == "read_inbox" and "cursor" in arguments:
            arguments["cursor"] = arguments["cursor"][0]
        return LIVE_TOOLS.get(self.tool, self.tool), FILLED_IN.get(self.tool, {}) | arguments

    def plain(self, model: Model) -> dict[str, Any]:
        """What the model answers; raises No."""
        given = {name: value for name, value in self.given.items() if value is not None or name == "limit"}
        if self.tool == "read_inbox" and "cursor" in given:
            given["cursor"] = given["cursor"][1]
        return model.call(self.by, self.tool, given)


def _task(model: Model, code: str | None) -> dict[str, Any]:
    try:
        return model.find(code) if code else {}
    except No:
        return {}


LIVE_TOOLS = {"promote_agent": "admin.promote_agent"}
LIVE_NAMES = {"owner": "owner_agent_name", "needs": "required_capabilities", "priority": "priority_score", "review": "requires_review"}
LIVE_NAMES_OF: dict[str, dict[str, str]] = {
    "register_agent": {"limit": "max_concurrent_tasks"},
    "update_task": {"note": "add_note"},
    "assign_task": {"to": "new_owner_agent_name"},
    "create_task_message": {"to": "target_agent_name", "code": "task_code"},
}
FILLED_IN: dict[str, dict[str, Any]] = {
    "register_agent": {"agent_type": "worker"},
    "create_task": {"name": "a task", "description": "to be done"},
    "create_task_message": {"message_type": "comment"},
}

agents = st.sampled_from(AGENTS)
callers = st.sampled_from([*AGENTS, PERSON])
which = st.integers(0, 20)
"""Which of the tasks there are; 0 is the one that is not there."""

picks = st.integers(0, 9_999)
"""One of whatever is there."""

seldom_wrong = st.sampled_from([0, 0, -1, 1])
words = st.sampled_from(["one", "two", "three"])
abilities = st.sets(st.sampled_from(["python", "rust"]), max_size=2).map(sorted)
roles = st.sampled_from(["backend", "qa"])
addresses = st.sampled_from([*AGENTS, "dora", "all", "role:qa", "role:backend", PERSON, "role:nobody"])


def _calls(tool: str, by: st.SearchStrategy[str] = callers, /, **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Command]:
    """Calls with all of these arguments, and under a key now and then."""
    arguments = st.fixed_dictionaries(given, optional={"idempotency_key": st.sampled_from(["k1", "k2", "k3", "k4"])})
    return st.builds(Command, by, st.just(tool), arguments)


def _optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


register = _calls("register_agent", agent_name=agents, role=roles, capabilities=abilities, limit=st.sampled_from([None, 1, 2]))
joins = agents.flatmap(
    lambda name: _calls(
        "register_agent", st.just(name), agent_name=st.just(name), role=roles, capabilities=abilities, limit=st.sampled_from([None, 1, 2])
    )
)
promote = _calls("promote_agent", st.sampled_from([PERSON, PERSON, "ada"]), agent_name=agents, coordinator=st.booleans())
create = _calls(
    "create_task",
    code=st.sampled_from(CODES),
    depends_on=st.lists(which, max_size=2),
    owner=st.sampled_from([None, None, None, *AGENTS]),
    role=st.sampled_from([None, None, "qa"]),
    needs=st.sampled_from([[], [], ["python"]]),
    priority=st.sampled_from([5.0, 0.0, 9.0]),
    review=st.booleans(),
    lease_s=st.sampled_from([None, 30]),
)
claim = _calls("claim_task", agents, code=which, lease_s=st.sampled_from([None, None, 20, 4000]))
release = _calls(
    "release_task",
    code=which,
    fence=st.none() | seldom_wrong,
    failure=st.sampled_from([None, "transient", "logic_error", "capability_mismatch", "environmental"]),
    not_before_s=st.sampled_from([None, None, 50]),
)
move = _calls(
    "set_task_state",
    code=which,
    state=st.sampled_from(list(WHO_MAY)),
    reason=st.sampled_from([None, "because"]),
    fence=st.sampled_from([None, None, 0, 0, -1]),
    expected_rev=st.sampled_from([None, None, 0, 0, 1]),
)
assign = _calls("assign_task", code=which, to=st.sampled_from([*AGENTS, "dora"]), expected_rev=_optional(seldom_wrong))
update = _calls("update_task", code=which, note=_optional(words), priority=_optional(st.just(7.0)), expected_rev=_optional(seldom_wrong))
archive = _calls("archive_task", code=which, expected_rev=_optional(seldom_wrong))
send = _calls("send_message", to=addresses, content=words, code=_optional(which))
comment = _calls("create_task_message", code=which, content=words, to=_optional(addresses))

EVERY = st.one_of(joins, create, claim, release, move, assign, update, archive, send, comment)


def open_task(code: str, after: int | None = None) -> Command:
    """A task that anybody may claim, once the task of that place is done."""
    free: dict[str, Any] = {"owner": None, "role": None, "needs": [], "lease_s": None}
    depends_on = [] if after is None else [after]
    return Command(PERSON, "create_task", {"code": code, "depends_on": depends_on, "priority": 5.0, "review": False, **free})
