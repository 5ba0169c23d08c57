"""hypercorn as we run it: on sockets that listen already, and within our bounds.

Loading it takes longer than all that a door has to do before clients can connect, so nothing imports it before they can.
"""

import socket
from collections.abc import Awaitable, Callable, Sequence

import hypercorn.trio.run
from hypercorn.config import Sockets
from hypercorn.utils import wrap_app

from .asgi import Receive, Scope, Send
from .http_guards import Settings, guard
from .refusal_log import RefusalLog

App = Callable[[Scope, Receive, Send], Awaitable[None]]


async def serve_http(
    app: App,
    sockets: Sequence[socket.socket],
    tls: tuple[str, str] | None,
    refusals: RefusalLog,
    until_stopped: Callable[[], Awaitable[None]],
) -> None:
    """Serve whoever connects, until stopped. The files of a certificate and its key make it HTTPS."""
    guard()
    config = Settings(refusals)
    if tls is not None:
        config.certfile, config.keyfile = tls
    bound = Sockets([], list(sockets), []) if tls is None else Sockets(list(sockets), [], [])
    wrapped = wrap_app(app, config.wsgi_max_body_size, "asgi")  # type: ignore[arg-type]
    await hypercorn.trio.run.worker_serve(wrapped, config, sockets=bound, shutdown_trigger=until_stopped)
