"""Many agents at once on one server: every task is won by exactly one of them, and all that they are told fits one order."""

from collections import Counter
from pathlib import Path

import trio

from tests.linear.history import History, Recorded
from tests.linear.log import read_log
from tests.linear.witness import check
from tests.support.agent_client import Refused, connected
from tests.support.server_process import running

CLIENTS, TASKS = 64, 200


async def test_64_clients_race_for_200_tasks_and_each_task_has_exactly_one_winner(tmp_path: Path) -> None:
    won: list[tuple[str, str]] = []
    history = History()
    with running(tmp_path / "data") as server:
        async with connected(server.ws) as socket:
            person = history.around("local", socket.call)
            codes = [(await person.call("create_task", code="RACE", name="a task", description="to be won"))["code"] for _ in range(TASKS)]
        ready, started = trio.Event(), 0

        async def agent(name: str) -> None:
            nonlocal started
            async with connected(server.ws, name) as me:
                started += 1
                if started == CLIENTS:
                    ready.set()
                await ready.wait()
                recorded = history.around(name, me.call)
                won.extend([(code, name) for code in codes if await claimed(recorded, code)])

        async with trio.open_nursery() as nursery:
            for number in range(CLIENTS):
                nursery.start_soon(agent, f"agent-{number}")
        winners = Counter(code for code, _ in won)
        assert winners == Counter(dict.fromkeys(codes, 1))
        async with connected(server.ws) as socket:
            person = history.around("local", socket.call)
            for code, name in won:
                task = await person.call("get_task_by_code", code=code)
                assert (task["owner_agent_name"], task["claim"]["fence"]) == (name, 1)
            check(history.calls, await read_log(socket.call))


async def claimed(me: Recorded, code: str) -> bool:
    try:
        await me.call("claim_task", code=code)
    except Refused as no:
        if no.code != "not_claimable":
            raise
        return False
    return True
