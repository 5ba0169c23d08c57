"""Which wire and which language a server is spoken to in, by the scheme of its URL."""

from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlsplit

from attrs import frozen

from . import http, lines, websocket
from .asking import Agent, Speech
from .lines import Beanstalk, Redis
from .mcp import Mcp


class Connect(Protocol):
    def __call__(self, agent: Agent, url: str, token: str | None, greets: bool) -> Awaitable[None]: ...


@frozen
class Wire:
    """A way to connect, and what is spoken there."""

    connect: Connect
    speech: Callable[[], Speech]


_WIRES = {
    "ws": Wire(websocket.connect, Mcp),
    "http": Wire(http.connect, Mcp),
    "beanstalk": Wire(lines.connect, Beanstalk),
    "redis": Wire(lines.connect, Redis),
}


def wire_for(url: str) -> Wire:
    """Raises KeyError for a scheme that nothing is known of."""
    return _WIRES[urlsplit(url).scheme]
