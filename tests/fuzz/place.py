"""The place under attack: a real server with its doors and tokens, seen as its clients see it, and nothing of its inside."""

import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import Factory, define, field, frozen
from jsonschema import Draft202012Validator

from tests.fuzz.bridge_process import BridgeProcess
from tests.fuzz.control_line import ControlLine, control_at
from tests.fuzz.crowd import Crowd
from tests.fuzz.http_line import HttpLine
from tests.fuzz.neighbours import Neighbours
from tests.fuzz.oracle.messages import CAPABILITIES_KEY, MODERN_VERSION, VERSION_KEY, Era, Oracle, Published
from tests.fuzz.sockets import Gone, Where, dial, where
from tests.fuzz.websocket_line import WebSocketLine, opened
from tests.support.raw_http import request

ENVELOPE = {VERSION_KEY: MODERN_VERSION, CAPABILITIES_KEY: {}}
INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "fuzz", "version": "1"}}

IDLE_S = 15.0
"""A WebSocket that nobody has read from for longer may have been asked in vain whether it is there."""

STILL = "still"
"""The project that is only ever asked for what has to be refused: nothing may happen in it."""

OPEN = "open"
"""The project in which calls may succeed."""

GHOST = "ghost"
"""A project that only those name who have no token: it may never come to be."""


@frozen
class Tokens:
    """Secrets: of who runs the server, of an agent that may write, of one that may only read, and one that was revoked."""

    local: str
    worker: str
    reader: str
    revoked: str


@define(eq=False)
class Place:
    """One server, from outside."""

    data: Path
    ws: Where
    http: Where
    control: str
    tokens: Tokens
    oracle: Oracle
    schemas: dict[str, Any]
    neighbours: Neighbours
    crowd: Crowd = Factory(Crowd)
    starting_s: float = 0.0
    """How long was waited for processes of our own to start, since somebody last asked."""

    _lines: dict[tuple[Era, str], WebSocketLine] = Factory(dict)
    _used_at: dict[WebSocketLine, float] = Factory(dict)
    _sessions: dict[str, str] = Factory(dict)
    _bridges: dict[Era, BridgeProcess] = Factory(dict)
    _sources: Iterator[int] = field(factory=itertools.count)

    def session(self, project: str) -> str:
        """An HTTP session of the older era that stays open for the next attack too."""
        if project not in self._sessions:
            self._sessions[project] = self.open_session(project)
        return self._sessions[project]

    def open_session(self, project: str) -> str:
        """A new one, of who runs the server. Raises Gone."""
        line = HttpLine(dial(self.http))
        try:
            body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}).encode()
            line.send(request("POST", f"/mcp/{project}", self._introducing(), body))
            session = line.next_response(to_head=True).header("mcp-session-id")
            if session is None:
                raise Gone(b"no session")
            return session
        finally:
            line.close()

    def _introducing(self) -> list[tuple[str, str]]:
        accept = ("Accept", "application/json, text/event-stream")
        return [("Host", "127.0.0.1"), ("Content-Type", "application/json"), accept, ("Authorization", f"Bearer {self.tokens.local}")]

    def line(self, era: Era, project: str) -> WebSocketLine:
        """A WebSocket of who runs the server, in an era, that stays open for the next attack too. Raises Gone."""
        kept, now = self._lines.get((era, project)), time.monotonic()
        if kept is not None and now - self._used_at[kept] > IDLE_S:
            # Nobody has answered the server's pings.
            kept.close()
            kept = None
        if kept is None:
            kept = self._lines[era, project] = spoken(self.ws, self.tokens.local, era, f"/mcp/{project}")
        self._used_at[kept] = now
        return kept

    def bridge(self, era: Era) -> BridgeProcess:
        """A bridge to the server whose client speaks in an era. The modern one needs to be spoken to before it has one."""
        if era not in self._bridges:
            began = time.monotonic()
            url = f"ws://{self.ws[0]}:{self.ws[1]}/mcp/{OPEN}"
            self._bridges[era] = bridge = BridgeProcess(url, self.tokens.local, is_legacy=era is Era.LEGACY)
            if era is Era.MODERN:
                bridge.line.send(
                    json.dumps({"jsonrpc": "2.0", "id": 0, "method": "server/discover", "params": {"_meta": ENVELOPE}}).encode() + b"\n"
                )
                bridge.line.next_reply()
            self.starting_s += time.monotonic() - began
        return self._bridges[era]

    def source(self) -> str:
        """An address of this machine that nobody has called from lately, so that failures are counted for each attack alone."""
        number = next(self._sources) % (250 * 250)
        return f"127.{7 + number // 62_500}.{1 + number // 250 % 250}.{1 + number % 250}"

    def renew(self) -> None:
        """Everything that was open is of no use any more; whoever needs it opens it anew."""
        for line in self._lines.values():
            line.close()
        for bridge in self._bridges.values():
            bridge.close()
        self._lines, self._used_at, self._bridges, self._sessions = {}, {}, {}, {}
        self.neighbours.renew()

    def leave(self) -> list[str]:
        """Close everything; what the bridges said of anything that went wrong."""
        self.crowd.leave()
        for line in self._lines.values():
            line.close()
        self.neighbours.close()
        said = [bridge.close() for bridge in self._bridges.values()]
        self._lines, self._used_at, self._bridges, self._sessions = {}, {}, {}, {}
        return [each for each in said if each]


def spoken(to: Where, token: str, era: Era, target: str) -> WebSocketLine:
    """A WebSocket that speaks in an era. Raises Gone, Hung."""
    line = opened(to, token, target)
    if era is Era.LEGACY:
        line.say(json.dumps({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": INITIALIZE}))
        line.next_message()
        line.say(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))
    else:
        ask(line, "server/discover")
    return line


def ask(line: WebSocketLine, method: str, **params: Any) -> Any:
    """The result of an honest request of the 2026 era."""
    line.say(json.dumps({"jsonrpc": "2.0", "id": "ask", "method": method, "params": {**params, "_meta": ENVELOPE}}))
    return line.next_message()["result"]


@contextmanager
def settled(facts: dict[str, Any]) -> Iterator[Place]:
    """The place that a running server is, with tokens made, and a task that the neighbours look at."""
    ws, http, control = where(facts["ws"]), where(facts["http"]), str(facts["control"])
    asked = control_at(control)
    try:
        tokens = _made(asked, Path(facts["data"]))
        asked.call("health_check", _={"project": STILL})
        _furnish(asked)
        schemas, published = _published(ws, tokens.local)
        place = Place(
            data=Path(facts["data"]),
            ws=ws,
            http=http,
            control=control,
            tokens=tokens,
            oracle=Oracle(published),
            schemas=schemas,
            neighbours=Neighbours.of(ws, http, control, tokens.local),
        )
        try:
            yield place
        finally:
            place.leave()
    finally:
        asked.close()


def _furnish(control: ControlLine) -> None:
    """Put something into the open project that calls can be about."""
    here = {"project": OPEN}
    for code in ("A-1", "A-2", "A-3"):
        control.call("create_task", code=code, name=f"task {code}", description="to be attacked", _=here)
    for agent in ("ada", "bob"):
        control.call("register_agent", agent_name=agent, agent_type="backend", capabilities=["rust"], _=here)
    control.call("claim_task", code="A-1", _={**here, "agent": "ada"})
    control.call("send_message", to="bob", content="hello", _=here)


def _made(control: ControlLine, data: Path) -> Tokens:
    made = {name: control.call("admin.add_token", name=name, scope=scope)["token"] for name, scope in SCOPES.items()}
    control.call("admin.revoke_token", id="gone")
    return Tokens(local=(data / "local.token").read_text().strip(), worker=made["worker"], reader=made["reader"], revoked=made["gone"])


SCOPES = {"worker": "write", "reader": "read", "gone": "write"}


def _published(ws: Where, token: str) -> tuple[dict[str, Any], Published]:
    line = spoken(ws, token, Era.MODERN, f"/mcp/{OPEN}")
    try:
        schemas = {each["name"]: each["inputSchema"] for each in ask(line, "tools/list")["tools"]}
        resources = frozenset(each["uri"] for each in ask(line, "resources/list")["resources"])
        prompts = {
            each["name"]: frozenset(argument["name"] for argument in each.get("arguments", ()) if argument.get("required"))
            for each in ask(line, "prompts/list")["prompts"]
        }
    finally:
        line.close()
    validators = {name: Draft202012Validator(schema) for name, schema in schemas.items()}
    return schemas, Published(tools=validators, resources=resources, prompts=prompts)
