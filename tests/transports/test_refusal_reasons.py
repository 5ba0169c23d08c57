"""Whoever is turned away is counted under the reason for which they were, and whoever only looks whether somebody listens is not."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import structlog.testing
import trio
import trio.testing
import trustme

from taskactors.actors.calls import Connection
from taskactors.actors.wires import Wire
from taskactors.transports import websocket
from taskactors.transports.admission import Admission
from taskactors.transports.control import ControlDoor
from taskactors.transports.refusal_log import Reason
from taskactors.transports.websocket import WebSocketDoor
from tests.support.fake_front import FakeFront
from tests.support.http_server import serving_http
from tests.support.raw_http import exchanged, request
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


@pytest.mark.parametrize(
    ("sent", "fault"), [(b"GET /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP_REQUEST"), (b"\x16\x03\x01\x00\x04nope", None)]
)
async def test_somebody_who_speaks_no_tls_where_that_is_wanted(sent: bytes, fault: str | None) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("localhost").configure_cert(tls)
    door = WebSocketDoor(nobody, tls=tls)
    with structlog.testing.capture_logs() as lines:
        async with trio.open_nursery() as nursery:
            port = await nursery.start(door.listen, "127.0.0.1", 0)
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                await stream.send_all(sent)
                await stream.send_eof()
                with suppress(trio.BrokenResourceError):
                    await rest_of(stream)
            nursery.cancel_scope.cancel()
    assert counted(door) == {Reason.TLS: 1}
    assert fault in (None, lines[0]["error"])


async def test_over_http_a_host_and_an_origin_that_are_not_ours() -> None:
    async with serving_http(FakeFront(), Admission()) as (url, door, _):
        port, close = int(url.rsplit(":", 1)[1]), ("Connection", "close")
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
