"""Pages in a real browser: whatever a page of somebody else's tries, no tool hears of it and the page reads nothing."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from taskactors.transports.admission import Admission, Handshake, Refused
from tests.support.agent_client import AgentClient, connected
from tests.support.browser import Page, browsing, needs_browser, pages
from tests.support.fake_front import FakeFront, serving
from tests.support.http_server import serving_http
from tests.support.server_process import ServerProcess, running

pytestmark = needs_browser

ATTACKS = (Path(__file__).parent / "attacks.js").read_text()
ATTEMPTS = 35
ARRIVING = 25
"""Attempts that reach a server at least; of some the browser stops more than one by what it heard of the first."""

SUCCEEDED = ("read", "opened", "frame")
OUR_REFUSAL = "frame: this server does not answer to that Host"
"""What a page at a name that is not ours may see, as it is at the same name: that it is turned away."""

Outcomes = Mapping[str, str]
Known = tuple[Any, ...]


@define(eq=False)
class Noting(Admission):
    """Says how often it was asked, and what Origins were named."""

    asked: list[tuple[str, ...]] = field(factory=list)

    def turned_down(self, handshake: Handshake) -> Refused | None:
        self.asked.append(tuple(value for name, value in handshake.headers if name == "origin"))
        return super().turned_down(handshake)

    def at(self, host: str) -> "Noting":
        return self


class Everybody(Noting):
    """Lets in whoever comes."""

    def turned_down(self, handshake: Handshake) -> Refused | None:
        super().turned_down(handshake)
        return None


def succeeded(outcomes: Outcomes) -> dict[str, str]:
    """The attempts that came to anything."""
    assert len(outcomes) == ATTEMPTS
    return {name: seen for name, seen in outcomes.items() if seen.startswith(SUCCEEDED) and seen.strip() != OUR_REFUSAL}


# where a page can be


async def of_another_origin(page: Page, ws: str, http: str) -> Any:
    return await page.run(f"{ATTACKS}({ws!r}, {http!r})")


async def in_a_sandbox(page: Page, ws: str, http: str) -> Any:
    return await _in_frame(page, ws, http, 'frame.sandbox = "allow-scripts allow-forms"; frame.srcdoc = text;')


async def in_a_data_address(page: Page, ws: str, http: str) -> Any:
    return await _in_frame(page, ws, http, 'frame.src = "data:text/html," + encodeURIComponent(text);')


async def _in_frame(page: Page, ws: str, http: str, shown: str) -> Any:
    inside = f"<body><script>{ATTACKS}({ws!r}, {http!r}).then((seen) => parent.postMessage(seen, '*'))</script>"
    return await page.run(
        f"""new Promise((done) => {{
          const text = {json.dumps(inside)};
          const frame = document.createElement("iframe");
          onmessage = (message) => done(message.data);
          {shown}
          document.body.append(frame);
        }})"""
    )


async def in_a_file(page: Page, ws: str, http: str) -> Any:
    await page.go((Path(__file__).parent / "page.html").as_uri())
    return await page.run(f"{ATTACKS}({ws!r}, {http!r})")


async def at_the_servers_own_address(page: Page, ws: str, http: str) -> Any:
    """What a name that turned into our address after the page was loaded makes of it: the page is of the same origin then."""
    ws, http = (url.replace("127.0.0.1", "evil.example") for url in (ws, http))
    await page.go(f"{http}/page")
    assert await page.run("origin") == http
    return await page.run(f"{ATTACKS}({ws!r}, {http!r})")


Where = Callable[[Page, str, str], Awaitable[Any]]
WHERE: tuple[Where, ...] = (of_another_origin, in_a_sandbox, in_a_data_address, in_a_file, at_the_servers_own_address)


@asynccontextmanager
async def doors(admission: Admission) -> AsyncIterator[tuple[FakeFront, str, str]]:
    front = FakeFront()
    async with serving(front, admission) as (ws, _), serving_http(front, admission) as (http, _, _):
        yield front, ws, http


@pytest.mark.parametrize("where", WHERE)
async def test_a_page_that_is_not_allowed_calls_nothing_and_reads_nothing(where: Where) -> None:
    admission = Noting()
    async with doors(admission) as (front, ws, http), pages() as port, browsing() as browser:
        page = await browser.page()
        await page.go(f"http://evil.example:{port}/")
        assert succeeded(await where(page, ws, http)) == {}
    # It did try, and nothing but our own answer stopped it.
    assert len(admission.asked) >= ARRIVING
    assert (front.called, front.opening) == ([], [])


@pytest.mark.parametrize("where", WHERE)
async def test_the_same_page_can_when_it_is_allowed_so_that_the_test_above_can_fail(where: Where) -> None:
    async with pages() as port, browsing() as browser:
        page = await browser.page()
        await page.go(f"http://evil.example:{port}/")
        async with doors(Everybody()) as (front, ws, http):
            seen = succeeded(await where(page, ws, http))
            assert {"websocket", "post json", "post json to mcp", "xhr json"} <= set(seen)
            assert {tool for _, tool, _ in front.called} >= {"create_task"}


@pytest.mark.parametrize("where", [of_another_origin, at_the_servers_own_address])
async def test_a_page_leaves_a_real_server_as_it_was(tmp_path: Path, where: Where) -> None:
    with running(tmp_path / "data") as server:
        seen, before, after = await _visited(server, where)
    assert seen == {}
    assert before == after


async def test_a_page_of_an_origin_that_was_allowed_can_use_a_real_server(tmp_path: Path) -> None:
    async with pages() as port:
        with running(tmp_path / "data", "--allow-origin", f"http://evil.example:{port}") as server:
            seen, before, after = await _visited(server, of_another_origin, port)
    assert {"websocket", "websocket as an agent", "get health", "post json", "post json to mcp", "worker"} <= set(seen)
    assert before != after


async def test_a_page_of_an_allowed_origin_still_needs_a_token(tmp_path: Path) -> None:
    async with pages() as port:
        with running(tmp_path / "data", "--allow-origin", f"http://evil.example:{port}", no_auth=False) as server:
            seen, before, after = await _visited(server, of_another_origin, port)
    # Whether it is well is all that is said to those without one.
    assert seen == {"get health": 'read: {"status":"healthy"}'}
    assert before == after


async def _visited(server: ServerProcess, where: Where, port: int | None = None) -> tuple[dict[str, str], Known, Known]:
    """What a page could do at a server, and what the server knew before and afterwards."""
    local = server.data / "local.token"
    async with connected(server.ws, token=local.read_text().strip() if local.exists() else None) as me, pages() as another:
        await me.call("create_task", code="OURS", name="a task", description="of ours")
        before = await _known(me)
        async with browsing() as browser:
            page = await browser.page()
            await page.go(f"http://evil.example:{port or another}/")
            seen = succeeded(await where(page, server.ws, server.facts["http"].removesuffix("/mcp")))
        return seen, before, await _known(me)


async def _known(me: AgentClient) -> Known:
    health = await me.call("health_check")
    return (await me.call("get_changes"), await me.call("list_agents"), health["total_tasks"], health["events"])
