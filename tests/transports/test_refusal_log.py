"""The refusal log: whoever is turned away is said at once, whoever goes on is counted, and nobody fills a disk."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
import trio
from structlog.testing import LogCapture
from trio.testing import MockClock

from taskactors.transports.refusal_log import BEGUN_LIMIT, CONTROL, LONGEST_PAUSE_S, NETWORKS_LIMIT, Reason, RefusalLog, network_of

Lines = list[Any]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The lines that are said, as they are said."""
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    yield capture.entries
    structlog.configure(**before)


@pytest.fixture
async def refusals(nursery: trio.Nursery, lines: Lines) -> RefusalLog:
    one = RefusalLog(trio.current_time)
    nursery.start_soon(one.keep_telling)
    return one


def test_an_address_is_one_of_its_network() -> None:
    assert network_of("10.1.2.3") == "10.1.2.0/24"
    assert network_of("::ffff:10.1.2.3") == "10.1.2.0/24"
    assert network_of("2001:db8:1:2::3") == "2001:db8:1::/48"
    assert network_of("fe80::1%eth0") == "fe80::/48"
    assert network_of(CONTROL) == CONTROL
    for text in ("", "ta_ada_secret", "1.2.3.4.5"):
        assert network_of(text) == "unknown"


async def test_the_first_is_said_at_once_and_the_rest_together_ever_more_seldom(
    refusals: RefusalLog, lines: Lines, autojump_clock: MockClock
) -> None:
    begun = trio.current_time()
    for _ in range(6 * 3_600):
        refusals.note(Reason.BAD_TOKEN, "10.0.0.7")
        refusals.note(Reason.BAD_TOKEN, "10.0.0.8")
        await trio.sleep(1)
    assert lines[0] == {"event": "a client was turned away", "reason": "bad token", "network": "10.0.0.0/24", "log_level": "warning"}
    assert {each["event"] for each in lines[1:]} == {"clients were turned away again"}
    assert 8 <= len(lines) <= 14
    assert sum(each["times"] for each in lines[1:]) >= 2 * (trio.current_time() - begun - LONGEST_PAUSE_S)


async def test_what_was_left_out_is_said_also_when_nobody_comes_any_more_and_then_it_is_over(
    refusals: RefusalLog, lines: Lines, autojump_clock: MockClock
) -> None:
    for _ in range(5):
        refusals.note(Reason.HOST, "10.0.0.7")
    await trio.sleep(61)
    assert [each.get("times") for each in lines] == [None, 4]
    await trio.sleep(3_600)
    assert len(lines) == 2
    refusals.note(Reason.HOST, "10.0.0.7")
    assert [each.get("times") for each in lines] == [None, 4, None]


async def test_each_reason_and_each_network_has_a_line_of_its_own(refusals: RefusalLog, lines: Lines, autojump_clock: MockClock) -> None:
    for reason in (Reason.BAD_TOKEN, Reason.ORIGIN):
        for address in ("10.0.0.7", "10.0.1.7", "2001:db8::1"):
            refusals.note(reason, address)
    assert len({(each["reason"], each["network"]) for each in lines}) == 6


async def test_what_is_unsaid_at_the_end_is_said_then(nursery: trio.Nursery, lines: Lines, autojump_clock: MockClock) -> None:
    refusals = RefusalLog(trio.current_time)
    async with trio.open_nursery() as telling:
        telling.start_soon(refusals.keep_telling)
        for _ in range(3):
            refusals.note(Reason.SLOW, "10.0.0.7")
        await trio.sleep(1)
        telling.cancel_scope.cancel()
    assert [each.get("times") for each in lines] == [None, 2]


async def test_attackers_from_everywhere_all_day_long_cost_a_few_megabytes_and_are_all_counted(
    refusals: RefusalLog, lines: Lines, autojump_clock: MockClock
) -> None:
    chance, total = random.Random(5), Counter[Reason]()
    for _ in range(24 * 60):
        for _ in range(30):
            reason = chance.choice(list(Reason))
            address = ".".join(str(chance.randrange(256)) for _ in range(4))
            refusals.note(reason, address if chance.random() < 0.9 else f"2001:{chance.randrange(65536):x}::1")
            total[reason] += 1
        await trio.sleep(60)
    written = sum(len(" ".join(f"{name}={value}" for name, value in each.items())) + 60 for each in lines)
    assert written < 5_000_000
    assert len(lines) < 24 * 60 * (BEGUN_LIMIT + len(Reason)) + NETWORKS_LIMIT * 30
    assert refusals.counted == total
    # All that was not said one by one was said together, but for what came since.
    assert sum(each.get("times", 1) for each in lines) > 0.9 * total.total()
    assert len(refusals._streaks) <= NETWORKS_LIMIT + len(Reason)


async def test_no_line_has_anything_that_a_client_sent(refusals: RefusalLog, lines: Lines) -> None:
    for reason in Reason:
        refusals.note(reason, "ta_ada_secret\nlevel=error")
    assert "secret" not in repr(lines)
