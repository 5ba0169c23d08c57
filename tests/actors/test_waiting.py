"""Waiting: who asks for work, mail or news and finds none is answered when it comes, in order, once, and by nobody's polling."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.actors.calls import Connection
from taskactors.actors.patience import USUAL_WAIT_S
from taskactors.board.requests.fields import WAIT_LIMIT_S
from taskactors.domain.errors import InvalidArguments, WouldDeadlock
from tests.actors.team import Team, team

Answers = dict[str, Mapping[str, Any]]


async def new_task(on: Team, code: str, **given: Any) -> None:
    await on.call(None, "create_task", code=code, name="a task", description="to be done", **given)


async def asks(on: Team, answers: Answers, name: str, tool: str = "next_task", **arguments: Any) -> None:
    answers[name] = await on.call(name, tool, **arguments)


def commits_while(leaving: Callable[[], None], commit: Callable[[], None]) -> None:
    leaving()
    commit()


async def parked(nursery: trio.Nursery, on: Team, answers: Answers, names: list[str], **arguments: Any) -> None:
    """Every one of them waits, in this order."""
    for name in names:
        nursery.start_soon(partial(asks, on, answers, name, **{"wait_s": 40, **arguments}))
        await wait_all_tasks_blocked()


async def test_whoever_waits_gets_the_task_the_moment_it_is_there(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: Answers = {}
        async with trio.open_nursery() as waiting:
            await parked(waiting, on, answers, ["ada"])
            assert answers == {}
            before = trio.current_time()
            await new_task(on, "T-1")
            await wait_all_tasks_blocked()
            assert answers["ada"]["code"] == "T-1"
            assert answers["ada"]["claim"]["fence"] == 1
            assert trio.current_time() == before


async def test_those_who_waited_longest_are_served_first_one_for_each_task(autojump_clock: MockClock) -> None:
    names = [f"agent-{number}" for number in range(10)]
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: Answers = {}
        async with trio.open_nursery() as waiting:
            await parked(waiting, on, answers, names)
            for number in range(3):
                await new_task(on, f"T-{number}")
                await wait_all_tasks_blocked()
                assert list(answers) == names[: number + 1]
            waiting.cancel_scope.cancel()


async def test_of_a_thousand_who_wait_one_wakes_for_one_task(autojump_clock: MockClock) -> None:
    names = [f"agent-{number}" for number in range(1000)]
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: Answers = {}
        async with trio.open_nursery() as waiting:
            await parked(waiting, on, answers, names)
            health = on.projects.running()["default"].health
            units = health.units
            await new_task(on, "T-1")
            await wait_all_tasks_blocked()
            assert len(answers) == 1
            assert health.units - units == 2, "the new task, and one claim of it"
            waiting.cancel_scope.cancel()


async def test_a_wait_ends_in_its_time_with_what_is_nearest(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await new_task(on, "T-1", required_capabilities=["fly"])
        before = trio.current_time()
        answer = await on.call("ada", "next_task", wait_s=30)
        assert trio.current_time() - before == pytest.approx(30, abs=0.1)
        assert answer["nothing_ready"] is True
        assert answer["nearest"] == [{"code": "T-1", "offered": False, "why": "needs fly, which you have not registered"}]


async def test_without_a_wait_the_answer_comes_at_once(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        before = trio.current_time()
        assert (await on.call("ada", "next_task"))["nothing_ready"] is True
        assert (await on.call("ada", "read_inbox"))["items"] == []
        assert trio.current_time() == before


async def test_work_that_one_cannot_do_wakes_the_one_who_can(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await on.call("bob", "register_agent", agent_name="bob", agent_type="backend", capabilities=["fly"])
        answers: Answers = {}
        async with trio.open_nursery() as waiting:
            await parked(waiting, on, answers, ["ada", "bob"])
            await new_task(on, "T-1", required_capabilities=["fly"])
            await wait_all_tasks_blocked()
            assert {name: answer["code"] for name, answer in answers.items()} == {"bob": "T-1"}
            waiting.cancel_scope.cancel()


async def test_a_task_that_a_filter_keeps_from_the_first_goes_to_the_next_in_line(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: Answers = {}
        async with trio.open_nursery() as waiting:
            await parked(waiting, on, answers, ["ada"], labels=["urgent"])
            await parked(waiting, on, answers, ["bob", "cleo"])
            await new_task(on, "T-1")
            await wait_all_tasks_blocked()
            assert list(answers) == ["bob"]
            await new_task(on, "T-2", labels=["urgent"])
            await wait_all_tasks_blocked()
            assert answers["ada"]["code"] == "T-2"
            waiting.cancel_scope.cancel()


async def test_a_place_that_is_taken_again_in_the_moment_it_was_left_is_one_place(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: Answers = {}
        for _ in range(3):
            async with trio.open_nursery() as leaving:
                await parked(leaving, on, answers, ["ada"])
                leaving.cancel_scope.cancel()
        async with trio.open_nursery() as waiting:
            await parked(waiting, on, answers, ["bob", "ada"])
            await new_task(on, "T-1")
            await wait_all_tasks_blocked()
            assert list(answers) == ["ada"]
            waiting.cancel_scope.cancel()


async def test_whoever_left_is_passed_over(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: Answers = {}
        async with trio.open_nursery() as waiting:
            async with trio.open_nursery() as leaving:
                await parked(leaving, on, answers, ["ada"])
                await parked(waiting, on, answers, ["bob"])
                leaving.cancel_scope.cancel()
            await new_task(on, "T-1")
            await wait_all_tasks_blocked()
            assert list(answers) == ["bob"]


async def test_what_was_taken_for_somebody_who_left_goes_back_without_a_failure_and_to_the_next(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await new_task(on, "T-1")
        # The claim is committed in the same breath in which its caller is cancelled.
        with trio.CancelScope() as leaving:
            on.engine.troubles.append(partial(commits_while, leaving.cancel))
            await on.call("ada", "claim_task", code="T-1")
        assert leaving.cancelled_caught
        await wait_all_tasks_blocked()
        task = await on.call(None, "get_task_by_code", code="T-1")
        assert (task["state"], task.get("claim"), task.get("attempts")) == ("Created", None, None)
        assert (await on.call("bob", "next_task"))["claim"]["fence"] == 2


async def test_what_was_taken_under_a_key_stays_for_whoever_asks_again(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await new_task(on, "T-1")
        with trio.CancelScope() as leaving:
            on.engine.troubles.append(partial(commits_while, leaving.cancel))
            await on.call("ada", "next_task", idempotency_key="k")
        assert leaving.cancelled_caught
        again = await on.call("ada", "next_task", idempotency_key="k")
        assert (again["code"], again["claim"]["fence"], again["replayed"]) == ("T-1", 1, True)


async def test_a_renewal_for_somebody_who_left_takes_nothing_from_them(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await new_task(on, "T-1")
        await on.call("ada", "claim_task", code="T-1")
        with trio.CancelScope() as leaving:
            on.engine.troubles.append(partial(commits_while, leaving.cancel))
            await on.call("ada", "claim_task", code="T-1")
        assert leaving.cancelled_caught
        await wait_all_tasks_blocked()
        assert (await on.call(None, "get_task_by_code", code="T-1"))["claim"]["agent"] == "ada"


@pytest.mark.parametrize(("away_s", "first"), [(50, "ada"), (70, "bob")])
async def test_whoever_asks_again_within_a_minute_keeps_their_place(autojump_clock: MockClock, away_s: float, first: str) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: Answers = {}
        assert (await on.call("ada", "next_task", wait_s=10))["nothing_ready"]
        await trio.sleep(away_s - 10)
        async with trio.open_nursery() as waiting:
            await parked(waiting, on, answers, ["bob"])
            await trio.sleep(10)
            await parked(waiting, on, answers, ["ada"], wait_s=10)
            await new_task(on, "T-1")
            await wait_all_tasks_blocked()
            assert list(answers) == [first]
            waiting.cancel_scope.cancel()


@pytest.mark.parametrize(("to", "woken"), [("ada", ["ada"]), ("role:qa", ["quinn"]), ("all", ["ada", "quinn"]), ("bob", [])])
async def test_mail_wakes_those_whom_it_is_for(autojump_clock: MockClock, to: str, woken: list[str]) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await on.call("quinn", "register_agent", agent_name="quinn", agent_type="qa", capabilities=[])
        answers: Answers = {}
        async with trio.open_nursery() as waiting:
            await parked(waiting, on, answers, ["ada", "quinn"], tool="read_inbox")
            await on.call("cleo", "send_message", to=to, content="hello")
            await wait_all_tasks_blocked()
            assert sorted(answers) == woken
            assert all([each["content"] for each in answer["items"]] == ["hello"] for answer in answers.values())
            waiting.cancel_scope.cancel()


async def test_news_wake_those_who_asked_for_that_kind(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: Answers = {}
        async with trio.open_nursery() as waiting:
            await parked(waiting, on, answers, ["ada"], tool="get_changes", cursor="now", kinds=["task_claimed"])
            await new_task(on, "T-1")
            await wait_all_tasks_blocked()
            assert answers == {}
            await on.call("bob", "claim_task", code="T-1")
            await wait_all_tasks_blocked()
            assert [(each["kind"], each["by"]) for each in answers["ada"]["items"]] == [("task_claimed", "bob")]


async def test_whoever_waits_for_something_to_be_offered_sees_it_and_takes_nothing(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: Answers = {}
        async with trio.open_nursery() as waiting:
            await parked(waiting, on, answers, ["ada"], tool="discover_work")
            await new_task(on, "T-1")
            await wait_all_tasks_blocked()
            assert [each["code"] for each in answers["ada"]["items"]] == ["T-1"]
        assert (await on.call(None, "get_task_by_code", code="T-1"))["state"] == "Created"


async def test_work_that_time_makes_ready_wakes_somebody(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await new_task(on, "T-1")
        await on.call("ada", "claim_task", code="T-1", lease_s=10)
        answer = await on.call("bob", "next_task", wait_s=40)
        assert (answer["code"], answer["claim"]["fence"]) == ("T-1", 2)


async def test_a_server_that_ends_answers_everybody_who_waits(autojump_clock: MockClock) -> None:
    answers: Answers = {}
    async with trio.open_nursery() as nursery, team(nursery) as on, trio.open_nursery() as waiting:
        await parked(waiting, on, answers, ["ada", "bob"])
        before = trio.current_time()
        on.projects.wind_down()
        await wait_all_tasks_blocked()
        assert sorted(answers) == ["ada", "bob"]
        assert (await on.call("cleo", "next_task", wait_s=40))["nothing_ready"]
        assert trio.current_time() == before


async def test_a_wait_that_a_usual_client_would_not_live_to_see_is_refused(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        assert (await on.call("ada", "next_task", wait_s=USUAL_WAIT_S))["nothing_ready"]
        assert trio.current_time() == pytest.approx(USUAL_WAIT_S, abs=0.1)
        with pytest.raises(InvalidArguments, match="at most 45"):
            await on.call("ada", "next_task", wait_s=USUAL_WAIT_S + 1)
        assert trio.current_time() == pytest.approx(USUAL_WAIT_S, abs=0.1)


async def test_a_client_that_can_wait_may_for_an_hour_and_no_longer(autojump_clock: MockClock) -> None:
    patient = Connection(id="of-ada", project="default", agent="ada", patient=True)
    async with trio.open_nursery() as nursery, team(nursery) as on:
        assert (await on.projects.call(patient, "next_task", {"wait_s": WAIT_LIMIT_S}))["nothing_ready"]
        assert trio.current_time() == pytest.approx(WAIT_LIMIT_S, abs=0.1)
        with pytest.raises(InvalidArguments, match=f"the maximum is {WAIT_LIMIT_S}"):
            await on.projects.call(patient, "next_task", {"wait_s": WAIT_LIMIT_S + 1})


async def test_empty_waits_are_not_kept_under_a_key(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        assert (await on.call("ada", "next_task", idempotency_key="k"))["nothing_ready"]
        await new_task(on, "T-1")
        assert (await on.call("ada", "next_task", idempotency_key="k"))["code"] == "T-1"


async def test_files_are_given_to_whoever_waited_the_moment_they_are_free(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await on.call("ada", "reserve_files", patterns=["src/"])
        answers: Answers = {}
        async with trio.open_nursery() as waiting:
            await parked(waiting, on, answers, ["bob", "cleo"], tool="reserve_files", patterns=["src/x.py"])
            before = trio.current_time()
            await on.call("ada", "release_files")
            await wait_all_tasks_blocked()
            assert {name: answer["granted"] for name, answer in answers.items()} == {"bob": True}
            assert trio.current_time() == before
            await on.call("bob", "release_files")
            await wait_all_tasks_blocked()
            assert answers["cleo"]["granted"] is True


async def test_twelve_who_want_five_files_in_crossing_orders_all_finish(autojump_clock: MockClock) -> None:
    """Nobody waits for ever: whoever would close a circle hears so, and does what the refusal says."""
    finished: list[str] = []
    refused: list[str] = []

    async def gets(on: Team, name: str, files: list[str]) -> None:
        while not (await on.call(name, "reserve_files", patterns=files, wait_s=40, ttl_s=3600))["granted"]:
            pass

    async def works(on: Team, number: int) -> None:
        name, wanted = f"agent-{number}", [f"file-{(number * step) % 5}" for step in (1, 2, 3)]
        try:
            for file in wanted:
                await gets(on, name, [file])
        except WouldDeadlock:
            refused.append(name)
            await on.call(name, "release_files")
            await gets(on, name, wanted)
        finished.append(name)
        await on.call(name, "release_files")

    async with trio.open_nursery() as nursery, team(nursery) as on:
        async with trio.open_nursery() as working:
            for number in range(12):
                working.start_soon(works, on, number)
        assert len(finished) == 12
        assert refused, "some orders did cross"
        assert (await on.call(None, "admin.verify"))["clean"] is True
