"""Odd requests: every way to say Host twice, elsewhere or half, to change protocols, and to bring along a second request."""

import gzip
from collections.abc import Mapping
from contextlib import suppress

import h2.config
import h2.connection
import pytest
import trio
import trio.testing

from taskactors.transports.admission import Admission
from tests.support.fake_front import FakeFront, serving
from tests.support.http_server import serving_http
from tests.support.raw_http import CALL, MCP_CALL, MCP_HEADERS, exchanged, request, status_of
from tests.support.raw_websocket import answer_to, opening

OURS = ("Host", "127.0.0.1")
EVIL = ("Host", "evil.example")
JSON = ("Content-Type", "application/json")
CLOSE = ("Connection", "close")
UPGRADE = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "x" * 22 + "==")]
H2C = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA")]

REFUSED: Mapping[str, tuple[int, bytes]] = {
    "two hosts, ours first": (400, request("POST", "/rpc", [OURS, EVIL, JSON, CLOSE], CALL)),
    "two hosts, ours last": (400, request("POST", "/rpc", [EVIL, OURS, JSON, CLOSE], CALL)),
    "ours twice": (400, request("POST", "/rpc", [OURS, OURS, JSON, CLOSE], CALL)),
    "no host": (400, request("POST", "/rpc", [JSON, CLOSE], CALL)),
    "no host, in the older version": (421, request("POST", "/rpc", [JSON], CALL, version="1.0")),
    "a host folded over lines": (421, request("POST", "/rpc", [("Host", "evil.example\r\n 127.0.0.1"), JSON, CLOSE], CALL)),
    "a host that begins on the next line": (421, request("POST", "/rpc", [("Host", "\r\n evil.example"), JSON, CLOSE], CALL)),
    "a name with a space": (400, request("POST", "/rpc", [OURS, ("Origin ", "http://evil.example"), JSON, CLOSE], CALL)),
    "a forwarded host": (421, request("POST", "/rpc", [EVIL, ("X-Forwarded-Host", "127.0.0.1"), JSON, CLOSE], CALL)),
    "a forwarded one": (421, request("POST", "/rpc", [EVIL, ("Forwarded", "host=127.0.0.1"), JSON, CLOSE], CALL)),
    "an original host": (
        421,
        request("POST", "/rpc", [EVIL, ("X-Original-Host", "127.0.0.1"), ("X-Host", "127.0.0.1"), JSON, CLOSE], CALL),
    ),
    "a whole address of others": (404, request("POST", "http://evil.example/rpc", [OURS, JSON, CLOSE], CALL)),
    "a whole address of ours at others": (421, request("POST", "http://127.0.0.1/rpc", [EVIL, JSON, CLOSE], CALL)),
    "a name instead of a path": (404, request("CONNECT", "127.0.0.1:22", [OURS, CLOSE])),
    "a trace": (405, request("TRACE", "/rpc", [OURS, CLOSE])),
    "options of all": (404, request("OPTIONS", "*", [OURS, CLOSE])),
    "another rewritten path": (404, request("POST", "/nothing", [OURS, ("X-Original-URL", "/rpc"), JSON, CLOSE], CALL)),
    "another rewritten method": (405, request("GET", "/rpc", [OURS, ("X-HTTP-Method-Override", "POST"), JSON, CLOSE], CALL)),
    "a path that goes up": (404, request("POST", "/nothing/../rpc", [OURS, JSON, CLOSE], CALL)),
    "two types": (415, request("POST", "/rpc", [OURS, JSON, ("Content-Type", "text/plain"), CLOSE], CALL)),
    "an image of another page": (403, request("GET", "/mcp", [OURS, ("Sec-Fetch-Site", "cross-site"), CLOSE])),
    "a script of a page at another port": (403, request("GET", "/health", [OURS, ("Sec-Fetch-Site", "same-site"), CLOSE])),
    "a websocket at the wrong door": (400, request("GET", "/mcp", [OURS, *UPGRADE])),
    "a websocket of another page at the wrong door": (400, request("GET", "/mcp", [OURS, ("Origin", "http://evil.example"), *UPGRADE])),
    "bytes that are no request": (400, b"\x00\x01\x02\r\n\r\n"),
}
"""Each with the status of its answer."""


@pytest.mark.parametrize("what", REFUSED)
async def test_an_odd_request_reaches_no_tool(what: str) -> None:
    status, sent = REFUSED[what]
    front = FakeFront()
    async with serving_http(front) as (url, _, _):
        answer = await exchanged(int(url.rsplit(":", 1)[1]), sent)
    assert front.called == []
    assert status_of(answer) == status
    assert b"access-control" not in answer.lower()


@pytest.mark.parametrize("value", ["same-origin", "none"])
async def test_our_own_page_and_the_person_at_the_address_bar_are_answered(value: str) -> None:
    front = FakeFront({"health_check": _healthy})
    async with serving_http(front) as (url, _, _):
        port = int(url.rsplit(":", 1)[1])
        assert status_of(await exchanged(port, request("GET", "/health", [OURS, ("Sec-Fetch-Site", value), CLOSE]))) == 200


async def _healthy(arguments: Mapping[str, object]) -> Mapping[str, object]:
    return {"status": "healthy"}


async def test_each_of_several_requests_on_one_connection_is_admitted_by_itself() -> None:
    front = FakeFront()
    good = request("POST", "/rpc", [OURS, JSON], CALL)
    others = [
        request("POST", "/rpc", [EVIL, JSON], CALL),
        request("POST", "/rpc", [OURS, ("Origin", "null"), JSON], CALL),
        request("POST", "/rpc", [OURS, ("Sec-Fetch-Site", "cross-site"), JSON], CALL),
        request("POST", "/rpc", [OURS, ("Content-Type", "text/plain")], CALL),
    ]
    async with serving_http(front) as (url, _, _):
        answers = await exchanged(int(url.rsplit(":", 1)[1]), good + b"".join(others) + request("POST", "/rpc", [OURS, JSON, CLOSE], CALL))
    assert [status_of(b"HTTP/1.1 " + each) for each in answers.split(b"HTTP/1.1 ")[1:]] == [200, 421, 403, 403, 415, 200]
    assert len(front.called) == 2


async def test_a_call_behind_the_upgrade_to_a_websocket_reaches_no_tool_and_ends_no_other_connection() -> None:
    front = FakeFront()
    sent = request("GET", "/mcp", [OURS, *UPGRADE]) + request("POST", "/rpc", [OURS, JSON], CALL)
    async with serving_http(front) as (url, _, _):
        port = int(url.rsplit(":", 1)[1])
        for _ in range(10):
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                await stream.send_all(sent)
                with trio.fail_after(10), suppress(trio.BrokenResourceError):
                    assert not bytes(await stream.receive_some(65536)).startswith(b"HTTP/1.1 2")
                await trio.testing.wait_all_tasks_blocked()
        assert front.called == []
        assert status_of(await exchanged(port, request("POST", "/rpc", [OURS, JSON, CLOSE], CALL))) == 200


async def test_a_body_that_looks_like_a_request_is_none() -> None:
    front = FakeFront()
    hidden = request("POST", "/rpc", [OURS, JSON], CALL)
    chunked = b"POST /rpc HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with serving_http(front) as (url, _, _):
        port = int(url.rsplit(":", 1)[1])
        assert status_of(await exchanged(port, request("POST", "/rpc", [EVIL, JSON, CLOSE], hidden))) == 421
        smuggled = chunked + b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden) + request("GET", "/nothing", [OURS, CLOSE])
        assert status_of(await exchanged(port, smuggled)) == 421
        both = request("POST", "/rpc", [OURS, JSON, ("Transfer-Encoding", "chunked"), CLOSE], b"0\r\n\r\n" + hidden)
        assert b"claim" not in await exchanged(port, both)
        twice = request("POST", "/rpc", [OURS, JSON, ("Content-Length", "0"), CLOSE], hidden)
        assert status_of(await exchanged(port, twice)) == 400
    assert front.called == []


# HTTP/2, which the library would speak: compressed headers, a hundred requests at once, and ways of its own to be slow


async def test_the_next_version_of_http_is_not_spoken() -> None:
    front = FakeFront()
    connection = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    connection.initiate_connection()
    headers = {":method": "POST", ":scheme": "http", ":authority": "127.0.0.1", ":path": "/rpc", "content-type": "application/json"}
    connection.send_headers(1, list(headers.items()))
    connection.send_data(1, CALL, end_stream=True)
    async with serving_http(front) as (url, _, _):
        answer = await exchanged(int(url.rsplit(":", 1)[1]), connection.data_to_send())
    assert status_of(answer) == 421
    assert front.called == []


async def test_an_upgrade_to_the_next_version_of_http_is_answered_in_this_one() -> None:
    front = FakeFront({"health_check": _healthy})
    async with serving_http(front) as (url, _, _):
        port = int(url.rsplit(":", 1)[1])
        for host, status in ((OURS, 200), (EVIL, 421)):
            answer = await exchanged(port, request("GET", "/health", [host, *H2C[1:], ("Connection", "close, Upgrade, HTTP2-Settings")]))
            assert status_of(answer) == status
            assert b" 101 " not in answer
            assert b"upgrade" not in answer.lower()


# WebSocket

ODD_HANDSHAKES: Mapping[str, bytes] = {
    "two hosts, ours first": opening().replace(b"Upgrade:", b"Host: evil.example\r\nUpgrade:", 1),
    "two hosts, ours last": opening(host="evil.example").replace(b"Upgrade:", b"Host: 127.0.0.1\r\nUpgrade:", 1),
    "no host": opening(host=None),
    "a host folded over lines": opening(host="evil.example\r\n 127.0.0.1"),
    "a forwarded host": opening(host="evil.example", more={"X-Forwarded-Host": "127.0.0.1"}),
    "a whole address of others": opening("ws://evil.example/mcp"),
    "a whole address of ours at others": opening("ws://127.0.0.1/mcp", host="evil.example"),
    "an origin folded over lines": opening(more={"Origin": "http://board.example\r\n http://evil.example"}),
    "two origins": opening(more={"Origin": "http://board.example"}).replace(b"Upgrade:", b"Origin: http://evil.example\r\nUpgrade:", 1),
    "another way to begin": opening(method="POST"),
    "the upgrade of the other door": request("GET", "/mcp", [OURS, *H2C]),
    "the next version of http": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a plain request": request("POST", "/rpc", [OURS, JSON], CALL),
}


@pytest.mark.parametrize("what", ODD_HANDSHAKES)
async def test_an_odd_handshake_opens_no_websocket(what: str) -> None:
    front = FakeFront()
    async with serving(front, Admission(origins=("http://board.example",))) as (url, _):
        port = int(url.rsplit(":", 1)[1].removesuffix("/mcp"))
        with trio.fail_after(10):
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                status, answer = await answer_to(stream, ODD_HANDSHAKES[what])
    assert 400 <= status < 500
    assert b" 101 " not in answer
    assert (front.called, front.opening) == ([], [])


# what a request may leave behind


async def test_nobody_makes_a_session_by_asking_for_a_stream() -> None:
    async with serving_http(FakeFront()) as (url, _, surface):
        port = int(url.rsplit(":", 1)[1])
        for method in ("GET", "DELETE", "HEAD", "OPTIONS", "PUT"):
            asked = request(method, "/mcp", [OURS, ("Accept", "text/event-stream"), CLOSE])
            assert b"mcp-session-id:" not in await exchanged(port, asked)
        typed = request("POST", "/mcp", [OURS, ("Content-Type", "text/plain"), *MCP_HEADERS[:1], CLOSE], b"{}")
        assert status_of(await exchanged(port, typed)) == 415
        assert not surface._sessions._server_instances


@pytest.mark.parametrize(
    "sent", [request("POST", "/mcp", [OURS, JSON, *MCP_HEADERS, CLOSE], MCP_CALL), request("POST", "/rpc", [OURS, JSON, CLOSE], CALL)]
)
async def test_a_client_that_asks_for_one_answer_has_its_connection_closed_after_it(sent: bytes) -> None:
    async with serving_http(FakeFront()) as (url, _, _):
        assert status_of(await exchanged(int(url.rsplit(":", 1)[1]), sent)) == 200


# what a client may ask us to unpack


@pytest.mark.parametrize("kind", ["gzip", "deflate", "br", "zstd", "identity, gzip"])
async def test_nothing_that_comes_is_unpacked_and_nothing_that_goes_is_packed(kind: str) -> None:
    """A few bytes could become gigabytes."""
    front = FakeFront()
    packed = gzip.compress(CALL + b" " * 1_000_000)
    async with serving_http(front) as (url, _, _):
        port = int(url.rsplit(":", 1)[1])
        for target, headers in (("/rpc", []), ("/mcp", MCP_HEADERS)):
            answer = await exchanged(port, request("POST", target, [OURS, JSON, *headers, ("Content-Encoding", kind), CLOSE], packed))
            assert (b"-32700" in answer, front.called) == (True, [])
        answer = await exchanged(port, request("POST", "/rpc", [OURS, JSON, ("Accept-Encoding", kind), CLOSE], CALL))
    assert (status_of(answer), b"content-encoding" in answer.lower(), len(front.called)) == (200, False, 1)


# pages that are allowed

PAGE = "http://board.example"


async def test_a_page_of_an_allowed_origin_is_told_that_it_may_and_no_other_page_is() -> None:
    front = FakeFront()
    asking = [("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type,authorization"), CLOSE]
    async with serving_http(front, Admission(origins=(PAGE,))) as (url, _, _):
        port = int(url.rsplit(":", 1)[1])
        asked = (await exchanged(port, request("OPTIONS", "/rpc", [OURS, ("Origin", PAGE), *asking]))).lower()
        assert status_of(asked.upper()) == 200
        assert b"access-control-allow-origin: http://board.example\r\n" in asked
        assert b"access-control-allow-headers: content-type,authorization\r\n" in asked
        assert b"access-control-allow-credentials" not in asked
        assert front.called == []
        called = (await exchanged(port, request("POST", "/rpc", [OURS, ("Origin", PAGE), JSON, CLOSE], CALL))).lower()
        assert b"access-control-allow-origin: http://board.example\r\n" in called
        assert b"vary: origin\r\n" in called
        assert len(front.called) == 1
        for who in ([("Origin", "http://evil.example")], [("Origin", "null")], [("Origin", PAGE), ("Origin", "http://evil.example")], []):
            assert b"access-control" not in (await exchanged(port, request("OPTIONS", "/rpc", [OURS, *who, *asking]))).lower()
