"""What hypercorn leaves open is closed here: what breaks in one connection must not end the door for all.

It reaches into that library's worker; the tests beside it fail when a new version moves what is used.
"""

from typing import Any, ClassVar

import hypercorn.trio.run
from hypercorn.trio.tcp_server import TCPServer

from ..actors.faults import whence
from .refusal_log import Reason, RefusalLog


class GuardedServer(TCPServer):
    """One connection, whose end reaches no other: unguarded, whoever sends a call behind the upgrade to a WebSocket ends them all."""

    refusals: ClassVar[RefusalLog]

    async def run(self) -> None:
        try:
            await super().run()
        except Exception as error:  # one connection's end, whatever it is, must not reach the others
            self.refusals.note(Reason.BROKEN, _address_of(self.stream), error=whence(error))


def _address_of(stream: Any) -> str:
    try:
        transport = getattr(stream, "transport_stream", stream)
        return str(transport.socket.getpeername()[0])
    except (OSError, AttributeError):
        return ""


def guard(refusals: RefusalLog) -> None:
    """Let the library serve each connection so, from now on."""
    GuardedServer.refusals = refusals
    hypercorn.trio.run.TCPServer = GuardedServer  # type: ignore[attr-defined]
