"""Resources: what can be looked at by its address, and the word that it has changed, in both eras."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import trio

from taskactors.actors.refusals import Overloaded
from taskactors.actors.tools import TOOLS
from taskactors.domain.errors import NotFound
from taskactors.mcp_server.connection import TOO_MANY
from taskactors.mcp_server.peer import LISTENS_LIMIT
from taskactors.mcp_server.pushing import WANTED_LIMIT
from taskactors.mcp_server.resources import RESOURCES, found
from tests.support.fake_front import FakeFront, Peer, connected, introduced, legacy, modern, serving

SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
TASK, INBOX, EVENTS = "taskactors://tasks/T-1", "taskactors://inbox", "taskactors://events"

LISTS = ("toolsListChanged", "promptsListChanged", "resourcesListChanged")


def listening(uris: list[str], number: int | str = "listen", **kinds: bool) -> dict[str, Any]:
    return modern("subscriptions/listen", {"notifications": {"resourceSubscriptions": uris, **kinds}}, number)


async def quiet(peer: Peer) -> None:
    """Nothing was sent before the answer to a question that is asked now."""
    assert (await peer.ask(modern("tools/call", {"name": "list_tasks", "arguments": {}}, "quiet")))["id"] == "quiet"


@pytest.mark.parametrize(("era", "request_of"), [(connected, modern), (introduced, legacy)], ids=["2026", "2025"])
async def test_every_resource_is_listed_and_read_by_its_tool(era: Any, request_of: Any) -> None:
    front = FakeFront()
    async with serving(front) as (url, _), era(f"{url}?agent=ada") as peer:
        listed = (await peer.ask(request_of("resources/list")))["result"]["resources"]
        templates = (await peer.ask(request_of("resources/templates/list")))["result"]["resourceTemplates"]
        assert len(listed) + len(templates) == len(RESOURCES)
        assert [each["uriTemplate"] for each in templates] == ["taskactors://tasks/{code}"]
        for uri in [each["uri"] for each in listed] + [TASK]:
            (contents,) = (await peer.ask(request_of("resources/read", {"uri": uri})))["result"]["contents"]
            resource = found(uri)
            assert resource is not None
            assert (contents["uri"], contents["mimeType"]) == (uri, "application/json")
            assert json.loads(contents["text"]) == resource.arguments("tasks/T-1")
            assert front.called[-1][1] == resource.tool
    assert all(each.tool in TOOLS for each in RESOURCES)


@pytest.mark.parametrize(
    "uri", ["taskactors://nothing", "taskactors://tasks/", "taskactors://tasks/a b", "tasks://T-1", "file:///etc/passwd", "taskactors://"]
)
async def test_an_address_that_leads_nowhere_is_not_found(uri: str) -> None:
    async with serving(FakeFront()) as (url, _), connected(url) as new, introduced(url) as old:
        assert (await new.ask(modern("resources/read", {"uri": uri})))["error"]["code"] == -32602
        assert (await old.ask(legacy("resources/read", {"uri": uri})))["error"]["code"] == -32002
        assert (await old.ask(legacy("resources/subscribe", {"uri": uri})))["error"]["code"] == -32002


async def test_a_task_that_is_not_there_is_not_found_and_any_other_refusal_is_said() -> None:
    async def missing(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        raise NotFound(kind="task", named="T-1")

    async def overloaded(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        raise Overloaded(desk="qa", retry_after_ms=10)

    front = FakeFront({"get_task_by_code": missing, "get_project_overview": overloaded})
    async with serving(front) as (url, _), connected(url) as peer:
        assert (await peer.ask(modern("resources/read", {"uri": TASK})))["error"]["code"] == -32602
        assert "overloaded" in (await peer.ask(modern("resources/read", {"uri": "taskactors://overview"})))["error"]["message"]


async def test_a_stream_says_first_what_it_will_tell_and_then_what_has_changed() -> None:
    front = FakeFront()
    async with serving(front) as (url, _), connected(f"{url}?agent=ada") as peer:
        first = await peer.ask(listening([TASK, INBOX, "taskactors://nothing"], toolsListChanged=True))
        assert first["method"] == "notifications/subscriptions/acknowledged"
        assert first["params"]["notifications"] == {"toolsListChanged": True, "resourceSubscriptions": [TASK, INBOX]}
        assert first["params"]["_meta"] == {SUBSCRIPTION: "listen"}
        front.listeners.hear(frozenset({"inbox/bob", "tasks/T-2", "events"}))
        await quiet(peer)
        front.listeners.hear(frozenset({"inbox/ada", "events"}))
        told = await peer.next()
        assert (told["method"], told["params"]["uri"]) == ("notifications/resources/updated", INBOX)
        assert told["params"]["_meta"] == {SUBSCRIPTION: "listen"}
        front.listeners.hear(frozenset({"tasks/T-1"}))
        assert (await peer.next())["params"]["uri"] == TASK


@pytest.mark.parametrize(
    ("kind", "name", "method"),
    [
        ("toolsListChanged", "lists/tools", "notifications/tools/list_changed"),
        ("promptsListChanged", "lists/prompts", "notifications/prompts/list_changed"),
        ("resourcesListChanged", "lists/resources", "notifications/resources/list_changed"),
    ],
)
async def test_a_stream_tells_that_a_list_has_changed_to_those_who_asked_about_that_one(kind: str, name: str, method: str) -> None:
    front, every = FakeFront(), frozenset({"lists/tools", "lists/prompts", "lists/resources"})
    async with serving(front) as (url, _), connected(url) as peer:
        first = await peer.ask(listening([], **{kind: True, **{other: False for other in LISTS if other != kind}}))
        assert first["params"]["notifications"] == {kind: True}
        front.listeners.hear(every - {name})
        await quiet(peer)
        front.listeners.hear(every)
        told = await peer.next()
        assert (told["method"], told["params"]["_meta"]) == (method, {SUBSCRIPTION: "listen"})
        await quiet(peer)


async def test_a_client_of_the_older_era_is_told_what_it_subscribed_to_until_it_unsubscribes() -> None:
    front = FakeFront()
    async with serving(front) as (url, _), introduced(f"{url}?agent=ada") as peer:
        for uri in (INBOX, EVENTS):
            assert (await peer.ask(legacy("resources/subscribe", {"uri": uri})))["result"] == {}
        front.listeners.hear(frozenset({"inbox/ada"}))
        told = await peer.next()
        assert (told["method"], told["params"]) == ("notifications/resources/updated", {"uri": INBOX})
        await peer.ask(legacy("resources/unsubscribe", {"uri": INBOX}))
        front.listeners.hear(frozenset({"inbox/ada", "events"}))
        assert (await peer.next())["params"] == {"uri": EVENTS}


async def test_a_person_is_told_of_their_own_inbox() -> None:
    front = FakeFront()
    async with serving(front) as (url, _), connected(url) as peer:
        await peer.ask(listening([INBOX]))
        front.listeners.hear(frozenset({"inbox/ada"}))
        front.listeners.hear(frozenset({"inbox/local"}))
        assert (await peer.next())["params"]["uri"] == INBOX
        await quiet(peer)


async def test_a_stream_ends_with_its_cancellation_and_with_its_connection() -> None:
    front = FakeFront()
    async with serving(front) as (url, _):
        async with connected(url) as peer:
            await peer.ask(listening([EVENTS]))
            await peer.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "listen"}})
            await quiet(peer)
            assert not front.listeners
            await peer.ask(listening([EVENTS]))
            assert front.listeners
        await front.until(lambda front: front.closing)
    assert not front.listeners


async def test_when_the_server_stops_every_stream_ends_with_an_answer() -> None:
    front = FakeFront()
    async with serving(front) as (url, door), connected(url) as peer, introduced(url) as old:
        await peer.ask(listening([EVENTS]))
        await old.ask(legacy("resources/subscribe", {"uri": EVENTS}))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(door.drain)
            end = await peer.next()
            assert (end["id"], end["result"]["_meta"][SUBSCRIPTION]) == ("listen", "listen")
            nursery.start_soon(peer.closed)
            nursery.start_soon(old.closed)


async def test_streams_and_what_they_name_are_bounded() -> None:
    front = FakeFront()
    async with serving(front) as (url, _), connected(url) as peer:
        many = [f"taskactors://tasks/T-{number}" for number in range(WANTED_LIMIT + 1)]
        acknowledged = await peer.ask(listening(many, 0))
        assert acknowledged["params"]["notifications"]["resourceSubscriptions"] == many[:-1]
        for number in range(1, LISTENS_LIMIT):
            await peer.ask(listening([EVENTS], number))
        refused = (await peer.ask(listening([EVENTS], LISTENS_LIMIT)))["error"]
        assert (refused["code"], "Too many streams" in refused["message"]) == (TOO_MANY, True)
    async with serving(front) as (url, _), introduced(url) as old:
        for uri in many[:-1]:
            assert "result" in await old.ask(legacy("resources/subscribe", {"uri": uri}))
        assert "Too many" in (await old.ask(legacy("resources/subscribe", {"uri": many[-1]})))["error"]["message"]
        assert "result" in await old.ask(legacy("resources/subscribe", {"uri": many[0]}))


async def test_what_changes_often_while_a_client_is_slow_is_told_once() -> None:
    """Nothing queues up: what has changed is a set."""
    front = FakeFront()
    async with serving(front) as (url, _), connected(url) as peer:
        await peer.ask(listening([EVENTS, TASK]))
        for _ in range(1_000):
            front.listeners.hear(frozenset({"events", "tasks/T-1"}))
        told = {(await peer.next())["params"]["uri"] for _ in range(2)}
        assert told == {EVENTS, TASK}
        await quiet(peer)


async def test_the_capabilities_say_that_resources_can_be_watched() -> None:
    async with serving(FakeFront()) as (url, _), connected(url) as peer:
        assert (await peer.ask(modern("server/discover")))["result"]["capabilities"]["resources"]["subscribe"] is True
