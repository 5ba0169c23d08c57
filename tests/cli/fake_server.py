"""A server's control socket that answers as a test tells it, in threads of its own, so that commands can run in the test's."""

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class No(Exception):
    """A refusal to answer with."""

    def __init__(self, code: str, cause: str = "it cannot be", remedy: str = "do something else", **facts: Any) -> None:
        super().__init__(cause)
        self.data = {"code": code, "cause": cause, "remedy": remedy, "facts": facts}


class Dies(Exception):
    """Close the connection instead of an answer."""


class FakeServer:
    """Listens in a data folder as a server would. `received` are the calls, without what surrounds them; `around` is that."""

    def __init__(self, data: Path, **facts: Any) -> None:
        self.data = data
        self.answers: dict[str, Answer] = {}
        self.received: list[tuple[str, dict[str, Any]]] = []
        self.around: list[dict[str, Any]] = []
        data.mkdir(parents=True, exist_ok=True)
        (data / "server.lock").touch()
        control = data / "control.sock"
        known = {"pid": 1, "ws": "ws://127.0.0.1:8765/mcp", "control": str(control), "version": "0.1.0"}
        (data / "server.json").write_text(json.dumps(known | facts))
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(control))
        self._listener.listen(64)
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        """As a server that was told to: its files are gone."""
        self.die()
        for name in ("control.sock", "server.json"):
            (self.data / name).unlink(missing_ok=True)

    def die(self) -> None:
        """As a server that was killed: its files stay."""
        for each in (self._listener, *self._connections):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(5)
        for each in (self._listener, *self._connections):
            each.close()

    def calls_of(self, method: str) -> list[dict[str, Any]]:
        return [params for name, params in self.received if name == method]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection,), daemon=True))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection.makefile("rb") as lines:
            for line in lines:
                try:
                    reply = self._reply(json.loads(line))
                except Dies:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
                connection.sendall(json.dumps(reply, separators=(",", ":")).encode() + b"\n")

    def _reply(self, request: dict[str, Any]) -> dict[str, Any]:
        params = request["params"]
        self.around.append(params.pop("_", {}))
        self.received.append((request["method"], params))
        envelope = {"jsonrpc": "2.0", "id": request["id"]}
        answer = self.answers.get(request["method"])
        if answer is None:
            return envelope | {"error": {"code": -32601, "message": f"Method not found: {request['method']}"}}
        try:
            return envelope | {"result": answer(params)}
        except No as no:
            return envelope | {"error": {"code": 1, "message": f"{no}; {no.data['remedy']}", "data": no.data}}
