"""Who may: every tool tried by every kind of caller, against a table written by hand. What is denied has changed nothing."""

from collections.abc import Mapping
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors import router
from taskactors.actors.admin import ADMIN
from taskactors.actors.calls import Connection, UnknownTool
from taskactors.actors.tools import TOOLS
from taskactors.domain.errors import Refusal
from taskactors.domain.token import Scope
from tests.actors.team import Team, team

CALLERS = {
    "a token that may read": Connection(id="of-reader", project="default", agent="ada", token="t-1", scope=Scope.READ),
    "the holder": Connection(id="of-ada", project="default", agent="ada", token="t-2", scope=Scope.WRITE),
    "another agent": Connection(id="of-bob", project="default", agent="bob", token="t-3", scope=Scope.WRITE),
    "a coordinator": Connection(id="of-cora", project="default", agent="cora", token="t-4", scope=Scope.ADMIN),
    "a person": Connection(id="of-maria", project="default", person="maria", token="t-5", scope=Scope.WRITE),
    "who runs it": Connection(id="of-local", project="default", token="t-6", scope=Scope.ADMIN),
    "who runs it, at its socket": Connection(id="of-operator", project="default", operator=True),
}
"""Everybody but bob and the people could be taken for ada, who holds what is asked about."""

EVERYBODY: Mapping[str, str] = {}
MEMBERS = {"a token that may read": "not_allowed"}
NOT_ANOTHER = MEMBERS | {"another agent": "not_allowed"}
HOLDERS = MEMBERS | {"another agent": "not_holder"}
"""Whoever holds it, and who may stand in: coordinators and people."""

THE_HOLDER = HOLDERS | dict.fromkeys(["a coordinator", "a person", "who runs it", "who runs it, at its socket"], "not_holder")
ADDRESSED = dict.fromkeys(CALLERS, "not_addressed") | {"a token that may read": "not_allowed", "the holder": "yes"}
STEERING = MEMBERS | {"the holder": "not_allowed", "another agent": "not_allowed"}
ITSELF = dict.fromkeys(CALLERS, "already_registered") | MEMBERS | {"the holder": "yes"}
ITSELF |= {"another agent": "not_allowed", "a coordinator": "not_allowed"}
OPERATORS = dict.fromkeys(CALLERS, "no such tool") | {"who runs it, at its socket": "yes"}

DENIED: Mapping[str, tuple[Mapping[str, str], Mapping[str, Any]]] = {
    "create_task": (MEMBERS, {"code": "NEW-1", "name": "n", "description": "d"}),
    "update_task": (MEMBERS, {"code": "HELD-1", "priority_score": 9}),
    "assign_task": (HOLDERS, {"code": "HELD-1", "new_owner_agent_name": "bob"}),
    "set_task_state": (NOT_ANOTHER, {"code": "HELD-1", "state": "Cancelled"}),
    "archive_task": (MEMBERS, {"code": "DONE-1"}),
    "get_task_by_id": (EVERYBODY, {"id": 1}),
    "get_task_by_code": (EVERYBODY, {"code": "HELD-1"}),
    "list_tasks": (EVERYBODY, {}),
    "health_check": (EVERYBODY, {}),
    "discover_work": (EVERYBODY, {}),
    "claim_task": (MEMBERS, {"code": "FREE-1"}),
    "next_task": (MEMBERS, {}),
    "renew_claim": (HOLDERS, {"code": "HELD-1", "fence": 1}),
    "report_progress": (HOLDERS, {"code": "HELD-1", "fence": 1}),
    "complete_task": (HOLDERS, {"code": "HELD-1", "fence": 1, "summary": "x"}),
    "release_task": (HOLDERS, {"code": "HELD-1"}),
    "review_task": (MEMBERS | {"the holder": "own_review"}, {"code": "REVIEW-1", "verdict": "approve"}),
    "start_work_session": (THE_HOLDER, {"code": "HELD-1"}),
    "end_work_session": (NOT_ANOTHER, {"session_id": 1}),
    "register_agent": (ITSELF, {"agent_name": "ada", "agent_type": "x", "capabilities": ["new"]}),
    "create_task_message": (MEMBERS, {"task_code": "HELD-1", "content": "x", "message_type": "comment"}),
    "get_task_messages": (EVERYBODY, {"task_code": "HELD-1"}),
    "send_message": (MEMBERS, {"to": "all", "content": "x"}),
    "read_inbox": (MEMBERS, {}),
    "request_help": (MEMBERS, {"code": "HELD-1", "question": "?"}),
    "plan_tasks": (MEMBERS, {"tasks": [{"ref": "a", "code": "NEW-1", "name": "n", "description": "d"}]}),
    "edit_dependencies": (NOT_ANOTHER, {"code": "HELD-1", "add": ["FREE-1"]}),
    "get_dependency_graph": (EVERYBODY, {}),
    "define_workflow": (MEMBERS, {"name": "w", "steps": [{"id": "a", "name": "n"}]}),
    "advance_task_workflow": (HOLDERS, {"code": "STEPS-1", "fence": 1, "output": "x"}),
    "offer_handoff": (HOLDERS, {"code": "HELD-1", "fence": 1, "to": "bob", "summary": "x"}),
    "answer_handoff": (ADDRESSED, {"handoff_id": 1, "accept": True}),
    "reserve_files": (MEMBERS, {"patterns": ["new"]}),
    "release_files": (NOT_ANOTHER, {"reservation_id": 1}),
    "add_knowledge": (MEMBERS, {"title": "t", "body": "b"}),
    "search": (EVERYBODY, {"query": "x"}),
    "list_agents": (EVERYBODY, {}),
    "get_project_overview": (EVERYBODY, {}),
    "get_changes": (EVERYBODY, {}),
    "set_pause": (STEERING, {"target": "project", "paused": True}),
    "get_setup_instructions": (EVERYBODY, {"ai_tool_type": "claude-code"}),
    "get_agentic_workflow_description": (EVERYBODY, {}),
    "get_instructions_for_main_ai_file": (EVERYBODY, {"ai_tool_type": "claude-code"}),
    "create_main_ai_file": (MEMBERS, {"content": "x", "ai_tool_type": "claude-code"}),
    "get_workspace_manifest": (EVERYBODY, {}),
    "admin.promote_agent": (OPERATORS, {"agent_name": "bob"}),
    "admin.check_files": (OPERATORS, {"paths": ["x"]}),
    "admin.backup": (OPERATORS, {}),
    "admin.redact": (OPERATORS, {"text": "a secret"}),
    "admin.verify": (OPERATORS, {}),
    "admin.retain": (OPERATORS, {}),
    "admin.add_token": (OPERATORS, {"name": "eve"}),
    "admin.list_tokens": (OPERATORS, {}),
    "admin.revoke_token": (OPERATORS, {"id": "x"}),
}
"""For every tool who is denied it, with which code, and what it is called with; whoever is not named is let do it."""

SAYING_NO = frozenset({"not_allowed", "not_holder", "not_addressed", "own_review", "already_registered", "no such tool"})
"""Whoever is refused with any other code may do it, and it cannot be done here: there is no backup folder, no token."""


async def a_day(us: Team) -> None:
    """Something for every tool to be about, all of it ada's but an offer that bob makes to her."""

    async def by(agent: str | None, tool: str, **arguments: Any) -> None:
        await us.call(agent, tool, **arguments)

    for name in ("ada", "bob", "cora"):
        await by(name, "register_agent", agent_name=name, agent_type="backend", capabilities=[])
    await by(None, "define_workflow", name="two", steps=[{"id": "a", "name": "n"}, {"id": "b", "name": "n"}])
    for code in ("HELD-1", "FREE-1", "DONE-1", "REVIEW-1", "OFFERED-1", "STEPS-1"):
        more = {"workflow": "two"} if code == "STEPS-1" else {"requires_review": True} if code == "REVIEW-1" else {}
        await by(None, "create_task", code=code, name="n", description="d", **more)
    for code in ("HELD-1", "DONE-1", "REVIEW-1", "STEPS-1"):
        await by("ada", "claim_task", code=code)
    await by("ada", "start_work_session", code="HELD-1")
    await by("ada", "reserve_files", patterns=["mine"])
    await by("ada", "set_task_state", code="DONE-1", state="Done")
    await by("ada", "set_task_state", code="REVIEW-1", state="Review")
    await by("bob", "claim_task", code="OFFERED-1")
    await by("bob", "offer_handoff", code="OFFERED-1", fence=1, to="ada", summary="half of it")


async def outcome_of(us: Team, caller: str, tool: str) -> str:
    """What comes of a call: yes, or the code of a no."""
    try:
        await us.projects.call(CALLERS[caller], tool, DENIED[tool][1])
    except UnknownTool:
        return "no such tool"
    except Refusal as no:
        return no.code if no.code in SAYING_NO else "yes"
    return "yes"


async def otherwise(tool: str) -> list[tuple[str, str]]:
    """Every caller of a tool for whom it comes out otherwise than the table says, and how."""
    found, left = [], list(CALLERS)
    while left:
        async with trio.open_nursery() as nursery, team(nursery) as us:
            await a_day(us)
            feed = us.projects.running()["default"].feed
            before = feed.seq
            # One day is enough for all who change nothing.
            while left and feed.seq == before:
                caller = left.pop(0)
                outcome = await outcome_of(us, caller, tool)
                if outcome != "yes" and feed.seq != before:
                    outcome += ", but something has changed"
                if outcome != DENIED[tool][0].get(caller, "yes"):
                    found.append((caller, outcome))
    return found


def test_every_tool_has_its_row() -> None:
    assert set(DENIED) == {*TOOLS, *ADMIN}
    assert {caller for denied, _ in DENIED.values() for caller in denied} <= set(CALLERS)


@pytest.mark.parametrize("tool", DENIED)
async def test_everybody_may_do_what_the_table_says_and_nothing_else(tool: str, autojump_clock: MockClock) -> None:
    assert await otherwise(tool) == []


async def test_a_router_that_looks_at_no_scope_is_caught(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "require_scope", lambda connection, tool: None)
    assert await otherwise("create_task") == [("a token that may read", "yes")]
    assert await otherwise("list_tasks") == []
