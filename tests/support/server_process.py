"""A real server as a process of its own, in a folder of its own, stopped whatever happens."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

READY_WITHIN_S = 30.0
STOPPED_WITHIN_S = 5.0

PROGRAM = ("-m", "taskactors")


class ServerProcess:
    """One server; `facts` is its readiness line."""

    def __init__(
        self, data: Path, *arguments: str, no_auth: bool = True, program: Sequence[str] = PROGRAM, stdin: int | None = None
    ) -> None:
        open_to_all = ["--no-auth"] if no_auth else []
        command = [sys.executable, *program, "serve", "--data", str(data), "--ws-port", "0", "--json", *open_to_all, *arguments]
        self.data = data
        self.errors = data.parent / f"{data.name}.stderr"
        self._errors = self.errors.open("ab")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TASKACTORS_")}
        self.process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=self._errors, cwd=data.parent, env=environment)
        self.facts: dict[str, Any] = json.loads(self._first_line())

    @property
    def ws(self) -> str:
        return str(self.facts["ws"])

    def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(STOPPED_WITHIN_S)

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        assert self.process.stdout is not None
        self.process.stdout.close()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self._errors.close()

    def _first_line(self) -> str:
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            began = time.monotonic()
            selector.select(READY_WITHIN_S)
        line = self.process.stdout.readline() if time.monotonic() - began < READY_WITHIN_S else b""
        if not line:
            self.kill()
            raise AssertionError(f"the server did not start: {self.errors.read_text()}")
        return line.decode()

    def end(self) -> None:
        """Whatever state it is in, it is gone afterwards."""
        if self.process.poll() is None:
            self.kill()
        else:
            self._close()


@contextmanager
def running(
    data: Path, *arguments: str, no_auth: bool = True, program: Sequence[str] = PROGRAM, stdin: int | None = None
) -> Iterator[ServerProcess]:
    """A server for the time of a test."""
    server = ServerProcess(data, *arguments, no_auth=no_auth, program=program, stdin=stdin)
    try:
        yield server
    finally:
        server.end()
