"""Notices: what an agent hears beside its answers. They say a thing as long as it is so, and never again what was read."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors.calls import Connection
from taskactors.domain.errors import Refusal
from tests.actors.team import FragileEngine, Team, team


def notices(of: Team, agent: str | None) -> dict[str, Any]:
    return dict(of.projects.notices(Connection(id=f"of-{agent}", project="default", agent=agent)))


async def joined(of: Team, *agents: str, role: str = "backend") -> None:
    for agent in agents:
        await of.call(agent, "register_agent", agent_name=agent, agent_type=role, capabilities=[], role=role)


async def held(of: Team, agent: str, code: str) -> int:
    await of.call(agent, "create_task", code=code, name=code, description=code)
    return int((await of.call(agent, "claim_task", code=code, lease_s=3_600))["claim"]["fence"])


async def test_nothing_pending_is_no_notice(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada")
        assert notices(of, "ada") == {}
        assert notices(of, "nobody") == {}
        assert notices(of, None) == {}


@pytest.mark.parametrize("to", ["bob", "role:backend", "all"])
async def test_a_message_is_announced_until_it_was_read_and_never_again(autojump_clock: MockClock, to: str) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada", "bob")
        await of.call("ada", "send_message", to=to, content="look")
        assert notices(of, "bob") == notices(of, "bob") == {"unread": 1}
        assert notices(of, "ada") == {}
        shown = await of.call("bob", "read_inbox")
        assert notices(of, "bob") == {}
        await of.call("bob", "read_inbox", cursor=shown["next_cursor"])
        await of.call("ada", "send_message", to=to, content="again", importance="urgent")
        assert notices(of, "bob") == {"unread": 1, "urgent": [2]}


async def test_a_page_of_the_inbox_leaves_the_rest_announced(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada", "bob")
        for number in range(3):
            await of.call("ada", "send_message", to="bob", content=str(number))
        await of.call("bob", "read_inbox", limit=2)
        assert notices(of, "bob") == {"unread": 1}


async def test_more_messages_than_anybody_counts_are_many(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada", "bob")
        for number in range(101):
            await of.call("ada", "send_message", to="bob", content=str(number))
        assert notices(of, "bob") == {"unread": "100+"}


async def test_the_person_hears_of_their_messages_too(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada")
        await of.call("ada", "send_message", to="local", content="please decide")
        assert notices(of, None) == {"unread": 1}
        await of.call(None, "read_inbox")
        assert notices(of, None) == {}


async def test_a_task_that_another_changed_under_its_holder_is_told_once(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada", "bob")
        await held(of, "ada", "T-1")
        await of.call("ada", "update_task", code="T-1", add_note="mine")
        assert notices(of, "ada") == {}
        await of.call("bob", "update_task", code="T-1", add_note="a thought")
        assert notices(of, "bob") == {}
        assert notices(of, "ada") == {"changed": ["T-1"]}
        assert notices(of, "ada") == {}


async def test_a_claim_that_was_lost_is_told_and_one_that_was_given_back_is_not(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada")
        await held(of, "ada", "T-1")
        await of.call("ada", "release_task", code="T-1")
        assert notices(of, "ada") == {}
        await of.call("ada", "claim_task", code="T-1", lease_s=60)
        await trio.sleep(61)
        await of.call(None, "list_tasks")
        assert notices(of, "ada").get("changed") == ["T-1"]


async def test_a_claim_taken_by_a_person_and_reassigned_is_told_to_both(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada", "bob")
        await held(of, "ada", "T-1")
        await of.call(None, "assign_task", code="T-1", new_owner_agent_name="bob")
        assert notices(of, "ada") == {"changed": ["T-1"]}
        assert notices(of, "bob") == {"changed": ["T-1"]}


async def test_a_claim_that_nobody_touches_and_a_deadline_that_comes_near_are_told_until_progress_is_reported(
    autojump_clock: MockClock,
) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada")
        fence = await held(of, "ada", "T-1")
        for _ in range(24 * 2 - 8):
            await trio.sleep(1_800)
            await of.call("ada", "renew_claim", code="T-1", fence=fence, lease_s=3_600)
        # It was warned in its inbox, too.
        await of.call("ada", "read_inbox")
        found = notices(of, "ada")
        assert found.keys() == {"deadline_soon", "untouched"}
        assert (found["untouched"], [each["code"] for each in found["deadline_soon"]]) == (["T-1"], ["T-1"])
        await of.call("ada", "report_progress", code="T-1", fence=fence)
        assert notices(of, "ada") == {}


async def test_a_suspended_claim_is_neither_late_nor_forgotten(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada")
        await held(of, "ada", "T-1")
        await of.call("ada", "set_task_state", code="T-1", state="Review")
        await trio.sleep(48 * 3_600)
        assert notices(of, "ada") == {}
        await of.call(None, "review_task", code="T-1", verdict="send_back", findings=["no"])
        assert notices(of, "ada")["changed"] == ["T-1"]


@pytest.mark.parametrize("target", ["ada", "role:backend", "project"])
async def test_a_paused_agent_hears_why_until_it_may_go_on(autojump_clock: MockClock, target: str) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada")
        await of.call(None, "set_pause", target=target, paused=True, reason="release today")
        assert notices(of, "ada") == {"paused": "release today"}
        await of.call(None, "set_pause", target=target, paused=False)
        assert notices(of, "ada") == {}


async def test_a_refused_call_changes_no_notice(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada", "bob")
        await held(of, "ada", "T-1")
        with pytest.raises(Refusal):
            await of.call("bob", "report_progress", code="T-1", fence=1)
        assert notices(of, "ada") == {}


async def test_a_new_life_of_the_project_knows_what_is_pending(autojump_clock: MockClock) -> None:
    """As after a crash that spent the project's budget, or a restart of the server: from what is stored."""
    engines: dict[str, FragileEngine] = {}
    async with trio.open_nursery() as nursery, team(nursery, engines=engines) as of:
        await joined(of, "ada", "bob")
        await joined(of, *(f"worker-{number}" for number in range(45)))
        await held(of, "worker-7", "T-1")
        for to in ("worker-7", "role:backend"):
            await of.call("bob", "send_message", to=to, content="look", importance="high")
        await of.call("ada", "send_message", to="all", content="look")
        await of.call(None, "set_pause", target="project", paused=True, reason="lunch")
        before = notices(of, "worker-7")
        assert before == {"unread": 3, "urgent": [1, 2], "paused": "lunch"}
    async with trio.open_nursery() as nursery, team(nursery, engines=engines) as of:
        assert notices(of, "worker-7") == before
        await of.call(None, "update_task", code="T-1", add_note="seen")
        assert notices(of, "worker-7")["changed"] == ["T-1"]


async def test_notices_of_one_project_are_not_those_of_another(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada", "bob")
        await of.call("ada", "send_message", project="other", to="all", content="look")
        assert notices(of, "bob") == {}
