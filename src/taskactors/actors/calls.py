"""Calls: what comes in at a door, and the command that the router makes of it."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec
from attrs import frozen

from ..board.requests.request import Request
from ..domain.caller import LOCAL_PERSON, Caller
from ..domain.token import Scope
from .listeners import Listener, Unlisten

Json = Mapping[str, Any]
"""A JSON object, ready to be encoded."""


LARGEST_BYTES = 1 << 20
"""No call is larger: every door takes messages up to this size."""


@frozen(kw_only=True)
class Connection:
    """Whoever is at the other end of one wire: the project they came for and the agent they are, else the person.

    `scope` is what they may do, and `token` the id of the token that says so; None where none is asked for. `role` is what an agent becomes
    in a project that it is new to. An operator may ask what is for whoever runs the server. A patient one can wait an hour for an
    answer. The profile says which tools are listed to it.
    """

    id: str
    project: str
    agent: str | None = None
    person: str = LOCAL_PERSON
    scope: Scope = Scope.ADMIN
    token: str | None = None
    role: str | None = None
    operator: bool = False
    patient: bool = False
    profile: str = "full"

    @property
    def name(self) -> str:
        """Whose calls these are, unless they say that they act for somebody else."""
        return self.agent or self.person


@frozen(kw_only=True)
class Call:
    """One tool call as it came in: unchecked."""

    connection: Connection
    tool: str
    arguments: Mapping[str, Any]


def size_of(arguments: Mapping[str, Any]) -> int:
    """About how many bytes arguments take. Those that cannot be written out count as the largest; they are soon refused."""
    try:
        return len(msgspec.json.encode(arguments))
    except (ValueError, OverflowError, RecursionError):
        return LARGEST_BYTES


@frozen(kw_only=True)
class Command:
    """One checked call on its way to a desk and the store. Its id is in every event that it causes."""

    id: str
    tool: str
    request: Request
    caller: Caller


Hear = Callable[[Json | None, BaseException | None], None]
"""Hears once how a posted call ended: the answer, or the error that `call` would raise."""

Leave = Callable[[], None]
"""Says that whoever posted a call waits no more: nothing will be heard of it, and what it took is given back."""


class Front(Protocol):
    """What every door may do: open a connection, call a tool, close. One object serves all projects."""

    async def call(self, connection: Connection, tool: str, arguments: Mapping[str, Any]) -> Json:
        """Answer one call of a tool. Raises a Refusal (also for overload, time-out and unavailable projects) and UnknownTool."""
        ...

    def opened(self, connection: Connection) -> None:
        """A connection was made: a sign of life of its agent, and presence until `closed`."""
        ...

    def closed(self, connection: Connection) -> None:
        """The connection has ended, however it did."""
        ...


class TellingFront(Front, Protocol):
    """A front that has more to tell its callers than they asked for, and can be asked without waiting in a task."""

    def post(self, connection: Connection, tool: str, arguments: Mapping[str, Any], hear: Hear) -> Leave | None:
        """Like `call`, but returns at once and is heard of later, or even before it returns. Raises a Refusal when the call is not taken.

        None when a call cannot be sent yet, as when its project has to be opened first: only `call` waits for that.
        """
        ...

    def notices(self, connection: Connection) -> Json:
        """What the agent of this connection should hear with its next answer; empty when there is nothing."""
        ...

    def listen(self, project: str, listener: Listener) -> Unlisten:
        """Hear the names of what changes in a project, until what is returned is called."""
        ...

    def pushed(self, project: str, lag_s: float) -> None:
        """Somebody who listens has been told of a change, so long after its commit."""
        ...


class UnknownTool(LookupError):
    """There is no tool of that name."""

    def __init__(self, tool: str) -> None:
        super().__init__(tool)
        self.tool = tool
