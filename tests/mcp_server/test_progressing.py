"""Progress: a client that asked for it hears how long its call has waited, in growing numbers, and nothing after the answer."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from taskactors.domain.errors import NotFound
from tests.support.fake_front import INITIALIZE, FakeFront, legacy, modern
from tests.support.in_memory_wire import InMemory, in_memory

EVERY_S = 5
Answer = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


@asynccontextmanager
async def talking(answer: Answer) -> AsyncIterator[InMemory]:
    async with in_memory(FakeFront({"next_task": answer})) as wire:
        yield wire


def answering_after(seconds: float) -> Answer:
    async def answer(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        await trio.sleep(seconds)
        return {"done": True}

    return answer


def waiting(wait_s: object, token: str | int | None = "t", request_of: Any = modern, number: int = 1) -> Any:
    request = request_of("tools/call", {"name": "next_task", "arguments": {"wait_s": wait_s}}, number)
    if token is not None:
        request["params"]["_meta"] = {**request["params"].get("_meta", {}), "progressToken": token}
    return request


@pytest.mark.parametrize("request_of", [modern, legacy], ids=["2026", "2025"])
async def test_a_call_that_waits_says_so_in_growing_numbers_and_then_answers(request_of: Any, autojump_clock: MockClock) -> None:
    async with talking(answering_after(17)) as wire:
        if request_of is legacy:
            await wire.say(legacy("initialize", INITIALIZE, "hello"))
            await wire.heard()
        await wire.say(waiting(45, "t", request_of))
        *told, answer = await wire.heard()
        assert [each["method"] for each in told] == ["notifications/progress"] * 3
        assert [(each["params"]["progressToken"], each["params"]["progress"], each["params"]["total"]) for each in told] == [
            ("t", 5, 45),
            ("t", 10, 45),
            ("t", 15, 45),
        ]
        assert answer["result"]["structuredContent"] == {"done": True}
        with trio.move_on_after(100):
            raise AssertionError(await wire.heard())


@pytest.mark.parametrize(
    ("wait_s", "token", "after_s"),
    [(45, None, 30), (0, "t", 30), (EVERY_S, "t", 30), (45, "t", EVERY_S - 1), ("45", "t", 30), (None, "t", 30)],
    ids=["not asked for", "no wait", "a wait too short", "answered before", "a wrong wait", "no wait named"],
)
async def test_nothing_is_said_where_nobody_asked_or_nothing_waits(
    wait_s: object, token: str | None, after_s: float, autojump_clock: MockClock
) -> None:
    async with talking(answering_after(after_s)) as wire:
        await wire.say(waiting(wait_s, token))
        (answer,) = await wire.heard()
        assert answer["result"]["isError"] is False


async def test_an_answer_that_comes_with_the_next_word_is_the_last_of_it(autojump_clock: MockClock) -> None:
    for seconds in (EVERY_S, 2 * EVERY_S, 45):
        async with talking(answering_after(seconds)) as wire:
            await wire.say(waiting(45))
            told = await wire.heard()
            assert [each["params"]["progress"] for each in told[:-1]] == sorted({each["params"]["progress"] for each in told[:-1]})
            assert all(each["params"]["progress"] < 45 for each in told[:-1])
            with trio.move_on_after(100):
                raise AssertionError(await wire.heard())


async def test_a_refusal_after_some_waiting_is_one(autojump_clock: MockClock) -> None:
    async def refuse(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        await trio.sleep(EVERY_S + 1)
        raise NotFound(kind="task", named="T-1")

    async with talking(refuse) as wire:
        await wire.say(waiting(45))
        progress, answer = await wire.heard()
        assert progress["params"]["progress"] == EVERY_S
        assert answer["result"]["_meta"]["taskactors/refusal"]["code"] == "not_found"


async def test_a_call_that_is_cancelled_says_no_more_and_the_next_goes_on(autojump_clock: MockClock) -> None:
    async with talking(answering_after(12)) as wire:
        await wire.say(waiting(45))
        json.loads(await wire.at_client.receive())
        await wire.say({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})
        await wire.say(waiting(45, "other", number=2))
        *told, answer = await wire.heard()
        assert [each["params"]["progressToken"] for each in told] == ["other", "other"]
        assert answer["id"] == 2
