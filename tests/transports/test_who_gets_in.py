"""Who gets in: every combination of Origin, Host, method, path and type, over real sockets, against a table written by hand."""

import itertools
from collections.abc import Iterable, Iterator

import trio
from attrs import evolve, frozen

from taskactors.domain.token import Token, digest_of, secret_of
from taskactors.transports.admission import Admission, Handshake, Refused
from tests.support.fake_front import FakeFront, serving
from tests.support.http_server import serving_http
from tests.support.raw_http import CALL, MCP_CALL, MCP_HEADERS, exchanged, request, status_of
from tests.support.raw_websocket import answer_to, opening

PAGE = "http://board.example:3000"
ADMISSION = Admission(origins=(PAGE,))

HOSTS = {
    "127.0.0.1:PORT": True,
    "localhost:PORT": True,
    "LocalHost:PORT": True,
    "[::1]:PORT": True,
    "127.0.0.1": True,
    "localhost:1": True,
    "evil.example": False,
    "evil.example:PORT": False,
    "board.example:3000": False,
    "localhost.evil.example:PORT": False,
    "127.0.0.1.evil.example": False,
    "evil.example#127.0.0.1": False,
    "localhost.": False,
    "localhost.:PORT": False,
    "127.0.0.1.:PORT": False,
    "user@127.0.0.1:PORT": False,
    "127.0.0.1:PORT@evil.example": False,
    "127.1:PORT": False,
    "2130706433:PORT": False,
    "0x7f.0.0.1:PORT": False,
    "0177.0.0.1": False,
    "0.0.0.0:PORT": False,
    "[::]:PORT": False,
    "[::ffff:127.0.0.1]:PORT": False,
    "[0:0:0:0:0:0:0:1]:PORT": False,
    "[::1%25lo]:PORT": False,
    "::1": False,
    "127.0.0.1, evil.example": False,
    "127.0.0.1:": False,
    "127.0.0.1:PORT:PORT": False,
    "127.0.0.1 :PORT": False,
    "http://127.0.0.1:PORT": False,
    "127.0.0.1/": False,
    "": False,
}
"""Whether a request that names this Host may come from a client of ours. The port is whatever a tunnel made of it."""

ORIGINS: dict[tuple[str, ...], bool] = {
    (): True,
    (PAGE,): True,
    ("http://evil.example",): False,
    ("null",): False,
    ("",): False,
    ("file://",): False,
    # over HTTP but for the very name and port that are called
    ("http://127.0.0.1:PORT",): False,
    ("http://localhost:PORT",): False,
    ("http://localhost",): False,
    ("https://board.example:3000",): False,
    ("http://board.example",): False,
    ("http://board.example:3000/",): False,
    ("http://board.example:30000",): False,
    ("http://board.example:3000.evil.example",): False,
    ("http://BOARD.example:3000",): False,
    ("http://sub.board.example:3000",): False,
    (f"{PAGE}, http://evil.example",): False,
    (f"{PAGE} http://evil.example",): False,
    (PAGE, "http://evil.example"): False,
    ("http://evil.example", PAGE): False,
    ("*",): False,
    ("chrome-extension://abcdefghijklmnop",): False,
}
"""Whether the page behind a request, if there is one, may speak to us when it alone is allowed."""

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PROPFIND")
ROUTES = {
    "/rpc": True,
    "/rpc/team-7": True,
    "/mcp": True,
    "/mcp/team-7": True,
    "/nothing": False,
    "/": False,
    "//mcp": False,
    "/MCP": False,
}
KINDS = {
    "application/json": True,
    "application/json; charset=utf-8": True,
    "": False,
    "text/plain": False,
    "text/plain; application/json": False,
    "text/plain, application/json": False,
    "application/x-www-form-urlencoded": False,
    "multipart/form-data; boundary=x": False,
    "application/jsonx": False,
    "text/json": False,
}


@frozen
class Case:
    """One request, and whether it should reach the tools."""

    host: str
    origins: tuple[str, ...]
    method: str
    route: str
    kind: str

    @property
    def allowed(self) -> bool:
        welcome = HOSTS[self.host] and (ORIGINS[self.origins] or self.is_of_our_own_page)
        return welcome and self.method == "POST" and ROUTES[self.route] and KINDS[self.kind]

    @property
    def is_of_our_own_page(self) -> bool:
        return self.origins == (f"http://{self.host}",)

    def sent(self, port: int) -> bytes:
        kind = [("Content-Type", self.kind)] if self.kind else []
        origins = [("Origin", origin.replace("PORT", str(port))) for origin in self.origins]
        mcp = MCP_HEADERS if "mcp" in self.route else []
        headers = [("Host", self.host.replace("PORT", str(port))), *origins, *kind, *mcp, ("Connection", "close")]
        return request(self.method, self.route, headers, MCP_CALL if mcp else CALL)


def cases() -> Iterator[Case]:
    """Every Host with every Origin, and every method with every path and type, for those who may come and those who may not."""
    for host, origins, route in itertools.product(HOSTS, ORIGINS, ("/rpc", "/mcp")):
        yield Case(host, origins, "POST", route, "application/json")
    whos = [("127.0.0.1:PORT", ()), ("127.0.0.1:PORT", (PAGE,)), ("127.0.0.1:PORT", ("http://evil.example",)), ("evil.example:PORT", ())]
    for (host, origins), method, route, kind in itertools.product(whos, METHODS, ROUTES, KINDS):
        if method == "POST" or kind == "application/json" or route in ("/rpc", "/mcp"):
            yield Case(host, origins, method, route, kind)


async def answered_otherwise(admission: Admission, wanted: Iterable[Case]) -> tuple[int, list[tuple[Case, int]]]:
    """How many reached the tools, and those that did and should not have, or should have and did not, each with its status."""
    front = FakeFront()
    wrong, reached = [], 0
    async with serving_http(front, admission) as (url, _, _):
        port = int(url.rsplit(":", 1)[1])
        for case in wanted:
            front.called.clear()
            status = status_of(await exchanged(port, case.sent(port)))
            reached += bool(front.called)
            if bool(front.called) != case.allowed or (status == 200) != case.allowed:
                wrong.append((case, status))
    return reached, wrong


class IgnoringOrigins(Admission):
    """What must be caught."""

    def turned_down(self, handshake: Handshake) -> Refused | None:
        headers = [(name, value) for name, value in handshake.headers if name != "origin"]
        return super().turned_down(evolve(handshake, headers=headers))


class IgnoringHosts(Admission):
    def turned_down(self, handshake: Handshake) -> Refused | None:
        return super().turned_down(evolve(handshake, host="localhost"))


async def test_over_http_nobody_gets_in_who_should_not_and_everybody_who_should() -> None:
    wanted = list(cases())
    allowed = sum(case.allowed for case in wanted)
    assert sum(case.allowed and case.is_of_our_own_page for case in wanted) == 4
    assert len(wanted) >= 2_000
    assert allowed >= 30
    assert await answered_otherwise(ADMISSION, wanted) == (allowed, [])


async def test_an_admission_that_ignores_origins_or_hosts_is_caught() -> None:
    some = [case for case in cases() if case.method == "POST" and case.route == "/rpc" and case.kind == "application/json"]
    _, wrong = await answered_otherwise(IgnoringOrigins(origins=(PAGE,)), some)
    assert {case.origins for case, _ in wrong} == {origins for origins, allowed in ORIGINS.items() if not allowed}
    _, wrong = await answered_otherwise(IgnoringHosts(origins=(PAGE,)), some)
    assert {case.host for case, _ in wrong} == {host for host, allowed in HOSTS.items() if not allowed}


# with tokens

TOKEN = secret_of("ada", bytes(32))
WITH_TOKENS = Admission(holder={TOKEN: Token(id="t-ada", name="ada", digest=digest_of(TOKEN), created_at=0)}.get)
SHOWN: dict[str, tuple[list[tuple[str, str]], str]] = {
    "nothing": ([], ""),
    "a token of nobody": ([("Authorization", "Bearer " + secret_of("ada", bytes(31) + b"x"))], ""),
    "half of one": ([("Authorization", f"Bearer {TOKEN[:-1]}")], ""),
    "a name": ([("Authorization", "Bearer ada")], ""),
    "one as a cookie": ([("Cookie", f"token={TOKEN}; Authorization=Bearer {TOKEN}")], ""),
    "one in the address": ([], f"?token={TOKEN}"),
    "one in another header": (
        [("X-Authorization", f"Bearer {TOKEN}"), ("X-Api-Key", TOKEN), ("Proxy-Authorization", f"Bearer {TOKEN}")],
        "",
    ),
    "an agent": ([("X-Taskactors-Agent", "ada")], ""),
    "where it comes from": ([("X-Forwarded-For", "127.0.0.1"), ("X-Real-Ip", "127.0.0.1"), ("Forwarded", "for=127.0.0.1")], ""),
}
"""What a request may show instead of a good token: headers, and more of its address."""


async def test_with_tokens_no_method_and_no_path_leads_past_them() -> None:
    front, reached = FakeFront(), 0
    async with serving_http(front, WITH_TOKENS) as (url, _, _):
        port = int(url.rsplit(":", 1)[1])
        for what, method, route in itertools.product(SHOWN, METHODS, (*ROUTES, "/metrics")):
            headers, more = SHOWN[what]
            usual = [("Host", "127.0.0.1"), ("Content-Type", "application/json"), ("Connection", "close")]
            mcp = MCP_HEADERS if "mcp" in route else []
            sent = request(method, route + more, [*usual, *mcp, *headers], MCP_CALL if mcp else CALL)
            status = status_of(await exchanged(port, sent))
            assert (what, method, route, 400 <= status < 500, front.called) == (what, method, route, True, [])
            good = request(method, route, [*usual, *mcp, ("Authorization", f"Bearer {TOKEN}")], MCP_CALL if mcp else CALL)
            await exchanged(port, good)
            reached += len(front.called)
            front.called.clear()
    # Or nothing was shown above: by each of these a good token leads in.
    assert reached == len(SHOWN) * sum(ROUTES.values())


# WebSocket

SUBPROTOCOLS = {"mcp": True, "": True, "other, mcp": True, "other": False}
TARGETS = {"/mcp": True, "/mcp/team-7": True, "/rpc": False, "/": False, "//mcp": False, "http://127.0.0.1/mcp": False}


async def let_in_otherwise(admission: Admission) -> tuple[int, list[tuple[tuple[object, ...], int]]]:
    """How many handshakes were tried, and those answered otherwise than they should be, each with its status."""
    tried = 0
    wrong: list[tuple[tuple[object, ...], int]] = []
    async with serving(FakeFront(), admission) as (url, _):
        port = int(url.rsplit(":", 1)[1].removesuffix("/mcp"))

        async def one(host: str, origins: tuple[str, ...], target: str, subprotocol: str, method: str) -> None:
            nonlocal tried
            tried += 1
            allowed = HOSTS[host] and ORIGINS[origins] and TARGETS[target] and SUBPROTOCOLS[subprotocol] and method == "GET"
            head = opening(target, host.replace("PORT", str(port)), {"Sec-WebSocket-Protocol": subprotocol}, method)
            lines = "".join(f"Origin: {origin.replace('PORT', str(port))}\r\n" for origin in origins).encode()
            with trio.fail_after(10):
                async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                    status, _ = await answer_to(stream, head.removesuffix(b"\r\n") + lines + b"\r\n")
            if (status == 101) != allowed:
                wrong.append(((host, origins, target, subprotocol, method), status))

        for host, origins in itertools.product(HOSTS, ORIGINS):
            await one(host, origins, "/mcp", "mcp", "GET")
        for origins, target, subprotocol, method in itertools.product(((), (PAGE,), ("null",)), TARGETS, SUBPROTOCOLS, ("GET", "POST")):
            await one("127.0.0.1:PORT", origins, target, subprotocol, method)
    return tried, wrong


async def test_over_websocket_nobody_gets_in_who_should_not_and_everybody_who_should() -> None:
    tried, wrong = await let_in_otherwise(ADMISSION)
    assert tried >= 700
    assert wrong == []


async def test_over_websocket_an_admission_that_ignores_origins_is_caught() -> None:
    _, wrong = await let_in_otherwise(IgnoringOrigins(origins=(PAGE,)))
    assert len(wrong) >= 100
