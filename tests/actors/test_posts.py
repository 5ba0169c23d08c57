"""Posted calls: each is heard of once, in time, and as the same call would have been answered; and whoever leaves is heard of no more."""

from collections.abc import Mapping
from typing import Any

import pytest
import trio
from attrs import Factory, define
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.actors import pace
from taskactors.actors.calls import Connection, UnknownTool
from taskactors.actors.delivery import Way
from taskactors.actors.project import Project
from taskactors.actors.projects import CALL_WITHIN_S, GONE
from taskactors.actors.refusals import Internal, Overloaded, ProjectUnavailable, Stopping, TimedOut, TooManyCalls
from taskactors.actors.roles.desk import Desk
from taskactors.domain.errors import InvalidArguments, NotFound, Refusal
from taskactors.runtime import ActorGone, Letter, MailboxFull
from tests.actors.team import Team, team

ADA = Connection(id="of-ada", project="default", agent="ada")
Heard = tuple[Mapping[str, Any] | None, BaseException | None]


@define(eq=False)
class Ear:
    """Whoever posted a call, and what was heard of it when."""

    heard: list[Heard] = Factory(list)
    at: list[float] = Factory(list)

    def __call__(self, value: Mapping[str, Any] | None, error: BaseException | None) -> None:
        self.heard.append((value, error))
        self.at.append(trio.current_time())

    @property
    def answer(self) -> Mapping[str, Any]:
        ((value, error),) = self.heard
        assert error is None
        assert value is not None
        return value

    @property
    def error(self) -> BaseException:
        ((value, error),) = self.heard
        assert value is None
        assert error is not None
        return error


def post(us: Team, ear: Ear, tool: str, connection: Connection = ADA, **arguments: Any) -> Any:
    return us.projects.post(connection, tool, arguments, ear)


async def posted(us: Team, tool: str, connection: Connection = ADA, **arguments: Any) -> Ear:
    ear = Ear()
    assert post(us, ear, tool, connection, **arguments) is not None
    await wait_all_tasks_blocked()
    return ear


def answered_by_nobody(monkeypatch: pytest.MonkeyPatch) -> list[Letter[Any]]:
    """From now on desks keep what comes to them."""
    kept: list[Letter[Any]] = []
    monkeypatch.setattr(Desk, "forward", lambda desk, letter: kept.append(letter.keep()))
    return kept


async def test_an_answer_is_heard_once_and_is_the_one_that_a_call_gets(nursery: trio.Nursery) -> None:
    async with team(nursery) as us:
        ear = await posted(us, "create_task", code="T-1", name="n", description="d")
        assert ear.answer["code"] == "T-1"
        assert (await posted(us, "get_task_by_code", code="T-1")).answer == await us.call("ada", "get_task_by_code", code="T-1")


@pytest.mark.parametrize(
    ("tool", "arguments", "kind"),
    [
        ("get_task_by_code", {"code": "T-9"}, NotFound),
        ("get_task_by_code", {}, InvalidArguments),
        ("no_such_tool", {}, UnknownTool),
        ("admin.verify", {}, UnknownTool),
    ],
)
async def test_a_refusal_is_heard_as_a_call_would_raise_it(tool: str, arguments: Any, kind: type[Exception], nursery: trio.Nursery) -> None:
    async with team(nursery) as us:
        found = (await posted(us, tool, **arguments)).error
        with pytest.raises(kind) as raised:
            await us.call("ada", tool, **arguments)
        assert (type(found), str(found)) == (kind, str(raised.value))


async def test_what_is_not_answered_is_heard_to_be_late_and_its_answer_is_nothing(
    nursery: trio.Nursery, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with team(nursery) as us:
        kept, began = answered_by_nobody(monkeypatch), trio.current_time()
        waiting, plain, later = Ear(), Ear(), Ear()
        post(us, waiting, "list_tasks")
        await trio.sleep(1)
        post(us, plain, "next_task", wait_s=10)
        await trio.sleep(1)
        post(us, later, "list_tasks")
        await trio.sleep(100)
        assert [ear.at for ear in (waiting, plain, later)] == [
            [pytest.approx(began + CALL_WITHIN_S)],
            [pytest.approx(began + 1 + CALL_WITHIN_S + 10)],
            [pytest.approx(began + 2 + CALL_WITHIN_S)],
        ]
        assert isinstance(plain.error, TimedOut)
        assert (plain.error.tool, plain.error.within_s) == ("next_task", CALL_WITHIN_S + 10)
        assert [letter.wanted for letter in kept] == [False] * 3
        for letter in kept:
            letter.answer({"late": True})
        assert len(plain.heard) == 1


async def test_a_call_with_less_time_than_those_before_it_ends_before_them(
    nursery: trio.Nursery, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sleeper that waits for the end of a long call is woken for a shorter one."""
    async with team(nursery) as us:
        answered_by_nobody(monkeypatch)
        long, short, began = Ear(), Ear(), trio.current_time()
        post(us, long, "next_task", wait_s=45)
        await trio.sleep(5)
        post(us, short, "list_tasks")
        await trio.sleep(CALL_WITHIN_S + 1)
        assert (short.at, long.at) == ([pytest.approx(began + 5 + CALL_WITHIN_S)], [])


async def test_whoever_leaves_hears_nothing_and_what_was_taken_for_them_goes_back(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    async with team(nursery) as us:
        ear = Ear()
        leave = post(us, ear, "next_task", wait_s=40)
        await trio.sleep(1)
        leave()
        await us.call("bob", "create_task", code="T-1", name="n", description="d")
        await trio.sleep(60)
        assert ear.heard == []
        assert (await us.call("bob", "get_task_by_code", code="T-1"))["state"] == "Created"
        leave()
        claiming = post(us, ear, "next_task")
        claiming()
        await trio.sleep(1)
        assert (await us.call("bob", "get_task_by_code", code="T-1"))["state"] == "Created"
        assert ear.heard == []


async def test_a_change_that_was_made_before_its_caller_left_stands(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    async with team(nursery) as us:
        leave = post(us, Ear(), "create_task", code="T-1", name="n", description="d")
        await wait_all_tasks_blocked()
        leave()
        assert (await us.call("bob", "get_task_by_code", code="T-1"))["code"] == "T-1"


async def test_what_has_to_be_opened_first_is_left_to_calls(nursery: trio.Nursery) -> None:
    side = Connection(id="of-ada", project="side", agent="ada")
    async with team(nursery) as us:
        assert post(us, Ear(), "list_tasks", side) is None
        await us.call("ada", "list_tasks", project="side")
        assert (await posted(us, "list_tasks", side)).answer == {"items": []}


@pytest.mark.parametrize(
    ("fault", "kind"), [(MailboxFull("backend", 100), Overloaded), (ActorGone("router"), ProjectUnavailable)], ids=["full", "gone"]
)
async def test_what_the_runtime_says_is_heard_in_the_servers_own_words(
    fault: Exception, kind: type[Refusal], nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(project: Project, letter: object) -> None:
        raise fault

    async with team(nursery) as us:
        monkeypatch.setattr(Project, "post", refuse)
        assert isinstance((await posted(us, "list_tasks")).error, kind)
        assert us.projects.metrics.calls == {("default", "list_tasks", kind.code): 1}


async def test_a_crash_and_a_stop_are_heard(nursery: trio.Nursery, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(desk: Desk, letter: Letter[Any]) -> None:
        raise RuntimeError("planted")

    async with team(nursery) as us:
        with monkeypatch.context() as planted:
            planted.setattr(Desk, "forward", crash)
            assert isinstance((await posted(us, "list_tasks")).error, Internal)
        await us.call("ada", "list_tasks")
        parked = Ear()
        post(us, parked, "next_task", wait_s=45)
        await wait_all_tasks_blocked()
    assert isinstance(parked.error, Stopping)


async def test_too_many_are_not_taken(nursery: trio.Nursery, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "BURST", 2)
    async with team(nursery) as us:
        for _ in range(2):
            await posted(us, "list_tasks")
        with pytest.raises(TooManyCalls):
            post(us, Ear(), "list_tasks")
        assert us.projects.metrics.calls == {("default", "list_tasks", "ok"): 2, ("default", "list_tasks", "too_many_calls"): 1}


async def test_what_came_for_one_that_waited_is_a_delivery(nursery: trio.Nursery, autojump_clock: MockClock) -> None:
    async with team(nursery) as us:
        await us.call("ada", "next_task")
        ear = Ear()
        post(us, ear, "next_task", wait_s=40)
        await trio.sleep(1)
        await us.call("bob", "create_task", code="T-1", name="n", description="d")
        await wait_all_tasks_blocked()
        assert ear.answer["code"] == "T-1"
        assert us.projects.running()["default"].delivery.lag_s[Way.WAITER].cumulative()[-1][1] == 1


async def test_they_are_counted_as_calls_are(nursery: trio.Nursery) -> None:
    async with team(nursery) as us:
        await posted(us, "list_tasks")
        await posted(us, "get_task_by_code", code="T-9")
        await posted(us, "x" * 1000)
        post(us, Ear(), "next_task", wait_s=30)()
        assert us.projects.metrics.calls == {
            ("default", "list_tasks", "ok"): 1,
            ("default", "get_task_by_code", "not_found"): 1,
            ("default", "unknown", GONE): 1,
            ("default", "next_task", GONE): 1,
        }
        assert us.projects._seats["default"]._calls == 0
