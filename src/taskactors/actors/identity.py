"""Identity: whose call a call is, decided from its connection, never from what it merely says."""

from ..board.requests.request import Request
from ..domain.caller import Caller, Kind
from ..domain.codes import agent_name_problem
from ..domain.errors import InvalidArguments, NotAllowed
from ..domain.token import Scope
from .calls import Connection
from .tools import Tool


def caller_of(connection: Connection) -> Caller:
    """The agent of the connection, else its person; who may do everything may also act for others."""
    rules = connection.scope is Scope.ADMIN
    if connection.agent is not None:
        # Without tokens everybody may do everything, and an agent is no coordinator for that.
        return Caller(name=connection.agent, coordinator=rules and connection.token is not None, role=connection.role)
    return Caller(name=connection.person, kind=Kind.HUMAN, may_act_for_others=rules)


def require_scope(connection: Connection, tool: Tool) -> None:
    """Raises NotAllowed when the connection may only look, and this is more."""
    if connection.scope is Scope.READ and not tool.reads:
        raise NotAllowed(what=f"calling {tool.name} with a token that may only read", who_may="whoever has a token with scope write")


def speaker(connection: Connection, request: Request, tool: str) -> Caller:
    """The one whose call this counts as. An agent that a request names must be the caller, unless it may act for others."""
    caller = caller_of(connection)
    field = request.speaks_as
    named = getattr(request, field) if field else None
    if named is None or named == caller.name:
        return caller
    if not caller.may_act_for_others:
        raise NotAllowed(what=f"acting as {named}", who_may=f"{named} itself and people; leave {field} out to act as {caller.name}")
    if problem := agent_name_problem(named):
        raise InvalidArguments(tool=tool, problems=(f"{field}: {problem}",))
    # With the agent's rights, not with the person's: acting for an agent counts as that agent's call.
    return Caller(name=named, by=caller.name)
