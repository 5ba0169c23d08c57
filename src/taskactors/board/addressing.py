"""Addressing: whom a message may be for."""

from ..domain.caller import LOCAL_PERSON
from ..domain.codes import agent_name_problem
from ..domain.errors import InvalidArguments
from ..domain.message import EVERYBODY, role_addressed
from .change import Change


def address(change: Change, to: str, tool: str) -> str:
    """The address as it is kept; an agent nobody has seen joins. Raises InvalidArguments for one that nobody would ever read."""
    if to in (EVERYBODY, LOCAL_PERSON) or role_addressed(to):
        return to
    if ":" in to:
        raise InvalidArguments(tool=tool, problems=(f"to: {to!r} is no address; use an agent's name, role:qa or all",))
    if change.find_agent(to) is None and (problem := agent_name_problem(to)):
        raise InvalidArguments(tool=tool, problems=(f"to: {problem}",))
    return change.introduce(to).name
