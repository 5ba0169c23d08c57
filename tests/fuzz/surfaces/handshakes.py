"""Handshakes: every way to ask for a WebSocket, well and badly, by who may and who may not."""

from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
from attrs import evolve, frozen

from tests.fuzz.attack import Attack
from tests.fuzz.oracle.handshakes import BAD_REQUEST, MISDIRECTED, SWITCHING, UNAUTHORIZED, UPGRADE_REQUIRED, Asking, status_of
from tests.fuzz.place import Place
from tests.fuzz.sockets import cut, dial, send, until
from tests.fuzz.surfaces.asking import askings, lines_of, mostly
from tests.fuzz.websocket_line import HEAD_END
from tests.fuzz.websocket_line import status_of as status_in
from tests.support.raw_websocket import KEY

UPGRADE = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Version", "13"))

FLAWS: Mapping[str, tuple[int, str, str]] = {
    "no upgrade": (BAD_REQUEST, "Upgrade", ""),
    "an upgrade to something else": (BAD_REQUEST, "Upgrade", "h2c"),
    "no connection": (BAD_REQUEST, "Connection", ""),
    "a connection that closes": (BAD_REQUEST, "Connection", "close"),
    "no key": (BAD_REQUEST, "Sec-WebSocket-Key", ""),
    "an old version": (UPGRADE_REQUIRED, "Sec-WebSocket-Version", "8"),
    "no version": (BAD_REQUEST, "Sec-WebSocket-Version", ""),
}
"""What is wrong with the handshake itself: the status that it earns, and the header, with its value."""

BROKEN_LINES = ("a line without a colon", "X\x00: y", "X: a\x00b", ": no name", "X : y", "X\xfc: y", "\x0b: y")


@frozen(kw_only=True)
class HandshakeAttack(Attack):
    """One handshake on a connection of its own."""

    surface = "handshakes"
    asking: Asking
    method: str = "GET"
    version: str = "1.1"
    flaw: str | None = None
    more: tuple[str, ...] = ()
    way: int = 0
    cuts: tuple[int, ...] = ()
    rudely: bool = False

    def play(self, place: Place) -> str | None:
        dialed = dial(place.ws, place.source())
        try:
            whole, begun = self._request(place), 0
            for at in self.cuts:
                send(dialed, whole[begun:at])
                begun = at
                place.neighbours.meanwhile()
            send(dialed, whole[begun:])
            place.neighbours.meanwhile()
            answer = until(dialed, lambda so_far: HEAD_END in so_far)
        finally:
            cut(dialed) if self.rudely else dialed.close()
        status, right = status_in(answer), self.right()
        if status not in right:
            return f"answered with {status} where {' or '.join(map(str, sorted(right)))} was right: {answer[:200]!r}"
        if status == UNAUTHORIZED and b"\r\nwww-authenticate: bearer" not in answer.lower():
            return f"a 401 says no Bearer: {answer[:200]!r}"
        return None

    def _request(self, place: Place) -> bytes:
        lines = lines_of(self.asking, place, self.way)
        headers = dict(UPGRADE)
        if self.flaw is not None:
            _, name, value = FLAWS[self.flaw]
            headers[name] = value
        offered = [("Sec-WebSocket-Protocol", ", ".join(self.asking.subprotocols))] if self.asking.subprotocols else []
        said = [("Host", host) for host in self.asking.hosts] + [each for each in headers.items() if each[1]] + offered + lines
        texts = [f"{self.method} {self.asking.target} HTTP/{self.version}", *(f"{name}: {value}" for name, value in said), *self.more]
        return "\r\n".join([*texts, "", ""]).encode("latin-1")

    def right(self) -> frozenset[int]:
        """The statuses that will do."""
        if self.method != "GET" or self.more or (len(self.asking.hosts) != 1 and self.version == "1.1"):
            return frozenset({BAD_REQUEST})
        as_ever = FLAWS[self.flaw][0] if self.flaw is not None else status_of(self.asking)
        if self.version == "1.1":
            return frozenset({as_ever})
        # Who asks in a version that has no WebSocket may be told so, or be looked at like everybody else.
        return frozenset({as_ever, BAD_REQUEST, *({MISDIRECTED} if not self.asking.hosts else ())})


SUBPROTOCOLS = (("mcp",), ("mcp",), (), ("graphql-ws", "mcp"), ("graphql-ws",), ("MCP",), ("mcp2", "x"))


@st.composite
def attack(draw: st.DrawFn) -> HandshakeAttack:
    """Any handshake."""
    asking = draw(askings(["/mcp"], SUBPROTOCOLS))
    found = HandshakeAttack(
        kind="",
        asking=asking,
        method=draw(mostly("GET", ("POST", "CONNECT", "get", "OPTIONS"), 12)),
        version=draw(mostly("1.1", ("1.0", "2.0", "0.9", "1.2"), 12)),
        flaw=draw(mostly(None, sorted(FLAWS), 6)),
        more=draw(mostly((), [(line,) for line in BROKEN_LINES], 12)),
        way=draw(st.integers(0, 11)),
        cuts=tuple(sorted(draw(st.sampled_from(((), (), (1,), (3, 60), (100,)))))),
        rudely=draw(st.booleans()),
    )
    right = min(found.right())
    return evolve(found, kind="let in" if right == SWITCHING else f"turned away with {right}")


def attacks(schemas: Mapping[str, Any]) -> st.SearchStrategy[HandshakeAttack]:
    """Handshakes of every kind."""
    return attack()
