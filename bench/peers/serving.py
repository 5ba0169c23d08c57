"""A peer that is a web application: one process on a free port, which says where it is when it can be reached."""

import json
import socket
from collections.abc import Callable
from typing import Any

import uvicorn


def serve(app: Callable[..., Any]) -> None:
    """Serve until told to stop, with the fastest loop and parser that uvicorn knows."""
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", loop="uvloop", http="httptools"))

    # It listens already: whoever comes before the application is ready waits at its door.
    print(json.dumps({"url": url}), flush=True)
    server.run(sockets=[listening])
