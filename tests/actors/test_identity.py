"""Identity: whose call a call is, decided by its connection through the whole tree, whatever the call says of itself."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio

from taskactors.actors.calls import Connection, UnknownTool
from taskactors.actors.tools import TOOLS
from taskactors.domain.errors import InvalidArguments, NotAllowed, NotHolder

from .team import Team, team

SPEAKING = {name: tool.request.speaks_as for name, tool in TOOLS.items() if tool.request.speaks_as}

ARGUMENTS: dict[str, dict[str, Any]] = {
    "discover_work": {},
    "claim_task": {"code": "T-1"},
    "release_task": {"code": "T-1"},
    "start_work_session": {"code": "T-1"},
    "create_task_message": {"task_code": "T-1", "content": "hello", "message_type": "comment"},
    "read_inbox": {},
}


@pytest.fixture
async def us(nursery: trio.Nursery, autojump_clock: trio.testing.MockClock) -> AsyncIterator[Team]:
    async with team(nursery) as running:
        await running.call(None, "create_task", code="T-1", name="n", description="d")
        yield running


def test_every_tool_that_takes_a_speaker_is_tried_here() -> None:
    assert set(SPEAKING) == set(ARGUMENTS)


@pytest.mark.parametrize("tool", ARGUMENTS)
async def test_an_agent_speaks_for_nobody_else_whatever_the_tool(us: Team, tool: str) -> None:
    with pytest.raises(NotAllowed) as no:
        await us.call("bob", tool, **ARGUMENTS[tool], **{str(SPEAKING[tool]): "ada"})
    assert "ada" in no.value.what
    task = await us.call(None, "get_task_by_code", code="T-1")
    assert (task["rev"], task["owner_agent_name"]) == (1, None)


async def test_an_agent_may_say_its_own_name(us: Team) -> None:
    assert (await us.call("ada", "claim_task", code="T-1", agent_name="ada"))["claim"]["agent"] == "ada"


async def test_the_local_person_acts_for_an_agent_and_then_has_that_agents_rights(us: Team) -> None:
    assert (await us.call(None, "claim_task", code="T-1", agent_name="ada"))["claim"]["agent"] == "ada"
    with pytest.raises(NotHolder):
        await us.call(None, "release_task", code="T-1", agent_name="bob")
    assert (await us.call(None, "release_task", code="T-1", agent_name="ada"))["state"] == "Created"


async def test_a_speaker_that_nobody_can_be_is_refused(us: Team) -> None:
    with pytest.raises(InvalidArguments) as no:
        await us.call(None, "claim_task", code="T-1", agent_name="role:qa")
    assert no.value.problems[0].startswith("agent_name: ")


async def test_the_operators_methods_do_not_exist_for_anybody_else(us: Team) -> None:
    for connection in (Connection(id="1", project="default", agent="ada"), Connection(id="2", project="default")):
        for method in ("admin.promote_agent", "admin.verify"):
            with pytest.raises(UnknownTool):
                await us.projects.call(connection, method, {"agent_name": "ada"})
    assert (await us.call(None, "admin.verify"))["clean"]


async def test_one_agent_can_neither_take_nor_end_the_work_of_another(us: Team) -> None:
    await us.call("ada", "claim_task", code="T-1")
    for tool, arguments in [
        ("release_task", {}),
        ("assign_task", {"new_owner": "bob"}),
        ("set_task_state", {"state": "Created"}),
        ("set_task_state", {"state": "Done"}),
    ]:
        with pytest.raises(NotHolder):
            await us.call("bob", tool, code="T-1", **arguments)
    assert (await us.call("ada", "get_task_by_code", code="T-1"))["claim"]["agent"] == "ada"
