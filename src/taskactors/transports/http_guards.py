"""What hypercorn leaves open is closed here: what breaks in one connection must not end the door for all.

It reaches into that library's worker; the tests beside it fail when a new version moves what is used.
"""

import hypercorn.trio.run
import structlog
from hypercorn.trio.tcp_server import TCPServer

log = structlog.get_logger(__name__)


class GuardedServer(TCPServer):
    """One connection, whose end reaches no other: unguarded, whoever sends a call behind the upgrade to a WebSocket ends them all."""

    async def run(self) -> None:
        try:
            await super().run()
        except Exception as error:  # one connection's end, whatever it is, must not reach the others
            log.warning("a connection ended with an error", error=repr(error))


def guard() -> None:
    """Let the library serve each connection so, from now on."""
    hypercorn.trio.run.TCPServer = GuardedServer  # type: ignore[attr-defined]
