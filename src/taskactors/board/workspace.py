"""The board's part of the workspace tools: who is on the team, what they hold, how the work stands."""

import hashlib
from collections.abc import Mapping
from typing import Any

from ..domain.events import EventKind
from .change import Change
from .requests.request import Request
from .requests.workspace import CreateMainAiFile
from .view import View

HELD_SHOWN = 20


def workspace_facts(view: View, request: Request) -> Mapping[str, Any]:
    """The live facts that every workspace text is made of."""
    return {
        "roster": [(agent, view.held_by(agent.name, HELD_SHOWN)) for agent in view.agents()],
        "counts": view.state_counts(),
        "ready": sum(view.ready_counts().values()),
        "now_ms": view.now,
    }


def request_main_file(change: Change, request: CreateMainAiFile) -> Mapping[str, Any]:
    """Log that a main AI file was asked for, by whom and with what text; the docs desk then writes it."""
    digest = hashlib.sha256(request.content.encode()).hexdigest()
    change.note(EventKind.MAIN_FILE_REQUESTED, "workspace", ai_tool_type=request.ai_tool_type, sha256=digest)
    return workspace_facts(change, request)
