"""The facts that every workspace text is made of: the project, its team, its work, its tools, where files may go."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from ...domain.agent import Agent

USUAL_URL = "ws://127.0.0.1:8765/mcp"


@frozen(kw_only=True)
class Surroundings:
    """What a project's store does not know of its server: how to reach it, its version, and the root for files."""

    project: str
    ws_url: str | None
    version: str
    root: Path | None
    tools: Mapping[str, str]
    http_url: str | None = None

    @property
    def url(self) -> str:
        """Where to connect; where the server's address is not known, its usual one."""
        return self.ws_url or f"{USUAL_URL}/{self.project}"


@frozen(kw_only=True)
class Member:
    """One member of the team, with the tasks they hold."""

    agent: Agent
    holding: tuple[str, ...]


@frozen(kw_only=True)
class Facts:
    """A project as it is now."""

    around: Surroundings
    roster: tuple[Member, ...]
    counts: Mapping[str, int]
    ready: int
    replayed: bool = False
    """Whether these are the facts of a call that is repeated under its idempotency key, as they were at first."""

    def with_role(self, role: str) -> tuple[str, ...]:
        """Names of the agents that have a role."""
        return tuple(member.agent.name for member in self.roster if member.agent.role == role)

    @property
    def url(self) -> str:
        """Where to connect."""
        return self.around.url


def facts_from(answer: Mapping[str, Any], around: Surroundings) -> Facts:
    """The store's part and the server's part together."""
    roster = tuple(Member(agent=agent, holding=tuple(holding)) for agent, holding in answer["roster"])
    return Facts(around=around, roster=roster, counts=answer["counts"], ready=answer["ready"], replayed=bool(answer.get("replayed", False)))
