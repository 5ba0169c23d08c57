"""What an operator may ask beside the tools: reached by the control socket alone, and listed to no agent."""

from collections.abc import Mapping
from typing import Any

from ..board import agents, audit, redaction, reservations, retention
from ..board.change import Change
from ..board.requests.admin import DropHistory, MakeBackup, Redact, Verify
from ..board.requests.reservations import CheckFiles
from ..board.requests.tokens import AddToken, ListTokens, RevokeToken
from ..board.view import View
from ..storage.engine import Snapshot
from .tools import Tool


def verify(change: Change, request: Verify) -> Mapping[str, Any]:
    """Every invariant, checked on the writer's thread, so that the loop stays free; writes wait until it is done."""
    snapshot: Snapshot = change.snapshot
    found = audit.findings(snapshot)
    return {"clean": not found, "findings": found, "events": change.head_seq(), "tasks": sum(change.state_counts().values())}


def answered_so_far(view: View, request: MakeBackup) -> Mapping[str, Any]:
    """The last event that anybody was told of before the backup began: it is in it, and so is everything before."""
    return {"answered": view.head_seq()}


def nothing_stored(view: View, request: AddToken | ListTokens | RevokeToken) -> Mapping[str, Any]:
    """Tokens are the whole server's, and in no project's store."""
    return {}


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
        name="admin.backup",
        title="Back up",
        request=MakeBackup,
        desk="database",
        unit=answered_so_far,
        answers={"path": "string", "events": "integer", "bytes": "integer"},
        reads=True,
    ),
    Tool(
        name="admin.redact",
        title="Redact a secret",
        request=Redact,
        desk="database",
        unit=redaction.redact,
        answers={"redacted": "array", "events": "integer", "replies": "integer", "left": "array"},
        destructive=True,
    ),
    Tool(
        name="admin.verify",
        title="Verify the store",
        request=Verify,
        desk="database",
        unit=verify,
        answers={"clean": "boolean", "findings": "array"},
    ),
    Tool(
        name="admin.retain",
        title="Drop old history",
        request=DropHistory,
        desk="database",
        unit=retention.drop_history,
        answers={"dropped": "integer", "first_seq": "integer", "events": "integer", "more": "boolean"},
        destructive=True,
    ),
    Tool(
        name="admin.add_token",
        title="Make a token",
        request=AddToken,
        desk="database",
        unit=nothing_stored,
        answers={"id": "string", "name": "string", "token": "string"},
    ),
    Tool(
        name="admin.list_tokens",
        title="List tokens",
        request=ListTokens,
        desk="database",
        unit=nothing_stored,
        answers={"items": "array"},
        reads=True,
    ),
    Tool(
        name="admin.revoke_token",
        title="Revoke a token",
        request=RevokeToken,
        desk="database",
        unit=nothing_stored,
        answers={"items": "array"},
        destructive=True,
    ),
)
