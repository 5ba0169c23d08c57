"""hypercorn as we run it: on sockets that listen already, within bounds, and so that what breaks in one connection ends no other.

It reaches into that library's worker; the tests beside it fail when a new version moves what is used. Loading it takes longer than all
that a door has to do before clients can connect, so nothing imports it before they can.
"""

import socket
from collections.abc import Awaitable, Callable, Sequence

import hypercorn.trio.run
from hypercorn.config import Config, Sockets
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.utils import wrap_app

from ..loglines import Log
from .asgi import Receive, Scope, Send

HEADERS_BYTES = 16 << 10
KEEP_ALIVE_S = 75.0
"""Longer than usual clients and proxies keep a connection, so that it is they who close it and no request meets a closing one."""

GRACEFUL_S = 1.5

App = Callable[[Scope, Receive, Send], Awaitable[None]]

log = Log(__name__)


class GuardedServer(TCPServer):
    """One connection, whose end reaches no other: unguarded, whoever sends a call behind the upgrade to a WebSocket ends them all."""

    async def run(self) -> None:
        try:
            await super().run()
        except Exception as error:  # one connection's end, whatever it is, must not reach the others
            log.warning("a connection ended with an error", error=repr(error))


async def serve_http(
    app: App, sockets: Sequence[socket.socket], tls: tuple[str, str] | None, until_stopped: Callable[[], Awaitable[None]]
) -> None:
    """Serve whoever connects, until stopped. The files of a certificate and its key make it HTTPS."""
    hypercorn.trio.run.TCPServer = GuardedServer  # type: ignore[attr-defined]
    config = Config()
    config.accesslog = config.errorlog = None
    config.h11_max_incomplete_size = HEADERS_BYTES
    config.keep_alive_timeout = KEEP_ALIVE_S
    config.graceful_timeout = GRACEFUL_S
    config.include_server_header = False
    config.alpn_protocols = ["http/1.1"]
    if tls is not None:
        config.certfile, config.keyfile = tls
    bound = Sockets([], list(sockets), []) if tls is None else Sockets(list(sockets), [], [])
    wrapped = wrap_app(app, config.wsgi_max_body_size, "asgi")  # type: ignore[arg-type]
    await hypercorn.trio.run.worker_serve(wrapped, config, sockets=bound, shutdown_trigger=until_stopped)
