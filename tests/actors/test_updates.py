"""Updates: everybody who listens hears the names of what has changed in their project, and nobody hears of another's."""

from functools import partial

import trio
from trio.testing import MockClock

from taskactors.actors.updates import AT_ONCE_LIMIT, TOLD_PER_S
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


# a crowd that listens


def note(heard: list[tuple[float, frozenset[str]]], names: frozenset[str]) -> None:
    heard.append((trio.current_time(), names))


def crowd(of: Team, number: int) -> list[list[tuple[float, frozenset[str]]]]:
    """What each of many hears, and when."""
    all_heard: list[list[tuple[float, frozenset[str]]]] = [[] for _ in range(number)]
    for heard in all_heard:
        of.projects.listen("default", partial(note, heard))
    return all_heard


def named_in(heard: list[tuple[float, frozenset[str]]]) -> frozenset[str]:
    return frozenset().union(*(names for _, names in heard))


async def test_a_team_hears_with_every_commit_and_a_crowd_of_several_together(autojump_clock: MockClock) -> None:
    for number, times in ((AT_ONCE_LIMIT, 50), (AT_ONCE_LIMIT + 1, 2)):
        async with trio.open_nursery() as nursery, team(nursery) as of:
            await of.call("ada", "register_agent", agent_name="ada", agent_type="backend", capabilities=[])
            all_heard = crowd(of, number)
            for task in range(50):
                await of.call("ada", "create_task", code=f"T-{task}", name="n", description="d")
            await trio.sleep(1)
            assert {len(heard) for heard in all_heard} <= set(range(1, times + 1))
            # Whatever was told together, nothing was left out.
            assert all(
                frozenset().union(*(names for _, names in heard)) >= {f"tasks/T-{task}" for task in range(50)} for heard in all_heard
            )


async def test_however_many_listen_so_many_are_told_in_a_second_and_the_last_change_soon(autojump_clock: MockClock) -> None:
    number = 400
    async with trio.open_nursery() as nursery, team(nursery) as of:
        all_heard = crowd(of, number)
        for task in range(20):
            await of.call("ada", "create_task", code=f"T-{task}", name="n", description="d")
            await trio.sleep(0.1)
        changed_last = trio.current_time() - 0.1
        await trio.sleep(1)
        told = sum(len(heard) for heard in all_heard)
        assert number <= told <= number + TOLD_PER_S * (changed_last + 1)
        assert all(heard[-1][0] <= changed_last + number / TOLD_PER_S for heard in all_heard)
        assert all("tasks/T-19" in named_in(heard) for heard in all_heard)


async def test_a_crowd_that_was_still_to_be_told_when_the_desk_crashed_or_stopped_is_told(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        async with team(nursery) as of:
            all_heard = crowd(of, 100)
            await of.call("ada", "create_task", code="T-1", name="n", description="d")
            await of.call("ada", "create_task", code="T-2", name="n", description="d")
        assert all({"tasks/T-1", "tasks/T-2"} <= named_in(heard) for heard in all_heard)
