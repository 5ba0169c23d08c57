"""Pausing: a person or a coordinator holds an agent, a role or a whole project back from new work."""

from attrs import frozen

from .agent import Agent
from .message import role_addressed
from .task import Instant

PROJECT = "project"


@frozen(kw_only=True)
class Pause:
    """Who is held back: an agent, role:NAME, or the project; by whom, since when, and why."""

    target: str
    by: str
    at: Instant
    reason: str | None = None


def is_target(target: str) -> bool:
    """Whether that names something that can be paused: the project, a role, or what may be an agent."""
    return ":" not in target or role_addressed(target) is not None


def targets_of(agent: Agent) -> tuple[str, ...]:
    """Everything that, when paused, holds this agent back."""
    return (PROJECT, f"role:{agent.role}", agent.name) if agent.role else (PROJECT, agent.name)
