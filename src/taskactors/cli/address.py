"""The address of a server: where it is, and the project and agent that it names."""

from __future__ import annotations

from .errors import NoServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from urllib.parse import SplitResult

USUAL_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
SURFACES = ("mcp", "rpc")

LIKE_THIS = "give one as in https://board.example:8766, ws://127.0.0.1:8765/mcp, or a data folder"


class Address:
    """One server's address, read. `shown` is the address without a token that may be in it, which no message repeats."""

    def __init__(self, parts: SplitResult, shown: str, project: str | None, agent: str | None) -> None:
        self.scheme = parts.scheme
        self.host = parts.hostname or ""
        self.port = parts.port or USUAL_PORTS[parts.scheme]
        self.is_usual_port = parts.port is None
        self.token = parts.password
        self.shown = shown
        self.project = project
        self.agent = agent

    @property
    def is_http(self) -> bool:
        return self.scheme.startswith("http")

    @property
    def is_secure(self) -> bool:
        """Whether nobody on the way can read what is said."""
        return self.scheme in ("wss", "https")


def read(url: str) -> Address:
    """The address in a text. Raises NoServer when it is none."""
    from urllib.parse import parse_qs, urlsplit

    scheme, _, rest = url.partition("://")
    shown = f"{scheme}://{rest.rpartition('@')[2]}"
    try:
        parts = urlsplit(url)
        surface, _, project = parts.path.strip("/").partition("/")
        if not parts.hostname or surface not in ("", *SURFACES) or "/" in project:
            raise ValueError
        agents = parse_qs(parts.query).get("agent", [])
        return Address(parts, shown, project or None, agents[0] if agents else None)
    except ValueError:
        raise NoServer(f"{shown} is no address", LIKE_THIS) from None
