"""Units of work on the team: who is in it, and who may coordinate."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ..domain.agent import ROLES, Agent, role_of_name
from ..domain.caller import Kind
from ..domain.errors import AlreadyRegistered, NotAllowed
from ..domain.events import EventKind, Fact
from ..domain.evolving import evolve
from . import wire
from .change import Change
from .requests.request import Mutation
from .requests.team import ListAgents, RegisterAgent
from .turns import Turns
from .view import View

Answer = Mapping[str, Any]

HELD_SHOWN = 20

AGENTS_A_TURN = 20
"""With a handful of held tasks each."""


def register_agent(change: Change, request: RegisterAgent) -> Answer:
    """Join the team, or change one's own entry. A name that somebody else registered is refused."""
    wanted = Agent(
        name=request.agent_name,
        role=request.role or _role(request),
        agent_type=request.agent_type,
        description=request.description or "",
        capabilities=tuple(sorted(set(request.capabilities))),
        max_concurrent_tasks=request.max_concurrent_tasks,
        registered_at=change.now,
        updated_at=change.now,
    )
    if change.caller.kind is Kind.AGENT and change.caller.name != wanted.name and not change.caller.may_act_for_others:
        raise NotAllowed(what=f"registering {wanted.name}", who_may=f"{wanted.name} itself and people")
    known = change.find_agent(wanted.name)
    if known is None:
        return wire.agent(change.join(wanted))
    entry = _as_asked(change, known, wanted)
    if entry == known:
        return wire.agent(known)
    if not known.provisional and change.caller.name != known.name:
        raise AlreadyRegistered(agent=known.name, role=known.role)
    changed = change.record(Fact(EventKind.AGENT_UPDATED, entry, {"role": entry.role, "capabilities": entry.capabilities}))
    assert isinstance(changed, Agent)
    return wire.agent(changed)


def _role(request: RegisterAgent) -> str:
    return request.agent_type if request.agent_type in ROLES else role_of_name(request.agent_name)


def _as_asked(change: Change, known: Agent, wanted: Agent) -> Agent:
    # In another role its share of what that role was told begins, as a newcomer's does, where nobody has read.
    role_from = known.role_from if known.role == wanted.role else change.role_read(wanted.role)
    return evolve(
        known,
        role=wanted.role,
        agent_type=wanted.agent_type,
        description=wanted.description,
        capabilities=wanted.capabilities,
        max_concurrent_tasks=wanted.max_concurrent_tasks,
        provisional=False,
        role_from=role_from,
    )


@frozen(kw_only=True)
class PromoteAgent(Mutation):
    """Make an agent a coordinator, or take that back. Only a person may."""

    agent_name: str
    coordinator: bool = True


def list_agents(view: View, request: ListAgents) -> Turns[Answer]:
    """Everybody on the team who fits, with the tasks they hold. Who is here now the desk adds."""
    wanted = set(request.capabilities)
    found: list[dict[str, Any]] = []
    for examined, each in enumerate(view.agents(), 1):
        if examined % AGENTS_A_TURN == 0:
            yield
        if request.role in (None, each.role) and wanted <= set(each.capabilities):
            found.append({**wire.agent(each), "holding": list(view.held_by(each.name, HELD_SHOWN))})
    return wire.page(found, None)


def promote_agent(change: Change, request: PromoteAgent) -> Answer:
    """Mark an agent as coordinator, or not; raises NotAllowed for anybody but a person."""
    if not change.caller.may_act_for_others:
        raise NotAllowed(what="promoting an agent", who_may="a person")
    agent = change.agent(request.agent_name)
    if agent.coordinator == request.coordinator:
        return wire.agent(agent)
    promoted = evolve(agent, coordinator=request.coordinator)
    after = change.record(Fact(EventKind.AGENT_PROMOTED, promoted, {"coordinator": request.coordinator}))
    assert isinstance(after, Agent)
    return wire.agent(after)
