"""A server under test, for which everybody needs a token, and the ways to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from attrs import frozen

from tests.support.server_process import ServerProcess, running

AGENTS = ("backend-1", "qa-1")
"""The team."""


@frozen
class Board:
    """Where it listens, and each agent's token."""

    ws: str
    http: str
    tokens: dict[str, str]


@contextmanager
def guarded(folder: Path) -> Iterator[Board]:
    """A new server for the time of the block; it has to leave in peace, and without having met a bug."""
    (root := folder / "root").mkdir()
    with running(folder / "data", "--root", str(root), no_auth=False) as server:
        yield Board(server.ws, str(server.facts["http"]), {name: _token(server, name) for name in AGENTS})
        assert server.stop() == 0
        assert "Traceback" not in server.errors.read_text()


def _token(server: ServerProcess, name: str) -> str:
    local = (server.data / "local.token").read_text().strip()
    url = str(server.facts["http"]).removesuffix("/mcp") + "/rpc"
    asked = {"jsonrpc": "2.0", "id": 1, "method": "admin.add_token", "params": {"name": name}}
    reply = httpx2.post(url, headers={"Authorization": f"Bearer {local}"}, json=asked)
    return str(reply.json()["result"]["token"])
