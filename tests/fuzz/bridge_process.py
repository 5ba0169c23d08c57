"""A bridge as a process of its own, whose standard streams are a socket that does not wait for ever."""

import json
import os
import socket
import subprocess
import sys

from tests.fuzz.control_line import ControlLine
from tests.fuzz.sockets import ANSWER_WITHIN_S

INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "fuzz", "version": "1"}}


class BridgeProcess:
    """One bridge to a server; `line` is what its client writes to and reads from."""

    def __init__(self, url: str, token: str, is_legacy: bool) -> None:
        ours, its = socket.socketpair()
        ours.settimeout(ANSWER_WITHIN_S)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TASKACTORS_")}
        self.process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-m", "taskactors", "bridge", "--url", url],
            stdin=its.fileno(),
            stdout=its.fileno(),
            stderr=subprocess.PIPE,
            env={**environment, "TASKACTORS_TOKEN": token},
        )
        its.close()
        self.line = ControlLine(ours)
        if is_legacy:
            self._say({"id": "hello", "method": "initialize", "params": INITIALIZE})
            self.line.next_reply()
            self._say({"method": "notifications/initialized"})

    def close(self) -> str:
        """End it as its client does; what it said of anything that went wrong."""
        self.line.close()
        assert self.process.stderr is not None
        try:
            with self.process.stderr as errors:
                self.process.wait(ANSWER_WITHIN_S)
                return errors.read().decode()
        finally:
            self.process.kill()
            self.process.wait()

    def _say(self, message: dict[str, object]) -> None:
        self.line.send(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
