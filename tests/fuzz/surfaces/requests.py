"""Requests: HTTP of every kind at every path, by who may and who may not, well-formed and broken, whole and cut short."""

import json
from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
from attrs import evolve, frozen

from tests.fuzz.attack import Attack
from tests.fuzz.http_line import HttpLine, Response
from tests.fuzz.oracle import http
from tests.fuzz.oracle.handshakes import BAD_REQUEST, MISDIRECTED, UNAUTHORIZED
from tests.fuzz.place import Place
from tests.fuzz.sockets import Gone, cut, dial, half_close
from tests.fuzz.surfaces.asking import Lines, askings, lines_of, mostly

FLAWS: Mapping[str, tuple[str, ...]] = {
    "a line without a colon": ("nonsense",),
    "a nought in a name": ("X\x00: y",),
    "a nought in a value": ("X: a\x00b",),
    "no name": (": y",),
    "a space before the colon": ("X : y",),
    "two lengths": ("Content-Length: 1", "Content-Length: 2"),
    "a length that is none": ("Content-Length: -1",),
    "an unknown encoding": ("Transfer-Encoding: gzip",),
    "two encodings": ("Transfer-Encoding: chunked, chunked",),
}
"""Lines that make a request no HTTP."""


@frozen(kw_only=True)
class RequestAttack(Attack):
    """One request on a connection of its own. `chunked` and `sliced` are other ways to send the same body."""

    surface = "requests"
    request: http.Request
    version: str = "1.1"
    flaw: str | None = None
    more: tuple[tuple[str, str], ...] = ()
    chunked: bool = False
    sliced: tuple[int, ...] = ()
    missing: int = 0
    own_page: bool = False
    way: int = 0
    rudely: bool = False

    def play(self, place: Place) -> str | None:
        line = HttpLine(dial(place.http, place.source()))
        try:
            self.send_on(line, place)
            if self.missing:
                return self._left(line)
            return self.wrong(place, line.next_response(to_head=self.request.method == "HEAD"))
        finally:
            cut(line.socket) if self.rudely else line.close()

    def wrong(self, place: Place, response: Response) -> str | None:
        """What is wrong with the answer."""
        right = self.right()
        if right is not None and response.status not in right:
            return f"answered with {response.status} where {' or '.join(map(str, sorted(right)))} was right: {response.body[:200]!r}"
        if right is None and response.status >= 500:
            return f"answered with {response.status}: {response.body[:200]!r}"
        if response.status == UNAUTHORIZED and not (response.header("www-authenticate") or "").startswith("bearer"):
            return "a 401 says no Bearer"
        if self.request.asking.origins and b"access-control" in response.head:
            return "a page of a strange origin may read the answer"
        return None

    def right(self) -> frozenset[int] | None:
        """The statuses that will do; None for any but a fault, where a message was looked at."""
        if self.flaw is not None or (not self.request.asking.hosts and self.version == "1.1") or len(self.request.asking.hosts) > 1:
            return frozenset({BAD_REQUEST, *((501,) if self.flaw in ("an unknown encoding", "two encodings") else ())})
        if WEBSOCKET in self.more and self.request.method == "GET":
            return frozenset({BAD_REQUEST})
        right = http.refused(self.request)
        # In a version that needs no Host, none may be as good as a wrong one.
        return right if self.request.asking.hosts or right is None else right | {MISDIRECTED}

    def send_on(self, line: HttpLine, place: Place) -> None:
        """Send it, in its pieces."""
        whole, begun = self._bytes(place), 0
        whole = whole[: len(whole) - self.missing]
        for at in self.sliced:
            line.send(whole[begun:at])
            begun = max(begun, at)
            place.neighbours.meanwhile()
        line.send(whole[begun:])
        place.neighbours.meanwhile()

    def _left(self, line: HttpLine) -> str | None:
        """It was cut short: it may be told so, and nothing else."""
        if self.rudely:
            return None
        half_close(line.socket)
        try:
            response = line.next_response(to_head=True)
        except Gone:
            return None
        # What is no message is answered before its body has come.
        is_too_soon = response.status < 400 and self.request.surface in ("/mcp", "/rpc")
        return f"half a request was answered with {response.status}" if is_too_soon else None

    def _bytes(self, place: Place) -> bytes:
        asking = self.request.asking
        lines: Lines = [("Host", host) for host in asking.hosts]
        lines += lines_of(asking, place, self.way)
        lines += [("Origin", f"http://{asking.hosts[0]}")] if self.own_page and asking.hosts else []
        lines += [("Content-Type", kind) for kind in self.request.types] + [("Connection", "close"), *self.more]
        lines += [("Mcp-Session-Id", self.request.session)] if self.request.session is not None else []
        body = self.request.body
        if self.chunked:
            lines.append(("Transfer-Encoding", "chunked"))
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:]) if part) + b"0\r\n\r\n"
        elif body:
            lines.append(("Content-Length", str(len(body))))
        texts = [f"{self.request.method} {asking.target} HTTP/{self.version}", *(f"{name}: {value}" for name, value in lines)]
        return "\r\n".join([*texts, *(FLAWS[self.flaw] if self.flaw else ()), "", ""]).encode("latin-1") + body


WEBSOCKET = ("Upgrade", "websocket")
METHODS = ("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "post", "X" * 40)
TYPES = (
    (),
    ("text/plain",),
    ("application/json; charset=utf-8",),
    ("application/json", "application/json"),
    ("Application/JSON",),
    ("a/b\xff",),
)
CREATE = json.dumps(
    {"jsonrpc": "2.0", "id": 1, "method": "create_task", "params": {"code": "T-1", "name": "n", "description": "d"}}
).encode()
BODIES = (b"", b"{}", b"[]", b"\xff\xfe", b"{" * 200, b"x" * 20_000, b"null")
MORE: tuple[tuple[tuple[str, str], ...], ...] = (
    (("Expect", "100-continue"),),
    (("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQAoAAAAAIAAAAA")),
    (WEBSOCKET, ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "x" * 22 + "==")),
    (("Accept-Encoding", "gzip"), ("Range", "bytes=0-1")),
    (("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Host", "evil.example"), ("X-HTTP-Method-Override", "DELETE")),
    (("Cookie", "a=" + "x" * 5_000),),
    (("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization")),
    tuple((f"X-{number}", "y") for number in range(100)),
    (("Last-Event-ID", "x"), ("Mcp-Session-Id", "nobody's")),
)


@st.composite
def attack(draw: st.DrawFn) -> RequestAttack:
    """Any request."""
    asking = draw(askings(("/mcp", "/rpc", "/rpc", "/health", "/metrics")))
    if asking.target.startswith(("/health", "/metrics")):
        asking = evolve(
            asking, target=draw(mostly(asking.target.partition("/")[1] + asking.target.split("/")[1].split("?")[0], [asking.target], 8))
        )
    usual = "POST" if asking.target.startswith(("/mcp", "/rpc")) else "GET"
    request = http.Request(
        asking=asking,
        method=draw(mostly(usual, METHODS, 4)),
        types=draw(mostly((http.JSON,), TYPES, 5)),
        body=draw(st.sampled_from(BODIES) | st.binary(max_size=50)),
    )
    found = RequestAttack(
        kind="",
        request=request,
        version=draw(mostly("1.1", ("1.0", "1.2"), 10)),
        flaw=draw(mostly(None, sorted(FLAWS), 8)),
        more=draw(mostly((), MORE, 4)),
        chunked=draw(mostly(False, (True,), 6)),
        sliced=draw(st.sampled_from(((), (), (), (1,), (20, 90)))),
        missing=draw(mostly(0, st.integers(1, 60), 12)),
        own_page=draw(mostly(False, (True,), 8)) and not asking.origins,
        way=draw(st.integers(0, 11)),
        rudely=draw(st.booleans()),
    )
    right = found.right()
    if right and not right & {http.OK, http.ACCEPTED} and draw(st.booleans()):
        # It has to be refused for who asks or how, and so it may ask for what nobody would refuse otherwise.
        found = evolve(found, request=evolve(request, body=CREATE))
    return evolve(found, kind="cut short" if found.missing else f"answered with {min(right) if right else 'a reply'}")


def attacks(schemas: Mapping[str, Any]) -> st.SearchStrategy[RequestAttack]:
    """Requests of every kind."""
    return attack()
