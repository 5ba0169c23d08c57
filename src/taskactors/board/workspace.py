"""The board's part of the workspace tools: who is on the team, what they hold, how the work stands."""

import hashlib
from collections.abc import Mapping
from typing import Any

from ..domain.agent import Agent
from ..domain.events import EventKind
from .agents import AGENTS_A_TURN
from .change import Change
from .requests.request import Request
from .requests.workspace import CreateMainAiFile
from .turns import Turns, whole
from .view import View

HELD_SHOWN = 20


def workspace_facts(view: View, request: Request) -> Turns[Mapping[str, Any]]:
    """The live facts that every workspace text is made of."""
    roster: list[tuple[Agent, tuple[str, ...]]] = []
    for agent in view.agents():
        roster.append((agent, view.held_by(agent.name, HELD_SHOWN)))
        if len(roster) % AGENTS_A_TURN == 0:
            yield
    return {
        "roster": roster,
        "counts": view.state_counts(),
        "ready": sum(view.ready_counts().values()),
        "now_ms": view.now,
    }


def request_main_file(change: Change, request: CreateMainAiFile) -> Mapping[str, Any]:
    """Log that a main AI file was asked for, by whom and with what text; the docs desk then writes it."""
    digest = hashlib.sha256(request.content.encode()).hexdigest()
    change.note(EventKind.MAIN_FILE_REQUESTED, "workspace", ai_tool_type=request.ai_tool_type, sha256=digest)
    return whole(workspace_facts(change, request))
