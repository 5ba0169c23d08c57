"""Lines: newline-delimited JSON-RPC at the control socket, whole, too long, cut short, and several at once."""

import json
from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
from attrs import frozen

from tests.fuzz.attack import Attack, sent_as
from tests.fuzz.control_line import control_at
from tests.fuzz.oracle import lines
from tests.fuzz.oracle.json_text import read
from tests.fuzz.oracle.replies import Allowed, unmatched
from tests.fuzz.place import OPEN, Place
from tests.fuzz.sockets import Gone, cut, half_close
from tests.fuzz.surfaces.messages import bad_ids, calls, ids, methods, not_messages, written
from tests.fuzz.surfaces.rpc import mistaken
from tests.fuzz.values import json_values, texts


@frozen(kw_only=True)
class LinesAttack(Attack):
    """Some lines on a connection of its own. `left` is what follows them without an end."""

    surface = "lines"
    lines: tuple[bytes, ...]
    left: bytes = b""
    rudely: bool = False

    def play(self, place: Place) -> str | None:
        line = control_at(place.control)
        try:
            *whole, left = self._sent()
            line.send(b"\n".join([*(_addressed(each, place) for each in whole), left]))
            place.neighbours.meanwhile()
            if self.rudely:
                return None
            half_close(line.socket)
            replies = []
            try:
                while True:
                    replies.append(line.next_reply())
            except Gone as gone:
                return f"half a reply: {gone.received!r:.100}" if gone.received else unmatched(self._owed(place), replies)
        finally:
            cut(line.socket) if self.rudely else line.close()

    def _owed(self, place: Place) -> list[Allowed]:
        *whole, left = self._sent()
        owed: list[Allowed] = [lines.of(each, place.oracle.published.tools) for each in whole]
        return owed + ([lines.half()] if left.strip() and len(left) <= lines.LINE_BYTES else [])

    def _sent(self) -> list[bytes]:
        """What the lines are once they are sent: one that has an end in it is two."""
        return b"\n".join([*self.lines, self.left]).split(b"\n")


def _addressed(line: bytes, place: Place) -> bytes:
    """A line that may be carried out, for the project in which that may happen; any other as it is."""
    if not lines.of(line, place.oracle.published.tools).result:
        return line
    request = read(line).value
    params = request.get("params", {})
    return sent_as(
        json.dumps({**request, "params": {**params, lines.SURROUNDINGS: {**params.get(lines.SURROUNDINGS, {}), "project": OPEN}}})
    )


# How they are made.

SAFE_FOR_OPERATORS = ("admin.verify", "admin.list_tokens", "admin.check_files")
surroundings = st.sampled_from(({}, {"agent": "ada"}, {"agent": None})) | st.sampled_from(
    ({"agent": "Ada"}, {"agent": "all"}, {"agent": 5}, {"project": 5}, {"x": 1}, [], "x", None, 5)
)


@st.composite
def requests(draw: st.DrawFn, schemas: Mapping[str, Any]) -> Any:
    """A request that is right or nearly so."""
    match draw(st.sampled_from(("call", "call", "call", "operators", "method"))):
        case "operators":
            method = draw(st.sampled_from(sorted(lines.FOR_OPERATORS)))
            params = (
                draw(st.dictionaries(texts, json_values, max_size=2)) if method in SAFE_FOR_OPERATORS else {lines.UNHEARD_OF: draw(ids)}
            )
        case "method":
            method, params = draw(methods), draw(st.dictionaries(texts, json_values, max_size=2))
        case _:
            call = draw(calls(schemas))
            method, params = call["name"], call["arguments"]
    params = {**params, lines.SURROUNDINGS: draw(surroundings)}
    request: Any = {"jsonrpc": draw(st.sampled_from(("2.0", "2.0", "2.0", "1.0"))), "id": draw(ids), "method": method, "params": params}
    if draw(st.integers(0, 7)) == 0:
        return {**request, "id": draw(bad_ids)}
    # An operator's method that lost its arguments would be carried out.
    return draw(mistaken(request)) if method not in lines.FOR_OPERATORS and draw(st.integers(0, 7)) == 0 else request


@st.composite
def whole_lines(draw: st.DrawFn, schemas: Mapping[str, Any]) -> bytes:
    """One line."""
    match draw(st.integers(0, 9)):
        case 0:
            return sent_as(draw(not_messages))
        case 1:
            return draw(st.binary(max_size=60))
        case 2:
            return sent_as(draw(written(draw(requests(schemas)))))
        case 3:
            return draw(st.sampled_from((b"", b" ", b"\r", b"{}", b"[]", b"x" * 70_000)))
        case _:
            return sent_as(json.dumps(draw(requests(schemas))))


def attacks(schemas: Mapping[str, Any]) -> st.SearchStrategy[LinesAttack]:
    """Lines of every kind."""

    @st.composite
    def attack(draw: st.DrawFn) -> LinesAttack:
        found = draw(st.lists(whole_lines(schemas), min_size=1, max_size=3))
        if draw(st.integers(0, 200)) == 0:
            found.append(b"x" * (lines.LINE_BYTES + 1))
        left = draw(st.sampled_from((b"", b"", b"", b'{"jsonrpc": "2.0", "id": 1', b"\xff", b" ")))
        return LinesAttack(kind=f"{len(found)} lines", lines=tuple(found), left=left, rudely=draw(st.integers(0, 7)) == 0)

    return attack()
