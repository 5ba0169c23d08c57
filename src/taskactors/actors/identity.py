"""Identity: whose call a call is, decided from its connection, never from what it merely says."""

from ..board.requests.request import Request
from ..domain.caller import LOCAL_PERSON, Caller, Kind
from ..domain.codes import agent_name_problem
from ..domain.errors import InvalidArguments, NotAllowed
from .calls import Connection


def caller_of(connection: Connection) -> Caller:
    """The agent that the connection declared, else the local person, who may act for others."""
    if connection.agent is not None:
        return Caller(name=connection.agent)
    return Caller(name=LOCAL_PERSON, kind=Kind.HUMAN, may_act_for_others=True)


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
