"""Neighbours: well-behaved clients, one at each door, who work all the time beside the attacks and time every answer.

How long an answer takes says nothing on a machine that others use. So every so often the same call is timed beside an honest
newcomer instead of an attack, and alone: only the ratios count.
"""

import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median

from attrs import Factory, define, field

from tests.fuzz.control_line import ControlLine, control_at
from tests.fuzz.http_line import HttpLine
from tests.fuzz.sockets import Gone, Where, dial
from tests.fuzz.websocket_line import WebSocketLine, opened
from tests.support.raw_http import request
from tests.support.raw_websocket import frame

CODE = "NB-1"
"""The task that they look at, again and again."""

PROJECT = "default"
TOOL = "get_task_by_code"
LOOK = {"name": TOOL, "arguments": {"code": CODE}}
VERSION = "2026-07-28"
META = {"io.modelcontextprotocol/protocolVersion": VERSION, "io.modelcontextprotocol/clientCapabilities": {}}
CALL = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {**LOOK, "_meta": META}}).encode()

COMPARED_EVERY = 4
"""Attacks between two calls without one. There are three doors, so that each has its turn."""

HELD_UP_S = 3.0
"""No call is kept waiting for this long by whatever anybody sends, and on no machine on which the tests pass by their own means."""


class Wronged(Exception):
    """A well-behaved client got anything but its answer, or that too late."""


@define(eq=False)
class Samples:
    """How long answers took, in seconds: alone, beside an honest newcomer, beside an attack, and beside a flood."""

    alone: list[float] = Factory(list)
    in_company: list[float] = Factory(list)
    attacked: list[float] = Factory(list)
    flooded: list[float] = Factory(list)


Measure = Callable[[Sequence[float]], float]


def compared(doors: Iterable[Samples], of: Measure) -> dict[str, float]:
    """How many times as long all of them waited as they did beside an honest newcomer: alone, beside attacks, and beside floods.

    What one door's answers usually take is the measure of that door, so that the three can be looked at together.
    """
    found: dict[str, list[float]] = {"alone": [], "in_company": [], "attacked": [], "flooded": []}
    for each in doors:
        usual = median(each.in_company)
        for name, samples in found.items():
            samples += [took / usual for took in getattr(each, name)]
    honest = of(found["in_company"])
    return {name: of(samples) / honest for name, samples in found.items() if samples and name != "in_company"}


def p99(samples: Sequence[float]) -> float:
    return sorted(samples)[int(0.99 * (len(samples) - 1))]


def p50(samples: Sequence[float]) -> float:
    return median(samples)


@define(eq=False)
class Neighbours:
    """One client at each door, who take turns."""

    ws: Where
    http_door: Where
    control_door: str
    token: str
    websocket: WebSocketLine
    http: HttpLine
    control: ControlLine
    samples: dict[str, Samples] = Factory(lambda: {"websocket": Samples(), "http": Samples(), "control": Samples()})
    _turns: Iterator[str] = field(factory=lambda: itertools.cycle(("websocket", "http", "control")))
    _newcomers: Iterator[str] = field(factory=lambda: itertools.cycle(("websocket", "http")))
    _turn: str = "control"
    _attacks: int = 0
    _looked: int = 0

    @classmethod
    def of(cls, ws: Where, http: Where, control: str, token: str) -> "Neighbours":
        """At these doors, with a task to look at."""
        line = control_at(control)
        line.call("create_task", code=CODE, name="looked at", description="by the neighbours", _={"project": PROJECT})
        found = cls(ws, http, control, token, opened(ws, token), HttpLine(dial(http)), line)
        for door in ("websocket", "http", "control") * 10:
            found._look(door)
        return found

    def before(self) -> None:
        """The next one's turn; now and then it calls while nobody attacks. Raises Wronged when it is not answered as ever."""
        self._turn, self._attacks = next(self._turns), self._attacks + 1
        if self._attacks % COMPARED_EVERY == 0:
            # The server may still be tidying up after the attack before this one; the first call waits for that.
            self._look(self._turn)
            self.samples[self._turn].alone.append(self._look(self._turn))
            self.samples[self._turn].in_company.append(self._look_beside_a_newcomer())

    def meanwhile(self, is_flood: bool = False) -> None:
        """The same call while an attack is under way."""
        took = self._look(self._turn)
        samples = self.samples[self._turn]
        (samples.flooded if is_flood else samples.attacked).append(took)
        if took > HELD_UP_S:
            raise Wronged(f"over {self._turn} a neighbour waited {took:.1f} s for its answer")

    def renew(self) -> None:
        """Come again: the server may have done with who was there."""
        self.close()
        self.websocket, self.http, self.control = opened(self.ws, self.token), HttpLine(dial(self.http_door)), control_at(self.control_door)

    def close(self) -> None:
        for line in (self.websocket, self.http, self.control):
            line.close()

    def _look_beside_a_newcomer(self) -> float:
        if next(self._newcomers) == "websocket":
            line = opened(self.ws, self.token)
            line.send(frame(CALL))
            took = self._look(self._turn)
            line.next_message()
            line.close()
            return took
        headers = [("Host", "127.0.0.1"), ("Content-Type", "application/json"), ("Authorization", f"Bearer {self.token}")]
        headers += [("Accept", "application/json, text/event-stream"), ("Connection", "close")]
        headers += [("Mcp-Protocol-Version", VERSION), ("Mcp-Method", "tools/call"), ("Mcp-Name", TOOL)]
        newcomer = HttpLine(dial(self.http_door))
        newcomer.send(request("POST", f"/mcp/{PROJECT}", headers, CALL))
        took = self._look(self._turn)
        newcomer.next_response()
        newcomer.close()
        return took

    def _look(self, door: str) -> float:
        began = time.perf_counter()
        try:
            code = {"websocket": self._over_websocket, "http": self._over_http, "control": self._over_control}[door]()
        except Gone as gone:
            raise Wronged(f"over {door} a neighbour was cut off: {gone}") from None
        took = time.perf_counter() - began
        if code != CODE:
            raise Wronged(f"over {door} a neighbour was answered {str(code)[:200]}")
        return took

    def _over_websocket(self) -> object:
        self._looked += 1
        self.websocket.say(json.dumps({"jsonrpc": "2.0", "id": self._looked, "method": "tools/call", "params": {**LOOK, "_meta": META}}))
        reply = self.websocket.next_message()
        return reply["result"]["structuredContent"]["code"] if reply.get("id") == self._looked and "result" in reply else reply

    def _over_http(self) -> object:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": TOOL, "params": LOOK["arguments"]}).encode()
        headers = [("Host", "127.0.0.1"), ("Content-Type", "application/json"), ("Authorization", f"Bearer {self.token}")]
        self.http.send(request("POST", f"/rpc/{PROJECT}", headers, body))
        response = self.http.next_response()
        if response.header("connection") == "close":
            # After so many requests the server wants a new connection, and has said so.
            self.http.close()
            self.http = HttpLine(dial(self.http_door))
        answer = json.loads(response.body)
        return answer["result"]["code"] if "result" in answer else answer

    def _over_control(self) -> object:
        return self.control.call("get_task_by_code", code=CODE, _={"project": PROJECT})["code"]
