"""The entrance: whoever comes before the SDK is there waits for it, and is let go when there is a reason to."""

from collections.abc import MutableMapping
from typing import Any

import pytest
import trio
import trio.testing

from taskactors.actors.calls import Connection
from taskactors.mcp_server import entrance
from taskactors.mcp_server.entrance import Entrance
from taskactors.mcp_server.http_entrance import HttpEntrance
from tests.support.fake_front import FakeFront

REQUEST: dict[str, Any] = {
    "type": "http",
    "method": "POST",
    "path": "/mcp",
    "query_string": b"",
    "headers": [(b"content-type", b"application/json"), (b"accept", b"application/json, text/event-stream")],
}


async def unheard() -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": b"{", "more_body": False}


def token(name: str) -> Connection:
    return Connection(id=name, project="default", token=name)


async def test_a_token_that_is_revoked_before_the_sdk_is_there_is_served_nothing_afterwards() -> None:
    door, answers = HttpEntrance(Entrance(FakeFront())), dict[str, list[MutableMapping[str, Any]]](revoked=[], good=[])

    async def ask(name: str) -> None:
        async def send(message: MutableMapping[str, Any]) -> None:
            answers[name].append(message)

        await door.handle({**REQUEST}, unheard, send, token(name))

    async with door.running():
        async with trio.open_nursery() as asking:
            asking.start_soon(ask, "revoked")
            asking.start_soon(ask, "good")
            await trio.testing.wait_all_tasks_blocked()
            door.revoke("revoked")
            await door.entrance.load()
        assert answers["revoked"] == []
        assert answers["good"][0]["status"] == 400


async def test_a_stop_waits_for_one_step_of_the_loading_and_not_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []

    def load(module: str) -> None:
        loaded.append(module)
        trio.from_thread.run_sync(stopping.cancel)

    monkeypatch.setattr(entrance, "import_module", load)
    with trio.CancelScope() as stopping:
        await Entrance(FakeFront()).load()
    assert stopping.cancelled_caught
    assert loaded == [entrance.IN_STEPS[0]]
