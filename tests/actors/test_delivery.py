"""Delivery lags: each way to a recipient is measured from the commit to the moment it arrives there, and only then."""

from collections.abc import Callable
from functools import partial

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors.calls import Connection
from taskactors.actors.delivery import Way
from taskactors.mcp_server.peer import Peer
from tests.actors.team import FragileEngine, Team, team


def lags(of: Team, way: Way) -> tuple[int, float]:
    """How many things arrived that way, and how long they took in all."""
    lag_s = of.projects.running()["default"].delivery.lag_s[way]
    return lag_s.cumulative()[-1][1], lag_s.sum


async def joined(of: Team, *agents: str) -> None:
    for agent in agents:
        await of.call(agent, "register_agent", agent_name=agent, agent_type="backend", capabilities=[], role="backend")


async def test_a_message_is_on_its_way_until_it_was_shown_to_each_who_gets_it(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada", "bob", "eve")
        await of.call("ada", "send_message", to="all", content="hello")
        await trio.sleep(30)
        await of.call("bob", "read_inbox")
        assert lags(of, Way.INBOX) == (1, pytest.approx(30, abs=1))
        await of.call("bob", "read_inbox")
        await of.call("ada", "read_inbox")
        assert lags(of, Way.INBOX) == (1, pytest.approx(30, abs=1))
        await trio.sleep(60)
        await of.call("eve", "read_inbox")
        assert lags(of, Way.INBOX) == (2, pytest.approx(30 + 90, abs=1))


async def test_it_goes_on_being_measured_when_a_desk_crashes(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada", "bob")
        await of.call("ada", "send_message", to="bob", content="hello")
        await trio.sleep(20)
        for desk in ("mcp-integrator", "qa"):
            await of.crash(desk)
        before_s = trio.current_time()
        await of.call("bob", "read_inbox")
        assert lags(of, Way.INBOX) == (1, pytest.approx(20 + (trio.current_time() - before_s), abs=5))


async def test_what_may_have_been_shown_before_a_start_is_not_measured_after_it(autojump_clock: MockClock) -> None:
    engines: dict[str, FragileEngine] = {}
    async with trio.open_nursery() as nursery:
        async with team(nursery, engines=engines) as of:
            await joined(of, "ada", "bob")
            await of.call("ada", "send_message", to="bob", content="before")
        await trio.sleep(3_600)
        async with team(nursery, engines=engines) as of:
            await of.call("ada", "send_message", to="bob", content="after")
            await trio.sleep(5)
            assert len((await of.call("bob", "read_inbox"))["items"]) == 2
            assert lags(of, Way.INBOX) == (1, pytest.approx(5, abs=1))


SLOW_S = 2.0


def slowed(of: Team, clock: MockClock) -> None:
    """Let the next commits take so long."""

    def slow(commit: Callable[[], None]) -> None:
        clock.jump(SLOW_S)
        commit()

    of.engine.troubles += [slow] * 2


async def test_a_parked_call_is_measured_from_what_woke_it_and_not_from_when_it_began_to_wait(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada", "bob")
        nursery.start_soon(of.call, "bob", "next_task")
        async with trio.open_nursery() as waiting:

            async def wait() -> None:
                assert (await of.call("bob", "next_task", wait_s=40))["code"] == "T-1"

            waiting.start_soon(wait)
            await trio.sleep(25)
            slowed(of, autojump_clock)
            await of.call("ada", "create_task", code="T-1", name="n", description="d")
        # The commit that made the task is before the lag, the one that claims it is in it.
        assert lags(of, Way.WAITER) == (1, pytest.approx(SLOW_S, abs=0.1))


async def test_what_woke_a_parked_call_for_nothing_is_not_what_it_is_measured_from(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada", "bob")
        async with trio.open_nursery() as waiting:
            waiting.start_soon(partial(of.call, "bob", "next_task", wait_s=45))
            await trio.sleep(1)
            await of.call(None, "set_pause", target="role:qa", paused=True)
            await trio.sleep(30)
            await of.call("ada", "create_task", code="T-1", name="n", description="d")
        assert lags(of, Way.WAITER) == (1, pytest.approx(0, abs=0.1))


async def test_a_wait_that_ends_with_nothing_and_one_that_need_not_wait_are_no_deliveries(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada", "bob")
        assert (await of.call("bob", "next_task", wait_s=10))["nothing_ready"]
        await of.call("ada", "create_task", code="T-1", name="n", description="d", required_capabilities=["other"])
        assert (await of.call("bob", "next_task", wait_s=10))["nothing_ready"]
        await of.call("ada", "create_task", code="T-2", name="n", description="d")
        await of.call("bob", "next_task", wait_s=10)
        assert lags(of, Way.WAITER) == (0, 0.0)


async def test_a_push_is_measured_until_the_subscribers_wire_took_it(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await joined(of, "ada")
        peer = Peer(Connection(id="c", project="default", agent="ada"), of.projects, nursery)
        subscription = peer.listen(lambda uri: "tasks")
        subscription.want(["taskactors://tasks"])
        await of.call("ada", "create_task", code="T-1", name="n", description="d")
        await of.call("ada", "create_task", code="T-2", name="n", description="d")
        assert lags(of, Way.PUSH) == (0, 0.0)
        subscription.end()
        async for _ in subscription.news():
            await trio.sleep(3)  # as a wire does whose client reads slowly
        assert lags(of, Way.PUSH) == (1, pytest.approx(3, abs=0.1))
        peer.close()
