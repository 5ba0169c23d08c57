"""Patience: how long a call may wait for something to come."""

from collections.abc import Mapping
from typing import Any

from ..board.requests.fields import WAIT_LIMIT_S
from ..board.requests.request import Request
from ..domain.errors import InvalidArguments
from .calls import Connection

USUAL_WAIT_S = 45
"""Common clients give a call up after a minute; only our own, which say so on connecting, wait for longer."""


def waited_for_s(arguments: Mapping[str, Any]) -> int:
    """The seconds that a call with these unchecked arguments may be parked."""
    wait_s = arguments.get("wait_s")
    return max(0, min(wait_s, WAIT_LIMIT_S)) if isinstance(wait_s, int) else 0


def require_patience(connection: Connection, request: Request, tool: str) -> None:
    """Refuse a wait that this client would not live to see the end of."""
    wait_s = getattr(request, "wait_s", 0)
    if wait_s > USUAL_WAIT_S and not connection.patient:
        raise InvalidArguments(tool=tool, problems=(f"wait_s: must be at most {USUAL_WAIT_S} on this connection, not {wait_s}",))
