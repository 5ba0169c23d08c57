"""The agent: a registered name with one role, its capabilities and its limits."""

from attrs import frozen

from .caller import Kind
from .task import Instant

ROLES = ("architect", "backend", "database", "mcp-integrator", "qa", "docs")
"""The six roles of a team."""

DEFAULT_ROLE = "backend"

RESERVED_NAMES = frozenset({"all", "team", "local", "server"})
"""Names that mean somebody else; anything with a colon is an address, not a name."""


@frozen(kw_only=True)
class Agent:
    """One member of the team. `provisional` marks a name that was seen but never registered itself.

    `inbox_cursor` is the last message it has confirmed, `role_from` the same for the messages to its role; `all_from` is
    where its share of the messages to everybody begins.
    """

    name: str
    role: str
    registered_at: Instant
    updated_at: Instant
    rev: int = 1
    kind: Kind = Kind.AGENT
    agent_type: str = ""
    description: str = ""
    capabilities: tuple[str, ...] = ()
    max_concurrent_tasks: int | None = None
    coordinator: bool = False
    provisional: bool = False
    inbox_cursor: int = 0
    role_from: int = 0
    all_from: int = 0


def role_of_name(name: str) -> str:
    """The role that a name seen for the first time gets: the role of that name, else backend."""
    return name if name in ROLES else DEFAULT_ROLE


def provisional(name: str, now: Instant, role: str | None = None, kind: Kind = Kind.AGENT) -> Agent:
    """What a name seen for the first time becomes, until it registers itself. People have no role."""
    its_role = "" if kind is Kind.HUMAN else role or role_of_name(name)
    return Agent(name=name, role=its_role, kind=kind, registered_at=now, updated_at=now, provisional=kind is not Kind.HUMAN)
