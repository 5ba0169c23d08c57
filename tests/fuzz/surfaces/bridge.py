"""The bridge: what a client that speaks over standard streams may write into them, to a real bridge process before the real server."""

import json
from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
from attrs import evolve, frozen

from tests.fuzz.attack import Attack, sent_as
from tests.fuzz.bridge_process import BridgeProcess
from tests.fuzz.oracle.messages import Era
from tests.fuzz.oracle.replies import INVALID_REQUEST, Allowed, unmatched
from tests.fuzz.place import ENVELOPE, Place
from tests.fuzz.surfaces.messages import LISTEN, messages, not_messages, written

LINE_BYTES = 1 << 20


@frozen(kw_only=True)
class BridgeAttack(Attack):
    """Some lines on a bridge that was there before and has to stay; `cuts` are where they are written apart."""

    surface = "bridge"
    era: Era
    text: bytes
    cuts: tuple[int, ...] = ()

    def play(self, place: Place) -> str | None:
        owed = [self._owed(place, line) for line in self.text.split(b"\n") if line.strip()]
        bridge: BridgeProcess = place.bridge(self.era)
        sent = self.text + b"\n" + _probe(self.era)
        for begin, end in zip((0, *self.cuts), (*self.cuts, len(sent)), strict=True):
            bridge.line.send(sent[begin:end])
        place.neighbours.meanwhile()
        replies: list[Any] = []
        is_over = False
        while not is_over or len(replies) < sum(each.answered for each in owed):
            reply = bridge.line.next_reply()
            if isinstance(reply, dict) and reply.get("id") == "probe":
                is_over = True
            elif not isinstance(reply, dict) or "method" not in reply:
                replies.append(reply)
        return unmatched(owed, replies)

    def _owed(self, place: Place, line: bytes) -> Allowed:
        if len(line) > LINE_BYTES:
            return Allowed(codes={INVALID_REQUEST})
        allowed = place.oracle.of(line.strip(), self.era)
        # The first with an id may still be under way when the next one comes.
        is_alone = self.text.count(b"\n") == 0
        return allowed if is_alone else evolve(allowed, codes={*allowed.codes, INVALID_REQUEST})


def _probe(era: Era) -> bytes:
    method, params = ("ping", {}) if era is Era.LEGACY else ("probe/probe", {"_meta": ENVELOPE})
    return json.dumps({"jsonrpc": "2.0", "id": "probe", "method": method, "params": params}).encode() + b"\n"


bad_bytes = st.sampled_from((b"\xff", b"\xed\xa0\x80", b"\xc3", b"\xf0\x9f"))


@st.composite
def texts(draw: st.DrawFn, era: Era, schemas: Mapping[str, Any]) -> bytes:
    """One or two lines. A stream of changes is left to others: over a bridge nobody sees that it has begun."""
    found = []
    for _ in range(draw(st.integers(1, 2))):
        line = sent_as(draw(written(draw(messages(era, schemas)))) if draw(st.integers(0, 6)) else draw(not_messages))
        if draw(st.integers(0, 9)) == 0:
            at = draw(st.integers(0, len(line)))
            line = line[:at] + draw(bad_bytes) + line[at:]
        if LISTEN.encode() not in line and b"initialize" not in line:
            found.append(line)
    if draw(st.integers(0, 150)) == 0:
        found.append(b"x" * (LINE_BYTES * draw(st.integers(1, 3)) + 1))
    return b"\n".join(found)


def attacks(schemas: Mapping[str, Any]) -> st.SearchStrategy[BridgeAttack]:
    """Lines of either era."""

    @st.composite
    def attack(draw: st.DrawFn) -> BridgeAttack:
        era = draw(st.sampled_from(Era))
        text = draw(texts(era, schemas))
        cuts = tuple(sorted({draw(st.integers(0, len(text))) for _ in range(draw(st.integers(0, 2)))}))
        return BridgeAttack(kind=f"lines of {era}", era=era, text=text, cuts=cuts)

    return attack()
