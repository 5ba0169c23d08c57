"""Raw bytes at every door: what is no handshake, no request and no line, whole or in pieces, ended in every way or not at all."""

from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
from attrs import frozen

from tests.fuzz.attack import Attack
from tests.fuzz.oracle import lines
from tests.fuzz.oracle.json_text import read
from tests.fuzz.oracle.replies import unmatched
from tests.fuzz.place import Place
from tests.fuzz.sockets import Where, cut, dial, everything, half_close, send
from tests.fuzz.websocket_line import status_of

DOORS = ("websocket", "http", "control")
REFUSED = range(400, 500)


@frozen(kw_only=True)
class RawAttack(Attack):
    """Bytes on a connection of its own."""

    surface = "raw bytes"
    door: str
    sent: bytes
    cuts: tuple[int, ...] = ()
    ending: str = "half"

    def play(self, place: Place) -> str | None:
        to: Where = {"websocket": place.ws, "http": place.http, "control": place.control}[self.door]
        dialed = dial(to, None if self.door == "control" else place.source())
        if self.ending == "stay":
            # It joins those that say no more, or say it very slowly, until others take its place.
            send(dialed, self.sent[:-1])
            place.crowd.join(dialed, self.sent[-1:])
            place.neighbours.meanwhile()
            return None
        try:
            for begin, end in zip((0, *self.cuts), (*self.cuts, len(self.sent)), strict=True):
                send(dialed, self.sent[begin:end])
            place.neighbours.meanwhile()
            if self.ending == "reset":
                return None
            half_close(dialed)
            return self._wrong(place, everything(dialed))
        finally:
            cut(dialed) if self.ending == "reset" else dialed.close()

    def _wrong(self, place: Place, answer: bytes) -> str | None:
        if self.door == "control":
            return self._wrong_lines(place, answer)
        status = status_of(answer)
        if answer and status not in REFUSED:
            return f"answered with {status or answer[:100]!r} where {REFUSED.start} was right"
        if self.door == "websocket" and not answer:
            return "a client that listens was not told what is wrong"
        return None if answer.count(b"HTTP/1.1 ") <= 1 + self.sent.count(b"\r\n\r\n") else f"answered too often: {answer[:300]!r}"

    def _wrong_lines(self, place: Place, answer: bytes) -> str | None:
        *whole, left = self.sent.split(b"\n")
        owed = [lines.of(each, place.oracle.published.tools) for each in whole] + ([lines.half()] if left.strip() else [])
        return unmatched(owed, [read(line).value for line in answer.splitlines()])


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
KNOWN = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 40,
    PREFACE + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    b"GET",
    b"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX",
    b"GET /mcp HTTP/1.1\nHost 127.0.0.1\n\n",
    b"GET  /mcp  HTTP/1.1\r\n\r\n",
    b"GET /mcp HTTP/9\r\nHost: 127.0.0.1\r\n\r\n",
    b"\r\n" * 40,
    b"\x81\x85\x00\x00\x00\x00hello",
    b"SSH-2.0-OpenSSH_9.6\r\n",
    b"EHLO x\r\nQUIT\r\n",
    b"{}\n[]\n",
    b"GET /" + b"x" * 20_000,
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 4_000,
    b"\x00" * 40_000,
    b"\xff" * 100,
)


@st.composite
def sendings(draw: st.DrawFn) -> bytes:
    """Bytes, at least one."""
    begun = draw(st.sampled_from(KNOWN) | st.binary(min_size=1, max_size=200))
    if draw(st.booleans()):
        begun = begun[: draw(st.integers(1, len(begun)))]
    return begun + draw(st.sampled_from((b"", b"", b"\r\n\r\n", b"\n")))


def attacks(schemas: Mapping[str, Any]) -> st.SearchStrategy[RawAttack]:
    """Bytes for every door."""

    @st.composite
    def attack(draw: st.DrawFn) -> RawAttack:
        door, sent = draw(st.sampled_from(DOORS)), draw(sendings())
        cuts = tuple(sorted({draw(st.integers(0, len(sent))) for _ in range(draw(st.integers(0, 3)))}))
        ending = draw(st.sampled_from(("half", "half", "half", "half", "reset", "reset", "stay")))
        return RawAttack(kind=f"{ending} at {door}", door=door, sent=sent, cuts=cuts, ending=ending)

    return attack()
