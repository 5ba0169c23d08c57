"""An agent of the load asks one thing at a time, and what follows from the answer."""

import asyncio
import json
from typing import Any

from bench.load.asking import Agent, Call, Pause, Turn
from bench.load.mcp import Mcp
from bench.load.timing import Timing
from bench.load.work import changes


def answer(request: dict[str, Any], content: dict[str, Any], *, is_error: bool = False) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": {"structuredContent": content, "isError": is_error}}).encode()


class Heard(list[dict[str, Any]]):
    """What an agent has asked so far."""

    def say(self, body: bytes) -> None:
        self.append(json.loads(body))


def working() -> tuple[Agent, Heard]:
    heard = Heard()
    agent = Agent("ada", Mcp(), lambda: changes(""), Timing(opens_at=0.0), [], say=heard.say)
    agent.begin()
    return agent, heard


def test_each_call_is_made_of_the_answer_before_it() -> None:
    agent, heard = working()
    agent.hear(answer(heard[-1], {"code": "BENCH-007"}))
    agent.hear(answer(heard[-1], {"code": "BENCH-007", "claim": {"fence": 3}}))
    agent.hear(answer(heard[-1], {"code": "BENCH-007"}))
    asked = [(request["params"]["name"], request["params"]["arguments"]) for request in heard]
    assert [name for name, _ in asked] == ["create_task", "claim_task", "complete_task", "create_task"]
    assert asked[1][1] == {"code": "BENCH-007"}
    assert asked[2][1] | {"summary": ""} == {"code": "BENCH-007", "fence": 3, "summary": ""}


def test_what_answers_nothing_that_was_asked_is_passed_over() -> None:
    agent, heard = working()
    agent.hear(b'{"jsonrpc":"2.0","method":"notifications/progress","params":{}}')
    agent.hear(answer({"id": 99}, {"code": "OTHER-1"}))
    assert len(heard) == 1
    assert agent.errors == []


def test_a_refusal_is_an_error_and_begins_the_turn_anew() -> None:
    agent, heard = working()
    agent.hear(answer(heard[-1], {"code": "BENCH-007"}))
    agent.hear(answer(heard[-1], {}, is_error=True))
    assert len(agent.errors) == 1
    assert heard[-1]["params"]["name"] == "create_task"


def thinking() -> Turn:
    yield Call("get_task_by_code", {"code": "A-1"})
    yield Pause(0.0)
    return ""


def test_a_turn_that_ends_with_a_pause_is_followed_by_the_next() -> None:
    async def working() -> list[bytes]:
        asked = asyncio.Queue[bytes]()
        agent = Agent("ada", Mcp(), thinking, Timing(), [], say=asked.put_nowait)
        agent.begin()
        said = [await asked.get()]
        for _ in range(3):
            agent.hear(answer(json.loads(said[-1]), {}))
            said.append(await asked.get())
        return said

    assert len(asyncio.run(working())) == 4
