"""Floods: more of something at once than anybody needs, from one client: calls, pings, requests, lines and connections."""

import json
from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
from attrs import frozen

from tests.fuzz.attack import Attack
from tests.fuzz.control_line import control_at
from tests.fuzz.http_line import HttpLine
from tests.fuzz.oracle import lines
from tests.fuzz.oracle.messages import Era
from tests.fuzz.oracle.replies import METHOD_NOT_FOUND, TOO_MANY, Allowed, unmatched
from tests.fuzz.place import ENVELOPE, STILL, Place, spoken
from tests.fuzz.sockets import cut, dial, send
from tests.support.raw_http import request
from tests.support.raw_websocket import PING, PONG, frame, opening

UNKNOWN = {"jsonrpc": "2.0", "method": "nobody/knows", "params": {"_meta": ENVELOPE}}
CALL = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "list_tasks", "arguments": {}, "_meta": ENVELOPE}}

LISTEN = {"jsonrpc": "2.0", "method": "subscriptions/listen", "params": {"notifications": {"toolsListChanged": True}, "_meta": ENVELOPE}}
LISTENS_LIMIT = 8


@frozen(kw_only=True)
class FloodAttack(Attack):
    """So many at once."""

    surface = "floods"
    many: int

    def play(self, place: Place) -> str | None:
        found: str | None = getattr(self, f"_{self.kind}")(place)
        return found

    def _calls(self, place: Place) -> str | None:
        """Each is answered once, by its answer or by being told that there are too many."""
        replies = self._said_to(place, CALL)
        return unmatched([Allowed(id=number, codes={TOO_MANY}, result=True) for number in range(self.many)], replies)

    def _listens(self, place: Place) -> str | None:
        """As many streams of changes begin as may be open, and the others hear that there are too many."""
        refused = [each for each in self._said_to(place, LISTEN) if "method" not in each]
        if len(refused) != max(0, self.many - LISTENS_LIMIT):
            return f"of {self.many} streams {len(refused)} were refused"
        problems = [Allowed(id=each.get("id"), codes={TOO_MANY}).problem(each) for each in refused]
        return next((each for each in problems if each), None)

    def _said_to(self, place: Place, asked: Mapping[str, Any]) -> list[Any]:
        """The first of what one client is told who asks the same so many times at once."""
        line = spoken(place.ws, place.tokens.local, Era.MODERN, f"/mcp/{STILL}")
        try:
            line.send(b"".join(frame(json.dumps({**asked, "id": number}).encode()) for number in range(self.many)))
            place.neighbours.meanwhile(is_flood=True)
            return [line.next_message() for _ in range(self.many)]
        finally:
            line.close()

    def _unread(self, place: Place) -> None:
        """Whoever reads none of the answers is cut off by and by, or leaves."""
        line = spoken(place.ws, place.tokens.local, Era.MODERN, f"/mcp/{STILL}")
        for number in range(self.many):
            line.socket.settimeout(0.0)
            if not _taken(line.socket, frame(json.dumps({**CALL, "method": "tools/list", "id": number}).encode())):
                break
        place.neighbours.meanwhile(is_flood=True)
        cut(line.socket)

    def _pings(self, place: Place) -> str | None:
        """Each is answered, in turn."""
        line = spoken(place.ws, place.tokens.local, Era.MODERN, f"/mcp/{STILL}")
        try:
            line.send(b"".join(frame(str(number).encode(), PING) for number in range(self.many)))
            place.neighbours.meanwhile(is_flood=True)
            pongs = [line.next_frame() for _ in range(self.many)]
        finally:
            line.close()
        is_right = all(each and (each.opcode, each.payload) == (PONG, str(number).encode()) for number, each in enumerate(pongs))
        return None if is_right else "pings were not answered each in turn"

    def _requests(self, place: Place) -> str | None:
        """Each is answered, in turn, on one connection."""
        line = HttpLine(dial(place.http, place.source()))
        headers = [("Host", "127.0.0.1"), ("Content-Type", "application/json"), ("Authorization", f"Bearer {place.tokens.reader}")]
        try:
            for number in range(self.many):
                line.send(request("POST", f"/rpc/{STILL}", headers, json.dumps({"id": number, "method": "nobody"}).encode()))
            place.neighbours.meanwhile(is_flood=True)
            replies = [json.loads(line.next_response().body) for _ in range(self.many)]
        finally:
            line.close()
        is_right = all(reply["id"] == number and reply["error"]["code"] == METHOD_NOT_FOUND for number, reply in enumerate(replies))
        return None if is_right else "requests were not answered each in turn"

    def _lines(self, place: Place) -> str | None:
        """Each is answered once."""
        line = control_at(place.control)
        try:
            line.send(b"".join(json.dumps({"jsonrpc": "2.0", "id": number, "method": "x"}).encode() + b"\n" for number in range(self.many)))
            place.neighbours.meanwhile(is_flood=True)
            replies = [line.next_reply() for _ in range(self.many)]
        finally:
            line.close()
        return unmatched([lines.LineAllowed(id=number, codes={METHOD_NOT_FOUND}) for number in range(self.many)], replies)

    def _connections(self, place: Place) -> None:
        """They say half of a word and are gone."""
        dialed = []
        for number in range(self.many):
            dialed.append(dial(place.ws if number % 2 else place.http, place.source()))
            send(dialed[-1], opening()[: 5 + number])
        place.neighbours.meanwhile(is_flood=True)
        for each in dialed:
            cut(each)


def _taken(on: Any, what: bytes) -> bool:
    try:
        on.sendall(what)
    except OSError:
        return False
    return True


KINDS = {"calls": 120, "listens": 20, "unread": 60, "pings": 300, "requests": 60, "lines": 300, "connections": 40}
"""The largest of each."""


def attacks(schemas: Mapping[str, Any]) -> st.SearchStrategy[FloodAttack]:
    """Floods of every kind."""
    return st.sampled_from(sorted(KINDS)).flatmap(lambda kind: st.builds(FloodAttack, kind=st.just(kind), many=st.integers(2, KINDS[kind])))
