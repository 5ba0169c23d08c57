"""Handshakes: who may come in, by what the documentation says of hosts, origins, tokens, paths and parameters, first thing first."""

import re
from collections.abc import Mapping
from enum import Enum, auto
from urllib.parse import parse_qsl

from attrs import frozen

BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, MISDIRECTED, UPGRADE_REQUIRED = 400, 401, 403, 404, 421, 426
SWITCHING = 101

OUR_NAMES = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d+)?", re.IGNORECASE)
PATH = re.compile(r"/(mcp|rpc)(/[a-z0-9][a-z0-9-]{0,38})?")
AGENT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
RESERVED = frozenset({"all", "team", "local"})
PROFILES = frozenset({"worker", "planner", "reviewer", "axon", "full"})
OWN_PAGE = frozenset({"same-origin", "none"})


class Secret(Enum):
    """What a client shows, wherever it does."""

    NONE = auto()
    WRONG = auto()
    REVOKED = auto()
    LOCAL = auto()
    WORKER = auto()
    READER = auto()
    TWO = auto()

    @property
    def is_good(self) -> bool:
        return self in (Secret.LOCAL, Secret.WORKER, Secret.READER)


NAMES: Mapping[Secret, str] = {Secret.WORKER: "worker", Secret.READER: "reader"}
"""Whose each agent's token is."""


@frozen(kw_only=True)
class Asking:
    """What a client says of itself, whatever it wants and at whichever door. `origins` are those that are not the door's own page's."""

    target: str
    secret: Secret
    hosts: tuple[str, ...] = ("127.0.0.1",)
    origins: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    subprotocols: tuple[str, ...] = ("mcp",)


def turned_down(asking: Asking) -> int | None:
    """The status for who is not even spoken to; None for everybody else."""
    if len(asking.hosts) != 1:
        return BAD_REQUEST
    if OUR_NAMES.fullmatch(asking.hosts[0]) is None:
        return MISDIRECTED
    if asking.origins or any(site not in OWN_PAGE for site in asking.sites):
        return FORBIDDEN
    return None


def unknown(asking: Asking) -> int | None:
    """The status for who has no good token; None for everybody else."""
    if asking.secret is Secret.TWO:
        return BAD_REQUEST
    return None if asking.secret.is_good else UNAUTHORIZED


def wrong_wish(asking: Asking) -> int | None:
    """The status for who may come in but not so; None for everybody else."""
    if asking.subprotocols and "mcp" not in asking.subprotocols:
        return BAD_REQUEST
    path, _, query = asking.target.partition("?")
    if PATH.fullmatch(path) is None:
        return NOT_FOUND
    asked: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        asked.setdefault(name, []).append(value)
    agents = [*asked.get("agent", []), *asking.agents]
    odd = asked.keys() - {"agent", "patient", "tools"} or asked.get("patient", ["yes"]) != ["yes"] or len(agents) > 1
    tools = asked.get("tools", ["full"])
    if odd or any(not _is_agent(agent) for agent in agents) or len(tools) > 1 or tools[0] not in PROFILES:
        return BAD_REQUEST
    is_somebody_else = bool(agents) and asking.secret in NAMES and agents[0] != NAMES[asking.secret]
    return FORBIDDEN if is_somebody_else else None


def _is_agent(name: str) -> bool:
    return len(name) <= 50 and AGENT.fullmatch(name) is not None and name not in RESERVED


def status_of(asking: Asking) -> int:
    """The status of the answer to a WebSocket's handshake."""
    return turned_down(asking) or unknown(asking) or wrong_wish(asking) or SWITCHING
