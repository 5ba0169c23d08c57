"""Redaction in a running project: what is kept in memory forgets the secret, too."""

import trio
from trio.testing import MockClock

from taskactors.actors.calls import Connection
from tests.actors.team import Team, team

SECRET = "hunter2-of-the-harbour"


async def found(of: Team) -> list[str]:
    return [str(each) for each in (await of.call(None, "search", query="hunter2"))["items"]]


async def test_a_search_does_not_find_a_redacted_secret_and_shows_nothing_of_it(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await of.call("ada", "create_task", code="T-1", name="n", description=f"log in with {SECRET}")
        await of.call("ada", "send_message", to="bob", content=f"it is {SECRET}")
        await of.call("ada", "add_knowledge", title="how to log in", body=f"with {SECRET}")
        assert len(await found(of)) == 3
        await of.call(None, "admin.redact", text=SECRET)
        assert await found(of) == []
        about = (await of.call(None, "search", query="log"))["items"]
        assert len(about) == 2
        assert SECRET not in str(about)


async def test_the_reason_of_a_pause_is_not_told_any_more(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await of.call("ada", "create_task", code="T-1", name="n", description="d")
        await of.call(None, "set_pause", target="ada", paused=True, reason=f"{SECRET} got out")
        ada = Connection(id="of-ada", project="default", agent="ada", operator=False)
        assert SECRET in str(of.projects.notices(ada))
        await of.call(None, "admin.redact", text=SECRET)
        told = of.projects.notices(ada)
        assert "paused" in told
        assert SECRET not in str(told)
