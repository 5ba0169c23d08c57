"""Neighbours: well-behaved clients, one at each door, who work all the time beside the attacks and time every answer."""

import itertools
import json
import time
from collections.abc import Callable, Sequence
from statistics import median

from attrs import Factory, define

from tests.fuzz.control_line import ControlLine, control_at
from tests.fuzz.http_line import HttpLine
from tests.fuzz.sockets import Where, dial
from tests.fuzz.websocket_line import WebSocketLine, opened
from tests.support.raw_http import request

CODE = "NB-1"
"""The task that they look at, again and again."""

PROJECT = "default"
LOOK = {"name": "get_task_by_code", "arguments": {"code": CODE}}
META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}


ALONE_EVERY = 4
"""Attacks between two calls without one; as there are three doors, each has its turn."""


class Wronged(Exception):
    """A well-behaved client got anything but its answer."""


@define(eq=False)
class Samples:
    """How long answers took, in seconds."""

    alone: list[float] = Factory(list)
    beside: list[float] = Factory(list)

    def ratio(self, of: Callable[[Sequence[float]], float]) -> float:
        """How many times as long it was beside an attack as it was alone."""
        return of(self.beside) / of(self.alone)


def p99(samples: Sequence[float]) -> float:
    return sorted(samples)[int(0.99 * (len(samples) - 1))]


def half(samples: Sequence[float]) -> float:
    return median(samples)


@define(eq=False)
class Neighbours:
    """One client at each door, who take turns."""

    websocket: WebSocketLine
    http: HttpLine
    control: ControlLine
    http_door: Where
    token: str
    samples: dict[str, Samples] = Factory(lambda: {"websocket": Samples(), "http": Samples(), "control": Samples()})
    _turns: "itertools.cycle[str]" = Factory(lambda: itertools.cycle(("websocket", "http", "control")))
    _turn: str = "control"
    _attacks: int = 0
    _looked: int = 0

    @classmethod
    def of(cls, ws: Where, http: Where, control: str, token: str) -> "Neighbours":
        """At these doors, with a task to look at."""
        line = control_at(control)
        line.call("create_task", code=CODE, name="looked at", description="by the neighbours", _={"project": PROJECT})
        found = cls(opened(ws, token), HttpLine(dial(http)), line, http, token)
        for _ in range(10):
            for door in found.samples:
                found._look(door)
        return found

    def before(self) -> None:
        """The next one's turn; now and then it calls while nobody attacks. Raises Wronged when it is not answered as ever."""
        self._turn, self._attacks = next(self._turns), self._attacks + 1
        if self._attacks % ALONE_EVERY == 0:
            # The server may still be tidying up after the attack before this one; the first call waits for that.
            self._look(self._turn)
            self.samples[self._turn].alone.append(self._look(self._turn))

    def meanwhile(self) -> None:
        """The same call while an attack is under way."""
        self.samples[self._turn].beside.append(self._look(self._turn))

    def close(self) -> None:
        for line in (self.websocket, self.http, self.control):
            line.close()

    def _look(self, door: str) -> float:
        began = time.perf_counter()
        code = {"websocket": self._over_websocket, "http": self._over_http, "control": self._over_control}[door]()
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
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": LOOK["name"], "params": LOOK["arguments"]}).encode()
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
