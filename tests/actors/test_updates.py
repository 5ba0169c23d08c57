"""Updates: everybody who listens hears the names of what has changed in their project, and nobody hears of another's."""

import trio
from trio.testing import MockClock

from tests.actors.team import Team, team


def listening(of: Team, project: str = "default") -> list[frozenset[str]]:
    heard: list[frozenset[str]] = []
    of.projects.listen(project, heard.append)
    return heard


async def test_what_changes_is_named_with_the_commit(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        heard = listening(of)
        await of.call("ada", "register_agent", agent_name="ada", agent_type="backend", capabilities=[])
        assert heard.pop() == {"events", "agents", "overview"}
        await of.call("ada", "create_task", code="t-1", name="n", description="d")
        assert heard.pop() == {"events", "tasks", "overview", "tasks/T-1"}
        await of.call("ada", "claim_task", code="T-1")
        assert "tasks/T-1" in heard.pop()
        await of.call(None, "set_pause", target="project", paused=True)
        assert heard.pop() == {"events", "overview"}
        assert heard == []


async def test_a_message_is_news_in_the_inboxes_it_comes_to_and_in_no_other(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        for agent, role in (("ada", "qa"), ("bob", "qa"), ("eve", "docs")):
            await of.call(agent, "register_agent", agent_name=agent, agent_type=role, capabilities=[], role=role)
        heard = listening(of)
        for to, inboxes in (
            ("eve", {"inbox/eve"}),
            ("role:qa", {"inbox/bob"}),
            ("all", {"inbox/bob", "inbox/eve"}),
            ("local", {"inbox/local"}),
        ):
            await of.call("ada", "send_message", to=to, content="look")
            assert heard.pop() == {"events", *inboxes}


async def test_reading_and_being_refused_change_nothing(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await of.call("ada", "create_task", code="T-1", name="n", description="d")
        heard = listening(of)
        await of.call("ada", "list_tasks")
        await of.call("ada", "read_inbox")
        await of.call("ada", "claim_task", code="T-1")
        heard.clear()
        await of.call("ada", "claim_task", code="T-1")
        assert heard == []


async def test_another_project_is_not_heard_and_whoever_has_left_hears_nothing(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        heard: list[frozenset[str]] = []
        leave = of.projects.listen("default", heard.append)
        await of.call("ada", "create_task", project="other", code="T-1", name="n", description="d")
        assert heard == []
        leave()
        leave()
        await of.call("ada", "create_task", code="T-1", name="n", description="d")
        assert heard == []
