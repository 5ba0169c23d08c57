"""Whoever is turned away is counted under the reason for which they were, and whoever only looks whether somebody listens is not."""

import socket
import ssl
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
import trio
import trio.testing
import trustme

from taskactors.actors.calls import Connection
from taskactors.actors.wires import Wire
from taskactors.domain.token import Token
from taskactors.transports import http_guards, websocket
from taskactors.transports.admission import Admission
from taskactors.transports.control import ControlDoor
from taskactors.transports.guarded_stream import HANDSHAKE_BYTES
from taskactors.transports.http import PER_TOKEN_LIMIT
from taskactors.transports.refusal_log import Reason
from taskactors.transports.websocket import WebSocketDoor
from tests.support.fake_front import FakeFront
from tests.support.http_server import serving_http
from tests.support.raw_http import exchanged, request, status_of
from tests.support.raw_websocket import opening, rest_of


async def nobody(wire: Wire, connection: Connection) -> None:
    pass


@asynccontextmanager
async def served(door: WebSocketDoor) -> AsyncIterator[trio.testing.MemorySendStream]:
    """The client's end of a connection to a door."""
    client, server = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(door.serve, server)
        yield client  # type: ignore[misc]


def counted(door: WebSocketDoor) -> dict[Reason, int]:
    return dict(door.admission.refusals.counted)


async def test_a_handshake_that_is_not_finished_in_time(autojump_clock: trio.testing.MockClock) -> None:
    door = WebSocketDoor(nobody)
    async with served(door) as client:
        await client.send_all(b"GET /mcp HTTP/1.1\r\n")
    assert counted(door) == {Reason.SLOW: 1}


@pytest.mark.parametrize(
    "sent", [b"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n", b"\0" * 20 + b"\r\n\r\n", opening(more={"X": "x" * HANDSHAKE_BYTES})]
)
async def test_a_handshake_that_ends_too_early_is_none_or_is_too_long(sent: bytes) -> None:
    door = WebSocketDoor(nobody)
    async with served(door) as client:
        await client.send_all(sent)
        await client.aclose()
    assert counted(door) == {Reason.MALFORMED: 1}


@pytest.mark.parametrize(("sent", "found"), [(b"", {}), (b"GET /mcp", {Reason.MALFORMED: 1})])
async def test_somebody_who_breaks_off(sent: bytes, found: dict[Reason, int]) -> None:
    door = WebSocketDoor(nobody)
    async with trio.open_nursery() as nursery:
        port = await nursery.start(door.listen, "127.0.0.1", 0)
        await broken_off(port, sent)
        nursery.cancel_scope.cancel()
    assert counted(door) == found


async def broken_off(port: int, sent: bytes) -> None:
    """A client that sends this and goes without a goodbye."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    if sent:
        await stream.send_all(sent)
    await trio.testing.wait_all_tasks_blocked(0.05)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    await stream.aclose()
    await trio.testing.wait_all_tasks_blocked(0.05)


async def test_somebody_who_only_looks_whether_anybody_listens() -> None:
    door = WebSocketDoor(nobody)
    async with served(door) as client:
        await client.aclose()
    assert counted(door) == {}


async def test_newcomers_for_whom_there_is_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "CONNECTIONS_LIMIT", 0)
    door = WebSocketDoor(nobody)
    async with served(door) as client:
        await client.aclose()
    assert counted(door) == {Reason.CROWDED: 1}


async def test_a_connection_that_breaks_in_us_is_told_by_its_place_and_not_by_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError("Bearer ta_ada_secret")

    monkeypatch.setattr("taskactors.transports.opening.Opening.read", broken)
    door = WebSocketDoor(nobody)
    with structlog.testing.capture_logs() as lines:
        async with served(door) as client:
            await client.send_all(opening())
            await client.aclose()
    assert counted(door) == {Reason.BROKEN: 1}
    assert "ValueError in " in lines[0]["error"]
    assert "secret" not in repr(lines)


NO_TLS = pytest.mark.parametrize(
    ("sent", "fault"),
    [
        (b"GET /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP_REQUEST"),
        (b"\x16\x03\x01\x00\x04nope", "any"),
        (b"", None),
    ],
)


async def said(port: int, sent: bytes) -> None:
    """A client that sends this and has no more to say."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        if sent:
            await stream.send_all(sent)
        await stream.send_eof()
        await rest_of(stream)


def is_told(fault: str | None, lines: Sequence[Any]) -> bool:
    """Whether the fault is what the lines give as the error; there are none where there is none."""
    found = [line["error"] for line in lines]
    return found == [] if fault is None else fault in ("any", *found)


@NO_TLS
async def test_somebody_who_speaks_no_tls_where_that_is_wanted(sent: bytes, fault: str | None) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(tls)
    door = WebSocketDoor(nobody, tls=tls)
    with structlog.testing.capture_logs() as lines:
        async with trio.open_nursery() as nursery:
            port = await nursery.start(door.listen, "127.0.0.1", 0)
            await said(port, sent)
            nursery.cancel_scope.cancel()
    assert counted(door) == ({Reason.TLS: 1} if fault else {})
    assert is_told(fault, lines)


@NO_TLS
async def test_somebody_who_speaks_no_tls_over_http(sent: bytes, fault: str | None, tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as lines:
        async with serving_http(FakeFront(), tls=certified(tmp_path)) as (url, door, _):
            await said(port_of(url), sent)
            assert dict(door.admission.refusals.counted) == ({Reason.TLS: 1} if fault else {})
    assert is_told(fault, lines)


def certified(folder: Path) -> tuple[str, str]:
    issued, files = trustme.CA().issue_cert("localhost"), (folder / "cert.pem", folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(files[0])
    issued.private_key_pem.write_to_path(files[1])
    return str(files[0]), str(files[1])


def port_of(url: str) -> int:
    return int(url.rsplit(":", 1)[1])


async def test_somebody_who_does_not_shake_hands_in_time_over_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_guards, "HEADERS_WITHIN_S", 0.1)
    async with serving_http(FakeFront(), tls=certified(tmp_path)) as (url, door, _):
        assert await exchanged(port_of(url), b"") == b""
        assert dict(door.admission.refusals.counted) == {Reason.SLOW: 1}


CHUNKED = [("Host", "127.0.0.1"), ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked")]

BAD_REQUESTS = {
    "a request that is not finished in time": (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n", {Reason.SLOW: 1}),
    "a browser that connects ahead of what it may want": (b"", {}),
    "no request": (b"\0" * 20 + b"\r\n\r\n", {Reason.MALFORMED: 1}),
    "headers that are too long": (b"GET / HTTP/1.1\r\nX: " + b"x" * (1 << 15) + b"\r\n\r\n", {Reason.MALFORMED: 1}),
    "a body that is none, of a request that was let in": (request("POST", "/rpc", CHUNKED) + b"no\r\n", {}),
}


@pytest.mark.parametrize("what", BAD_REQUESTS)
async def test_over_http(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_guards, "HEADERS_WITHIN_S", 0.2)
    sent, found = BAD_REQUESTS[what]
    async with serving_http(FakeFront()) as (url, door, _):
        await exchanged(port_of(url), sent)
        assert dict(door.admission.refusals.counted) == found


async def test_over_http_newcomers_for_whom_there_is_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_guards, "CONNECTIONS_LIMIT", 0)
    with structlog.testing.capture_logs() as lines:
        async with serving_http(FakeFront()) as (url, door, _):
            assert b" 503 " in await exchanged(port_of(url), b"")
            assert dict(door.admission.refusals.counted) == {Reason.CROWDED: 1}
    assert lines[0]["network"] == "127.0.0.0/24"


async def test_over_http_a_connection_that_breaks_in_us_is_told_with_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise ValueError("Bearer ta_ada_secret")

    monkeypatch.setattr(http_guards.GuardedServer, "_read_data", broken)
    with structlog.testing.capture_logs() as lines:
        async with serving_http(FakeFront()) as (url, door, _):
            await exchanged(port_of(url), b"")
            assert dict(door.admission.refusals.counted) == {Reason.BROKEN: 1}
    assert lines[0]["network"] == "127.0.0.0/24"
    assert "ValueError in " in lines[0]["error"]
    assert "secret" not in repr(lines)


async def test_one_token_with_too_many_requests_under_way() -> None:
    token = Token(id="t", name="ada", digest="d", created_at=0)
    async with serving_http(FakeFront(), Admission(holder=lambda _: token)) as (url, door, _):
        door._under_way["t"] = PER_TOKEN_LIMIT
        sent = request("POST", "/rpc", [("Host", "127.0.0.1"), ("Authorization", "Bearer x"), ("Connection", "close")])
        assert status_of(await exchanged(port_of(url), sent)) == 429
        assert dict(door.admission.refusals.counted) == {Reason.BUSY_TOKEN: 1}


async def test_over_http_a_host_and_an_origin_that_are_not_ours() -> None:
    async with serving_http(FakeFront()) as (url, door, _):
        port, close = port_of(url), ("Connection", "close")
        await exchanged(port, request("GET", "/health", [("Host", "evil.example"), close]))
        await exchanged(port, request("GET", "/health", [("Host", "localhost"), ("Origin", "http://evil.example"), close]))
        await exchanged(port, request("POST", "/rpc/web?agnt=ada", [("Host", "localhost"), close]))
        assert dict(door.admission.refusals.counted) == {Reason.HOST: 1, Reason.ORIGIN: 1, Reason.REQUEST: 1}


async def test_short_commands_beyond_what_one_machine_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskactors.transports.control.CONNECTIONS_LIMIT", 0)
    door = ControlDoor(FakeFront())
    async with trio.open_nursery() as nursery:
        await nursery.start(door.listen, tmp_path / "control.sock")
        async with await trio.open_unix_socket(str(tmp_path / "control.sock")) as stream:
            assert await rest_of(stream) == b""
        nursery.cancel_scope.cancel()
    assert dict(door.refusals.counted) == {Reason.CROWDED: 1}
