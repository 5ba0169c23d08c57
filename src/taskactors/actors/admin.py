"""What an operator may ask beside the tools: reached by the control socket alone, and listed to no agent."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ..board import agents, audit, reservations
from ..board.change import Change
from ..board.requests.request import Request
from ..board.requests.reservations import CheckFiles
from ..storage.engine import Snapshot
from .tools import Tool


@frozen(kw_only=True)
class Verify(Request):
    """Check everything that must be true of the project's stored state."""


def verify(change: Change, request: Verify) -> Mapping[str, Any]:
    """Every invariant, checked on the writer's thread, so that the loop stays free; writes wait until it is done."""
    snapshot: Snapshot = change.snapshot
    found = audit.findings(snapshot)
    return {"clean": not found, "findings": found, "events": change.head_seq(), "tasks": sum(change.state_counts().values())}


def _table(*tools: Tool) -> Mapping[str, Tool]:
    return {tool.name: tool for tool in tools}


ADMIN: Mapping[str, Tool] = _table(
    Tool(
        name="admin.promote_agent",
        title="Promote an agent",
        request=agents.PromoteAgent,
        desk="mcp-integrator",
        unit=agents.promote_agent,
        answers={"name": "string"},
    ),
    Tool(
        name="admin.check_files",
        title="Who has reserved these files",
        request=CheckFiles,
        desk="mcp-integrator",
        unit=reservations.reserved_by_others,
        answers={"conflicts": "array"},
        reads=True,
    ),
    Tool(
        name="admin.verify",
        title="Verify the store",
        request=Verify,
        desk="database",
        unit=verify,
        answers={"clean": "boolean", "findings": "array"},
    ),
)
