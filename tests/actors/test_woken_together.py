"""Several who wait, and several things that come at once: nobody is left waiting beside what is there for them."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import trio
from attrs import Factory, define
from trio.testing import MockClock, wait_all_tasks_blocked

from tests.actors.team import Team, team

T = TypeVar("T")

WAITS = ("ada", "bob", "cleo")


@define(eq=False)
class HeldDisk:
    """Does what it is given as soon as it is let, so that a test decides what shares a commit."""

    let: trio.Event = Factory(trio.Event)

    async def __call__(self, work: Callable[..., T], *arguments: Any) -> T:
        await self.let.wait()
        return work(*arguments)


def planned(*codes: str, **given: Any) -> list[dict[str, Any]]:
    return [{"ref": code, "code": code, "name": "a part", "description": "to be done", **given} for code in codes]


async def takes(on: Team, answers: dict[str, Mapping[str, Any]], name: str, tool: str = "next_task") -> None:
    answers[name] = await on.call(name, tool, wait_s=40)


async def joins(on: Team, name: str, *can: str) -> None:
    await on.call(name, "register_agent", agent_name=name, agent_type="backend", capabilities=list(can))


async def test_a_plan_of_three_tasks_serves_three_who_wait(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: dict[str, Mapping[str, Any]] = {}
        async with trio.open_nursery() as waiting:
            for name in WAITS:
                waiting.start_soon(takes, on, answers, name)
                await wait_all_tasks_blocked()
            before = trio.current_time()
            await on.call(None, "plan_tasks", tasks=planned("T-1", "T-2", "T-3"))
            await wait_all_tasks_blocked()
            assert {name: answer["code"] for name, answer in answers.items()} == {"ada": "T-1", "bob": "T-2", "cleo": "T-3"}
            assert trio.current_time() == before
            waiting.cancel_scope.cancel()


async def test_two_tasks_wake_two_of_those_who_wait_and_no_more(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: dict[str, Mapping[str, Any]] = {}
        async with trio.open_nursery() as waiting:
            for name in WAITS:
                waiting.start_soon(takes, on, answers, name)
                await wait_all_tasks_blocked()
            health = on.projects.running()["default"].health
            units = health.units
            await on.call(None, "plan_tasks", tasks=planned("T-1", "T-2"))
            await wait_all_tasks_blocked()
            assert sorted(answers) == ["ada", "bob"]
            assert health.units - units == 3, "the plan, and two claims"
            waiting.cancel_scope.cancel()


async def test_what_comes_in_the_very_commit_in_which_somebody_first_looked_is_not_missed(autojump_clock: MockClock) -> None:
    disk = HeldDisk()
    disk.let.set()
    async with trio.open_nursery() as nursery, team(nursery, threads=lambda: disk) as on:
        answers: dict[str, Mapping[str, Any]] = {}
        async with trio.open_nursery() as waiting:
            disk.let = trio.Event()
            # Both wait behind this one, and share the commit that comes after it.
            waiting.start_soon(partial(on.call, "dora", "send_message", to="all", content="hello"))
            await wait_all_tasks_blocked()
            waiting.start_soon(takes, on, answers, "ada")
            await wait_all_tasks_blocked()
            waiting.start_soon(partial(on.call, None, "plan_tasks", tasks=planned("T-1")))
            await wait_all_tasks_blocked()
            before = trio.current_time()
            disk.let.set()
            await wait_all_tasks_blocked()
            assert answers["ada"]["code"] == "T-1"
            assert trio.current_time() == before
            waiting.cancel_scope.cancel()


async def test_a_look_that_found_nothing_is_not_repeated_for_what_was_there_before_it(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: dict[str, Mapping[str, Any]] = {}
        await on.call(None, "plan_tasks", tasks=planned("T-1", required_capabilities=["fly"]))
        health = on.projects.running()["default"].health
        async with trio.open_nursery() as waiting:
            units = health.units
            waiting.start_soon(takes, on, answers, "ada")
            await wait_all_tasks_blocked()
            assert health.units - units == 1
            waiting.cancel_scope.cancel()


async def test_what_the_first_leaves_for_something_better_goes_to_whoever_can_do_it(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        able = {"ada": ["fly"], "bob": ["fly"], "cleo": [], "dora": ["fly"]}
        for name, can in able.items():
            await joins(on, name, *can)
        answers: dict[str, Mapping[str, Any]] = {}
        async with trio.open_nursery() as waiting:
            for name in able:
                waiting.start_soon(takes, on, answers, name)
                await wait_all_tasks_blocked()
            before = trio.current_time()
            # Three are woken. Two take what everybody can do, and the third cannot do what is left.
            better = planned("T-1", "T-2", priority_score=9)
            await on.call(None, "plan_tasks", tasks=[*planned("T-3", required_capabilities=["fly"], priority_score=1), *better])
            await wait_all_tasks_blocked()
            assert {name: answer["code"] for name, answer in answers.items()} == {"ada": "T-1", "bob": "T-2", "dora": "T-3"}
            assert trio.current_time() == before
            waiting.cancel_scope.cancel()


async def test_whoever_takes_another_task_leaves_theirs_to_the_next(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await joins(on, "ada", "fly")
        await joins(on, "bob")
        answers: dict[str, Mapping[str, Any]] = {}
        async with trio.open_nursery() as waiting:
            for name in ("ada", "bob"):
                waiting.start_soon(takes, on, answers, name)
                await wait_all_tasks_blocked()
            # Both tasks wake the first, who is the only one to see the second, and takes it.
            better = planned("T-2", required_capabilities=["fly"], priority_score=9)
            await on.call(None, "plan_tasks", tasks=[*planned("T-1"), *better])
            await wait_all_tasks_blocked()
            assert {name: answer["code"] for name, answer in answers.items()} == {"ada": "T-2", "bob": "T-1"}
            waiting.cancel_scope.cancel()


async def test_one_who_only_looks_keeps_work_from_nobody_who_would_take_it(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        answers: dict[str, Mapping[str, Any]] = {}
        async with trio.open_nursery() as waiting:
            waiting.start_soon(takes, on, answers, "ada", "discover_work")
            await wait_all_tasks_blocked()
            waiting.start_soon(takes, on, answers, "bob")
            await wait_all_tasks_blocked()
            await on.call(None, "plan_tasks", tasks=planned("T-1"))
            await wait_all_tasks_blocked()
            assert [each["code"] for each in answers["ada"]["items"]] == ["T-1"]
            assert answers["bob"]["code"] == "T-1"
            waiting.cancel_scope.cancel()


async def test_a_task_that_was_snatched_away_wakes_nobody_else_in_vain(autojump_clock: MockClock) -> None:
    disk = HeldDisk()
    disk.let.set()
    async with trio.open_nursery() as nursery, team(nursery, threads=lambda: disk) as on:
        answers: dict[str, Mapping[str, Any]] = {}
        # Ready as well, but for none of them.
        await on.call(None, "plan_tasks", tasks=planned("T-0", required_capabilities=["fly"]))
        async with trio.open_nursery() as waiting:
            for name in WAITS:
                waiting.start_soon(takes, on, answers, name)
                await wait_all_tasks_blocked()
            health = on.projects.running()["default"].health
            units, disk.let = health.units, trio.Event()
            waiting.start_soon(partial(on.call, None, "plan_tasks", tasks=planned("T-1")))
            await wait_all_tasks_blocked()
            waiting.start_soon(partial(on.call, "dora", "claim_task", code="T-1"))
            await wait_all_tasks_blocked()
            disk.let.set()
            await wait_all_tasks_blocked()
            assert answers == {}
            assert health.units - units == 3, "the plan, the claim, and one who came too late"
            waiting.cancel_scope.cancel()
