"""Units of work on brakes: hold an agent, a role or the project back, and let go on."""

from collections.abc import Mapping
from typing import Any

from ..domain.agent import Agent
from ..domain.errors import NotAllowed, Paused
from ..domain.events import EventKind
from ..domain.message import role_addressed
from ..domain.moments import text_of
from ..domain.pausing import PROJECT, Pause
from . import layout
from .change import Change
from .requests.team import SetPause
from .stored import PAUSE

Answer = Mapping[str, Any]


def set_pause(change: Change, request: SetPause) -> Answer:
    """Pause or go on; saying again what holds already changes nothing."""
    if not change.caller.may_override:
        raise NotAllowed(what="pausing", who_may="a person or a coordinator")
    target = request.target
    if target != PROJECT and role_addressed(target) is None:
        target = change.agent(target).name
    where = layout.pause(target)
    stored = change.snapshot.get(where)
    if request.paused:
        pause = Pause(target=target, by=change.caller.actor, at=change.now, reason=request.reason)
        if stored is None or PAUSE.decode(stored).reason != request.reason:
            change.put(where, PAUSE.encode(pause))
            change.note(EventKind.PAUSE_SET, f"pause:{target}", paused=True, reason=request.reason)
    elif stored is not None:
        change.drop(where)
        change.note(EventKind.PAUSE_SET, f"pause:{target}", paused=False, reason=request.reason)
    return {"paused": [_shown(each) for each in change.pauses()]}


def require_not_paused(change: Change, agent: Agent) -> None:
    """Refuse new work to somebody who is held back, and tell them why."""
    if (pause := change.pause_of(agent)) is not None:
        raise Paused(target=pause.target, by=pause.by, reason=pause.reason)


def _shown(pause: Pause) -> dict[str, Any]:
    return {"target": pause.target, "by": pause.by, "since": text_of(pause.at), **({"reason": pause.reason} if pause.reason else {})}
