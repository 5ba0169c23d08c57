"""A server with faults planted into it, each of which shows once or always: `python planted.py FAULTS serve ...`.

A harness that does not find these finds nothing. It is a program of its own, which knows nothing of the tests.
"""

import os
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakSet

from taskactors.actors.access import Access
from taskactors.actors.projects import Projects
from taskactors.actors.wires import Taken
from taskactors.cli import main
from taskactors.domain.errors import InvalidArguments
from taskactors.domain.token import LOCAL_ID
from taskactors.transports import control, http
from taskactors.transports.websocket_guards import GuardedFrames
from taskactors.transports.websocket_wire import WebSocketWire

HELD_UP_S = 4.0
KEPT_BYTES = 256 << 10
CRASHED = 3

shown: set[str] = set()


def once(fault: str, when: bool) -> bool:
    """Whether a fault shows now: the first time that it can."""
    if when and fault not in shown:
        shown.add(fault)
        return True
    return False


def patched(place: object) -> Any:
    """A module or class as one that anything may be done with."""
    return place


def received_by(planted: Callable[[WebSocketWire], Awaitable[str | None]]) -> None:
    """Let every message be received so, also those that are taken at once."""

    async def receive(self: WebSocketWire, taken: Taken | None = None) -> str | None:
        while (text := await planted(self)) is not None and taken is not None and taken(text):
            pass
        return text

    patched(WebSocketWire).receive = receive


def wrong_code() -> None:
    """A body that is no JSON is said to be no request."""
    answer_to = patched(http).answer_to

    async def planted(body: bytes, *more: Any) -> bytes | None:
        reply: bytes | None = await answer_to(body, *more)
        return reply.replace(b"-32700", b"-32600") if reply and once("wrong_code", b"-32700" in reply) else reply

    patched(http).answer_to = planted


def silence() -> None:
    """A request whose id is none is dropped, as the SDK would drop it."""
    receive = WebSocketWire.receive

    async def planted(self: WebSocketWire) -> str | None:
        text = await receive(self)
        return await planted(self) if text and once("silence", '"id": true' in text or '"id": null' in text) else text

    received_by(planted)


def answered_twice() -> None:
    """An error goes out twice."""
    post = WebSocketWire.post

    def planted(self: WebSocketWire, frame: bytes) -> None:
        post(self, frame)
        if once("answered_twice", b"-32602" in frame[:300]):
            post(self, frame)

    patched(WebSocketWire).post = planted


def let_in() -> None:
    """What is no token at all is taken for that of whoever runs the server."""
    holder = Access.holder

    def planted(self: Access, secret: str) -> Any:
        mine = next(each for each in self._tokens.values() if each.id == LOCAL_ID)
        return mine if once("let_in", not secret) else holder(self, secret)

    patched(Access).holder = planted


def wrong_close() -> None:
    """Who breaks the protocol is told that all was well."""
    feed = GuardedFrames.feed

    def planted(self: GuardedFrames, data: bytes) -> bytes:
        said = feed(self, data)
        return said.replace(b"\x03\xea", b"\x03\xe8") if once("wrong_close", b"\x03\xea" in said) else said

    patched(GuardedFrames).feed = planted


def held_up() -> None:
    """A line stops everybody."""
    read_request = patched(control).read_request

    def planted(line: bytes) -> Any:
        if once("held_up", b"no_such_argument" in line):
            threading.Event().wait(HELD_UP_S)
        return read_request(line)

    patched(control).read_request = planted


def error_logged() -> None:
    """A batch is too much for whoever reads it."""
    answer_to = patched(http).answer_to

    async def planted(body: bytes, *more: Any) -> bytes | None:
        if once("error_logged", body.startswith(b"[")):
            raise RuntimeError("planted")
        reply: bytes | None = await answer_to(body, *more)
        return reply

    patched(http).answer_to = planted


def changed_by_a_refusal() -> None:
    """A call that is refused for its arguments does something all the same."""
    call = Projects.call

    async def planted(self: Projects, connection: Any, tool: str, arguments: Any) -> Any:
        try:
            return await call(self, connection, tool, arguments)
        except InvalidArguments:
            if once("changed_by_a_refusal", connection.project != "open" and connection.scope != "read"):
                await call(self, connection, "create_task", {"code": "GHOST", "name": "n", "description": "d"})
            raise

    patched(Projects).call = planted


def others_cut() -> None:
    """A message ends everybody else's connection."""
    receive, wires = WebSocketWire.receive, WeakSet[WebSocketWire]()

    async def planted(self: WebSocketWire) -> str | None:
        wires.add(self)
        text = await receive(self)
        if text and once("others_cut", text.startswith("[")):
            for wire in wires:
                if wire is not self:
                    wire.expel()
        return text

    received_by(planted)


def crash() -> None:
    """Half a character is the end."""
    receive = WebSocketWire.receive

    async def planted(self: WebSocketWire) -> str | None:
        text = await receive(self)
        if text and "\\ud800" in text:
            os._exit(CRASHED)
        return text

    received_by(planted)


def kept_memory() -> None:
    """Something is kept of every message."""
    receive, kept = WebSocketWire.receive, []

    async def planted(self: WebSocketWire) -> str | None:
        kept.append(b"x" * KEPT_BYTES)
        return await receive(self)

    received_by(planted)


def kept_files() -> None:
    """A file stays open for every body."""
    answer_to = patched(http).answer_to

    async def planted(body: bytes, *more: Any) -> bytes | None:
        os.dup(2)
        reply: bytes | None = await answer_to(body, *more)
        return reply

    patched(http).answer_to = planted


ONCE = (wrong_code, silence, answered_twice, let_in, wrong_close, held_up, error_logged, changed_by_a_refusal, others_cut)
ALWAYS = (crash, kept_memory, kept_files)
FAULTS: dict[str, Callable[[], None]] = {fault.__name__: fault for fault in (*ONCE, *ALWAYS)}

if __name__ == "__main__":
    for name in sys.argv[1].split(","):
        FAULTS[name]()
    sys.exit(main(sys.argv[2:]))
