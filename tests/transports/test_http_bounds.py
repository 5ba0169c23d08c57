"""Bounds of the HTTP door: how many come, how large and how slow a request may be, and what one client holds of what all share."""

import itertools
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import trio
import trio.testing
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState
from hypercorn.utils import wrap_app

from taskactors.domain.token import Token, digest_of, local_token, secret_of
from taskactors.mcp_server import over_http
from taskactors.transports import http_guards
from taskactors.transports.admission import Admission
from taskactors.transports.asgi import BODY_BYTES, BODY_WITHIN_S
from taskactors.transports.failures import LIMIT as FAILURES_LIMIT
from taskactors.transports.http import PER_TOKEN_LIMIT
from taskactors.transports.http_guards import (
    HEADERS_BYTES,
    HEADERS_WITHIN_S,
    KEEP_ALIVE_S,
    SENT_WITHIN_S,
    GuardedServer,
    Settings,
    guard,
)
from tests.support.fake_front import INITIALIZE, FakeFront, Held, serving
from tests.support.http_server import serving_http
from tests.support.raw_http import CALL, MCP_CALL, MCP_HEADERS, exchanged, one_answer, request, status_of
from tests.support.raw_websocket import opening, rest_of

OURS = ("Host", "127.0.0.1")
JSON = ("Content-Type", "application/json")
CLOSE = ("Connection", "close")
WITHIN_S = 10.0
ADA, BOB, LOCAL = (secret_of(name, bytes([number]) * 32) for number, name in enumerate(("ada", "bob", "local")))
TOKENS = {
    ADA: Token(id="t-ada", name="ada", digest=digest_of(ADA), created_at=0),
    BOB: Token(id="t-bob", name="bob", digest=digest_of(BOB), created_at=0),
    LOCAL: local_token(LOCAL, 0),
}
WITH_TOKENS = Admission(holder=TOKENS.get)

DOORS = {"/rpc": (CALL, []), "/mcp": (MCP_CALL, MCP_HEADERS)}
"""Both take a body; one is read by us and one was read by the library."""


def post(target: str, body: bytes | None = None, *more: tuple[str, str]) -> bytes:
    usual, headers = DOORS[target]
    return request("POST", target, [OURS, JSON, *headers, *more], usual if body is None else body)


# how large


def padded(target: str, size: int) -> bytes:
    """The usual body with spaces up to this size."""
    return DOORS[target][0].ljust(size)


@pytest.mark.parametrize("target", DOORS)
async def test_a_body_at_the_limit_is_taken_and_one_byte_more_is_refused_in_words(target: str) -> None:
    front = FakeFront()
    async with serving_http(front) as (url, _, _):
        port = int(url.rsplit(":", 1)[1])
        assert status_of(await exchanged(port, post(target, padded(target, BODY_BYTES), CLOSE))) == 200
        answer = await exchanged(port, post(target, padded(target, BODY_BYTES + 1), CLOSE))
    assert (status_of(answer), f"{BODY_BYTES} bytes at most".encode() in answer) == (413, True)
    assert len(front.called) == 1


@pytest.mark.parametrize("in_pieces", [False, True])
async def test_headers_at_the_limit_are_taken_and_one_byte_more_is_refused(in_pieces: bool) -> None:
    front = FakeFront()
    room = HEADERS_BYTES - len(post("/rpc", None, CLOSE, ("X", ""))) + len(CALL)
    async with serving_http(front) as (url, _, _):
        port = int(url.rsplit(":", 1)[1])
        for more, status in ((0, 200), (1, 431)):
            sent = post("/rpc", None, CLOSE, ("X", "x" * (room + more)))
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                for piece in (sent[:9_000], sent[9_000:]) if in_pieces else (sent,):
                    await stream.send_all(piece)
                    await trio.testing.wait_all_tasks_blocked(0.01)
                with trio.fail_after(WITHIN_S):
                    assert status_of(await rest_of(stream)) == status
    assert len(front.called) == 1


async def test_endless_headers_are_refused_before_they_end() -> None:
    async with serving_http(FakeFront()) as (url, _, _):
        answer = await exchanged(int(url.rsplit(":", 1)[1]), b"GET / HTTP/1.1\r\nX: " + b"x" * (2 * HEADERS_BYTES))
    assert status_of(answer) == 431
    assert b"Too Large" in answer.partition(b"\r\n\r\n")[2]


# how slow, on streams in memory and a clock that jumps


def with_addresses(stream: trio.testing.MemorySendStream) -> Any:
    """The stream as the library wants it, which asks the socket below where everybody is."""
    found = SimpleNamespace(family=socket.AF_INET, getpeername=lambda: ("127.0.0.1", 1), getsockname=lambda: ("127.0.0.1", 2))
    stream.socket = found  # type: ignore[attr-defined]
    return stream


@asynccontextmanager
async def in_memory(front: FakeFront, tight: bool = False) -> AsyncIterator[trio.abc.HalfCloseableStream]:
    """A client of the door on a stream in memory, without any room where it is tight; leaving waits until the door has let go of it."""
    guard()
    async with serving_http(front) as (_, door, _):
        client, server = trio.testing.lockstep_stream_pair() if tight else trio.testing.memory_stream_pair()
        app = wrap_app(door._answer, 1, "asgi")  # type: ignore[arg-type]
        served = GuardedServer(app, Settings(door.admission.refusals), WorkerContext(None), ConnectionState({}), with_addresses(server))  # type: ignore[arg-type]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(served.run)
            yield client


async def ended(client: trio.abc.ReceiveStream) -> tuple[bytes, float]:
    """What comes until the end, and when that is."""
    received = await rest_of(client)
    return received, trio.current_time()


BEGUN = {"nothing": (b"", b""), "half a request": (b"POST /rpc HTTP/1.1\r\nHost: 127.0.0.1\r\n", b" 408 ")}


@pytest.mark.parametrize("what", BEGUN)
async def test_a_client_that_does_not_send_its_headers_in_time_is_cut_off(what: str, autojump_clock: trio.testing.MockClock) -> None:
    sent, said = BEGUN[what]
    async with in_memory(FakeFront()) as client:
        began = trio.current_time()
        await client.send_all(sent)
        received, at = await ended(client)
    assert at - began == pytest.approx(HEADERS_WITHIN_S, abs=0.1)
    assert said in received


async def test_a_client_that_drips_its_headers_is_cut_off_all_the_same(autojump_clock: trio.testing.MockClock) -> None:
    async with in_memory(FakeFront()) as client:
        began = trio.current_time()
        with pytest.raises(trio.BrokenResourceError):
            for byte in itertools.chain(b"GET /health HTTP/1.1\r\nX: ", itertools.repeat(ord("x"))):
                await client.send_all(bytes([byte]))
                await trio.sleep(1)
    assert trio.current_time() - began <= HEADERS_WITHIN_S + 2


async def test_headers_that_come_just_in_time_are_taken_on_a_new_connection_and_on_one_in_use(
    autojump_clock: trio.testing.MockClock,
) -> None:
    front = FakeFront()
    async with in_memory(front) as client:
        for number in range(3):
            sent = post("/rpc")
            await client.send_all(sent[:20])
            await trio.sleep(HEADERS_WITHIN_S - 0.5)
            await client.send_all(sent[20:])
            assert status_of(await one_answer(client)) == 200
            assert len(front.called) == number + 1
            await trio.sleep(HEADERS_WITHIN_S + 1)
        await client.send_eof()


async def test_a_connection_that_is_kept_open_idles_for_so_long(autojump_clock: trio.testing.MockClock) -> None:
    async with in_memory(FakeFront()) as client:
        await client.send_all(post("/rpc"))
        assert status_of(await one_answer(client)) == 200
        began = trio.current_time()
        await ended(client)
    assert trio.current_time() - began == pytest.approx(KEEP_ALIVE_S, abs=0.1)


async def test_on_a_connection_in_use_begun_headers_have_no_longer_than_on_a_new_one(autojump_clock: trio.testing.MockClock) -> None:
    async with in_memory(FakeFront()) as client:
        await client.send_all(post("/rpc"))
        assert status_of(await one_answer(client)) == 200
        await trio.sleep(30)
        began = trio.current_time()
        await client.send_all(b"POST /r")
        received, at = await ended(client)
    assert at - began == pytest.approx(HEADERS_WITHIN_S, abs=0.1)
    assert status_of(received) == 408


@pytest.mark.parametrize("target", DOORS)
async def test_a_body_has_so_long_and_no_longer(target: str, autojump_clock: trio.testing.MockClock) -> None:
    front = FakeFront()
    sent = post(target, None, CLOSE)
    async with in_memory(front) as client:
        await client.send_all(sent[:-1])
        await trio.sleep(BODY_WITHIN_S - 0.5)
        await client.send_all(sent[-1:])
        assert status_of((await ended(client))[0]) == 200
    async with in_memory(front) as client:
        began = trio.current_time()
        await client.send_all(sent[:-1])
        received, at = await ended(client)
    assert (status_of(received), b"did not come within" in received) == (408, True)
    assert at - began == pytest.approx(BODY_WITHIN_S, abs=1.5)
    assert len(front.called) == 1


@pytest.mark.parametrize("target", DOORS)
async def test_a_call_that_takes_long_is_waited_for(target: str, autojump_clock: trio.testing.MockClock) -> None:
    async def slow(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        await trio.sleep(45)
        return {"waited": True}

    async with in_memory(FakeFront({"claim_task": slow})) as client:
        await client.send_all(post(target, None, CLOSE))
        received, _ = await ended(client)
    assert status_of(received) == 200
    assert b"waited" in received


async def test_a_client_that_does_not_read_is_cut_off_in_time_and_its_call_with_it(autojump_clock: trio.testing.MockClock) -> None:
    front = FakeFront()
    async with in_memory(front, tight=True) as client:
        await client.send_all(post("/rpc"))
        await front.until(lambda front: front.called)
        began = trio.current_time()
    assert trio.current_time() - began == pytest.approx(SENT_WITHIN_S, abs=0.1)


# how many


async def test_beyond_so_many_connections_newcomers_hear_why_and_whoever_is_in_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_guards, "CONNECTIONS_LIMIT", 2)
    front = FakeFront()
    async with serving_http(front) as (url, _, _):
        port = int(url.rsplit(":", 1)[1])
        async with await trio.open_tcp_stream("127.0.0.1", port) as first, await trio.open_tcp_stream("127.0.0.1", port) as second:
            for stream in (first, second):
                await stream.send_all(post("/rpc"))
                assert status_of(await one_answer(stream)) == 200
            answer = await exchanged(port, post("/rpc", None, CLOSE))
            assert (status_of(answer), b"too many connections" in answer) == (503, True)
            await first.send_all(post("/rpc"))
            assert status_of(await one_answer(first)) == 200
        with trio.fail_after(WITHIN_S):
            while status_of(await exchanged(port, post("/rpc", None, CLOSE))) != 200:
                pass
    assert len(front.called) == 4


async def test_a_client_that_has_left_occupies_no_place(autojump_clock: trio.testing.MockClock) -> None:
    async with in_memory(FakeFront()) as client:
        await client.send_all(post("/rpc"))
        assert status_of(await one_answer(client)) == 200
        began = trio.current_time()
        await client.aclose()
    assert trio.current_time() == began


async def test_of_a_flood_beyond_that_most_are_not_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_guards, "CONNECTIONS_LIMIT", 0)
    monkeypatch.setattr(http_guards, "REFUSING_LIMIT", 0)
    async with serving_http(FakeFront()) as (url, _, _):
        assert await exchanged(int(url.rsplit(":", 1)[1]), post("/rpc")) == b""


async def test_one_agents_token_has_so_many_requests_under_way_and_no_other_feels_it(nursery: trio.Nursery) -> None:
    held = Held()
    front = FakeFront({"next_task": held})
    async with serving_http(front, WITH_TOKENS) as (url, _, _), httpx2.AsyncClient(limits=httpx2.Limits(max_connections=200)) as client:

        async def asked(secret: str, method: str = "next_task") -> int:
            reply = await client.post(
                f"{url}/rpc", json={"jsonrpc": "2.0", "id": 1, "method": method}, headers={"authorization": f"Bearer {secret}"}
            )
            return reply.status_code

        for _ in range(PER_TOKEN_LIMIT):
            nursery.start_soon(asked, ADA)
        await front.until(lambda front: len(front.called) == PER_TOKEN_LIMIT)
        assert await asked(ADA, "list_tasks") == 429
        assert [await asked(secret, "list_tasks") for secret in (BOB, LOCAL)] == [200, 200]
        held.released.set()
        with trio.fail_after(WITHIN_S):
            while await asked(ADA, "list_tasks") != 200:
                pass


async def test_after_so_many_failures_of_an_address_the_answer_is_short_and_a_good_token_is_let_in() -> None:
    admission = Admission(holder=TOKENS.get)
    bad = post("/rpc", None, ("Authorization", "Bearer nonsense"), CLOSE)
    async with serving_http(FakeFront(), admission) as (url, _, _), serving(FakeFront(), admission) as (ws, _):
        http_port, ws_port = int(url.rsplit(":", 1)[1]), int(ws.rsplit(":", 1)[1].removesuffix("/mcp"))
        # They are counted together, whichever door they come to.
        for number in range(FAILURES_LIMIT + 2):
            answer = await exchanged(http_port if number % 2 else ws_port, bad if number % 2 else opening())
            assert status_of(answer) == (401 if number < FAILURES_LIMIT else 429)
        good = post("/rpc", None, ("Authorization", f"Bearer {ADA}"), CLOSE)
        assert status_of(await exchanged(http_port, good)) == 200


# sessions of the older era


async def opened(url: str, secret: str | None = None) -> str:
    """A new session's id."""
    reply = await _posted(url, secret, None, {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE})
    assert reply.status_code == 200, reply.text
    return reply.headers["mcp-session-id"]


async def is_open(url: str, session: str, secret: str | None = None) -> bool:
    """Whether a session is there for whoever has this token."""
    reply = await _posted(url, secret, session, {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "list_tasks"}})
    assert reply.status_code in (200, 404)
    return reply.status_code == 200


async def _posted(url: str, secret: str | None, session: str | None, message: Mapping[str, Any]) -> httpx2.Response:
    headers = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
    headers |= {"authorization": f"Bearer {secret}"} if secret else {}
    headers |= {"mcp-session-id": session} if session else {}
    async with httpx2.AsyncClient() as client:
        return await client.post(f"{url}/mcp", content=json.dumps(message), headers=headers)


async def test_an_agent_that_forgets_its_sessions_loses_the_oldest_and_uses_up_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_http, "PER_TOKEN_LIMIT", 3)
    async with serving_http(FakeFront(), WITH_TOKENS) as (url, _, _):
        bobs = await opened(url, BOB)
        sessions = [await opened(url, ADA) for _ in range(3)]
        assert [await is_open(url, each, ADA) for each in sessions] == [True, True, True]
        newest = await opened(url, ADA)
        # Each was used since it was opened, in their order.
        assert [await is_open(url, each, ADA) for each in (*sessions, newest)] == [False, True, True, True]
        assert await is_open(url, bobs, BOB)


async def test_with_room_for_no_session_more_the_oldest_that_rests_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_http, "SESSIONS_LIMIT", 3)
    async with serving_http(FakeFront()) as (url, _, _):
        first, *others = [await opened(url) for _ in range(4)]
        assert not await is_open(url, first)
        assert [await is_open(url, each) for each in others] == [True, True, True]


async def test_a_session_means_nothing_to_another_token() -> None:
    async with serving_http(FakeFront(), WITH_TOKENS) as (url, _, _):
        adas = await opened(url, ADA)
        assert await is_open(url, adas, ADA)
        assert not await is_open(url, adas, BOB)
        assert not await is_open(url, adas, LOCAL)
        assert not await is_open(url, "0" * 32, ADA)
        assert len(adas) == 32
        assert await is_open(url, adas, ADA)
