"""MCP over HTTP: messages of both eras as bodies, with headers that agree with them and headers that do not, and sessions."""

import json
from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
from attrs import evolve, frozen

from tests.fuzz.attack import Attack, sent_as
from tests.fuzz.http_line import HttpLine, Response
from tests.fuzz.oracle.json_text import read
from tests.fuzz.oracle.messages import Era
from tests.fuzz.oracle.over_http import ACCEPTED, BOM, NOT_ACCEPTABLE, Headers, allowed_of, statuses_of
from tests.fuzz.oracle.replies import Allowed
from tests.fuzz.place import OPEN, STILL, Place
from tests.fuzz.sockets import Gone, cut, dial
from tests.fuzz.surfaces.asking import Lines, mostly
from tests.fuzz.surfaces.messages import LISTEN, messages, not_messages, written
from tests.support.raw_http import request

EVENT_STREAM = "text/event-stream"
BOTH = f"application/json, {EVENT_STREAM}"


@frozen(kw_only=True)
class BodyAttack(Attack):
    """One message in a body, on a connection of its own."""

    surface = "mcp over http"
    body: bytes
    era: Era
    headers: Headers
    rudely: bool = False

    def play(self, place: Place) -> str | None:
        allowed = allowed_of(place.oracle, self.body, self.era, self.headers)
        project = OPEN if allowed.result else STILL
        lines = self._lines(place, project)
        line = HttpLine(dial(place.http))
        try:
            line.send(request("POST", f"/mcp/{project}", lines, self.body))
            place.neighbours.meanwhile()
            if self._may_last(allowed):
                return self._begun(line)
            return self._wrong(place, allowed, line.next_response())
        finally:
            cut(line.socket) if self.rudely else line.close()

    def _lines(self, place: Place, project: str) -> Lines:
        common = [("Host", "127.0.0.1"), ("Content-Type", "application/json"), ("Connection", "close")]
        common += [("Authorization", f"Bearer {place.tokens.local}"), ("Accept", self.headers.accept)]
        if self.era is Era.MODERN:
            return common + self.headers.lines()
        return [*common, ("Mcp-Session-Id", place.session(project)), ("Mcp-Protocol-Version", self.headers.version)]

    def _wrong(self, place: Place, allowed: Allowed, response: Response) -> str | None:
        is_owed_nothing = not place.oracle.of(self.body.removeprefix(BOM), self.era, is_stream=False).answered
        right = statuses_of(allowed, self.era, self.headers, is_owed_nothing)
        if response.status not in right:
            return f"answered with {response.status} where {sorted(right)} was right: {response.body[:300]!r}"
        if response.status in (ACCEPTED, NOT_ACCEPTABLE):
            return None
        reply = _reply_in(response)
        if reply is None:
            return "a stream ended without an answer"
        return allowed.problem(reply)

    def _may_last(self, allowed: Allowed) -> bool:
        return allowed.result and self.era is Era.MODERN and read(self.body.removeprefix(BOM)).value.get("method") == LISTEN

    def _begun(self, line: HttpLine) -> str | None:
        """A stream of changes begins, or is refused; it ends when its reader leaves."""
        response = line.next_response(to_head=True)
        return None if response.status in (200, 400, NOT_ACCEPTABLE) else f"answered with {response.status}"


def _reply_in(response: Response) -> Any:
    """The answer, whether it comes as JSON or in a stream of events; None when there is none in it."""
    if not (response.header("content-type") or "").startswith(EVENT_STREAM):
        return json.loads(response.body)
    events = [json.loads(line[5:]) for line in response.body.splitlines() if line.startswith(b"data:") and line[5:].strip()]
    return next((event for event in events if "method" not in event), None)


@frozen(kw_only=True)
class SessionAttack(Attack):
    """What may be done with a session, without one, with one that never was, and after its end."""

    surface = "mcp over http"
    method: str
    session: str | None
    accept: str = EVENT_STREAM
    version: str = "2025-11-25"

    def play(self, place: Place) -> str | None:
        opened = place.open_session(STILL)
        session = opened if self.session == "own" else self.session
        lines = [("Host", "127.0.0.1"), ("Authorization", f"Bearer {place.tokens.local}"), ("Accept", self.accept)]
        lines += [("Mcp-Protocol-Version", self.version), ("Content-Type", "application/json")]
        lines += [("Mcp-Session-Id", session)] if session is not None else []
        line = HttpLine(dial(place.http))
        try:
            line.send(request(self.method, f"/mcp/{STILL}", lines))
            place.neighbours.meanwhile()
            response = line.next_response(to_head=True)
        finally:
            line.close()
        _ended(place, opened)
        right = self._right()
        return None if response.status in right else f"answered with {response.status} where {sorted(right)} was right"

    def _right(self) -> frozenset[int]:
        if self.session is None:
            return frozenset({400})
        if self.version not in ("2025-11-25", "2025-06-18"):
            return frozenset({400, 405})
        if self.session != "own":
            return frozenset({404})
        if self.method == "GET":
            return frozenset({200} if EVENT_STREAM in self.accept or self.accept == "*/*" else {NOT_ACCEPTABLE})
        return frozenset({200})


def _ended(place: Place, session: str) -> None:
    line = HttpLine(dial(place.http))
    try:
        lines = [
            ("Host", "127.0.0.1"),
            ("Authorization", f"Bearer {place.tokens.local}"),
            ("Mcp-Session-Id", session),
            ("Connection", "close"),
        ]
        line.send(request("DELETE", f"/mcp/{STILL}", lines))
        line.next_response(to_head=True)
    except Gone:
        pass
    finally:
        line.close()


@st.composite
def headers(draw: st.DrawFn, body: bytes, era: Era) -> Headers:
    """Those that agree with a body, but now and then for one."""
    found = Headers.of(body, era)
    match draw(mostly("right", ("accept", "version", "method", "name", "more"), 4)):
        case "accept":
            return evolve(
                found, accept=draw(st.sampled_from(("application/json", EVENT_STREAM, "text/html", "", "application/json;q=0", "*/*")))
            )
        case "version" if era is Era.MODERN:
            return evolve(found, version=draw(st.sampled_from(("2026-07-29", "x", "2026-07-28 x"))))
        case "method" if era is Era.MODERN:
            return evolve(found, method=draw(st.sampled_from((None, "tools/list", "x", "=?base64?eA==?="))))
        case "name" if era is Era.MODERN:
            return evolve(found, name=draw(st.sampled_from((None, "x", "=?base64?!?=", "=?base64?eA==?="))))
        case "more" if era is Era.MODERN:
            return evolve(found, twice=draw(st.sampled_from(("Mcp-Method", "Mcp-Name", "Mcp-Protocol-Version"))))
        case _:
            return found


@st.composite
def body_attacks(draw: st.DrawFn, schemas: Mapping[str, Any]) -> BodyAttack:
    """A message of either era."""
    era = draw(st.sampled_from(Era))
    is_message = draw(st.integers(0, 7)) > 0
    body = sent_as(draw(written(draw(messages(era, schemas)))) if is_message else draw(not_messages))
    return BodyAttack(kind=f"a message of {era}", body=body, era=era, headers=draw(headers(body, era)), rudely=draw(st.booleans()))


session_attacks = st.builds(
    SessionAttack,
    kind=st.just("a session"),
    method=st.sampled_from(("GET", "DELETE")),
    session=st.sampled_from(("own", "own", None, "nobody's", "", "x" * 3_000)),
    accept=st.sampled_from((EVENT_STREAM, BOTH, "application/json", "*/*")),
    version=st.sampled_from(("2025-11-25", "2025-06-18", "2026-07-28", "1900-01-01")),
)


def attacks(schemas: Mapping[str, Any]) -> st.SearchStrategy[Attack]:
    """Messages in bodies, and now and then what is done with sessions."""
    return st.integers(0, 9).flatmap(lambda number: session_attacks if number == 0 else body_attacks(schemas))
