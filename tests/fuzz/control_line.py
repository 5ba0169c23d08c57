"""A blocking client of the control socket: a line out, a line in."""

import json
import socket
from typing import Any

from attrs import Factory, define

from tests.fuzz.sockets import Gone, dial, receive, send


@define(eq=False)
class ControlLine:
    """One open connection to a control socket, or to whatever else speaks in lines of JSON."""

    socket: socket.socket
    _received: bytearray = Factory(bytearray)

    def send(self, what: bytes) -> bool:
        """Send bytes as they are; whether all were taken."""
        return send(self.socket, what)

    def next_reply(self) -> Any:
        """The JSON on the next line. Raises Gone at the end, Hung."""
        while (end := self._received.find(b"\n")) < 0:
            if not (chunk := receive(self.socket)):
                raise Gone(bytes(self._received))
            self._received += chunk
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return json.loads(line)

    def call(self, method: str, **params: Any) -> Any:
        """The result of a method. Raises AssertionError when it is refused."""
        self.send(json.dumps({"jsonrpc": "2.0", "id": "call", "method": method, "params": params}).encode() + b"\n")
        reply = self.next_reply()
        assert "result" in reply, reply
        return reply["result"]

    def close(self) -> None:
        self.socket.close()


def control_at(path: str) -> ControlLine:
    """A new connection."""
    return ControlLine(dial(path))
