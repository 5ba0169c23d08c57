"""How work and calls have gone since the start, counted for all."""

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors.metrics import NO_PROJECT
from taskactors.actors.pace import BURST
from taskactors.actors.project import Project
from taskactors.actors.projects import PROJECTS_LIMIT
from taskactors.actors.refusals import NoSuchProject, TooManyCalls
from taskactors.domain.errors import Refusal
from taskactors.runtime import ActorGone, AskTimedOut, MailboxFull
from tests.actors.team import team


async def test_claims_ends_and_waits_are_counted_for_all_and_for_each(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        assert (await on.call("ada", "get_project_overview"))["since_start"]["claims"] == 0
        for number in range(4):
            await on.call(None, "create_task", code=f"T-{number}", name="n", description="d")
        await trio.sleep(10)
        for number in range(3):
            await on.call("ada", "claim_task", code=f"T-{number}", lease_s=20)
        await on.call("ada", "complete_task", code="T-0", fence=1, summary="s")
        await on.call("ada", "release_task", code="T-1")
        await trio.sleep(100)
        told = (await on.call("bob", "get_project_overview"))["since_start"]
        assert (told["claims"], told["completed"], told["expired"], told["expiry_rate"]) == (3, 1, 1, 0.333)
        assert told["by_agent"] == {"ada": {"claimed": 3, "completed": 1, "released": 1, "expired": 1}}
        assert 10 <= told["claim_wait_s"]["p50"] < 11


async def test_a_call_that_was_not_even_begun_is_counted_and_makes_no_series_of_its_own(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        counted = on.projects.metrics.calls
        with pytest.raises(NoSuchProject):
            await on.call("ada", "list_tasks", project="NO NAME")
        for number in range(PROJECTS_LIMIT - 1):
            await on.call(None, "health_check", project=f"p-{number}")
        for number in range(5):
            with pytest.raises(NoSuchProject):
                await on.call("ada", "list_tasks", project=f"too-many-{number}")
        assert counted[NO_PROJECT, "list_tasks", "no_such_project"] == 6
        assert len({project for project, _, _ in counted}) == PROJECTS_LIMIT
        with pytest.raises(TooManyCalls):
            for _ in range(BURST + 1_000):
                await on.call("eve", "list_tasks")
        assert counted["default", "list_tasks", "too_many_calls"] == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [(MailboxFull("backend", 100), "overloaded"), (AskTimedOut("router", 30.0), "timed_out"), (ActorGone("router"), "project_unavailable")],
)
async def test_a_call_that_the_runtime_gives_up_is_counted_by_what_its_caller_is_told(
    fault: Exception, code: str, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def give_up(*_: object) -> None:
        raise fault

    async with trio.open_nursery() as nursery, team(nursery) as on:
        with monkeypatch.context() as broken, pytest.raises(Refusal) as told:
            broken.setattr(Project, "call", give_up)
            await on.call("ada", "list_tasks")
        assert told.value.code == code
        assert on.projects.metrics.calls == {("default", "list_tasks", code): 1}
