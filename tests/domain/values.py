"""Values that the domain's tests are made of: a task in any state, and every kind of caller."""

from typing import Any

from attrs import evolve

from taskactors.domain.agent import Agent
from taskactors.domain.caller import LOCAL_PERSON, SERVER, Caller, Kind
from taskactors.domain.lifecycle import DEADLINE_MS
from taskactors.domain.task import RUNNING, SUSPENDED, Claim, State, Task

NOW = 1_790_000_000_000
"""Some day in 2026."""

LEASE_S = 900

HOLDER, OWNER, CREATOR, IMPLEMENTER, STRANGER = "holder", "owner", "creator", "implementer", "stranger"


def a_task(state: State = State.CREATED, **given: Any) -> Task:
    """A task as the board would have it in that state; the claim's holder is HOLDER where the state has a claim."""
    held = state in RUNNING or state in SUSPENDED
    task = Task(id=7, code="T-7", name="n", description="d", state=state, inserted_at=NOW - 1000, updated_at=NOW - 1000, created_by=CREATOR)
    if held:
        lease = a_claim(None if state in SUSPENDED else NOW + LEASE_S * 1000)
        task = evolve(task, claim=lease, fence=lease.fence, owner_agent_name=HOLDER, implementer=HOLDER, started_at=NOW - 1000)
    if state in (State.DONE, State.ARCHIVED):
        task = evolve(task, done_at=NOW - 500, implementer=IMPLEMENTER, owner_agent_name=IMPLEMENTER)
    return evolve(task, **given)


def a_claim(
    expires_at: int | None, deadline: int = NOW + DEADLINE_MS, fence: int = 3, agent: str = HOLDER, lease_s: int = LEASE_S
) -> Claim:
    return Claim(fence, agent, claimed_at=NOW, lease_s=lease_s, expires_at=expires_at, deadline=deadline)


def an_agent(name: str = HOLDER, **given: Any) -> Agent:
    return Agent(name=name, registered_at=NOW, updated_at=NOW, **({"role": "backend"} | given))


PERSON = Caller(name=LOCAL_PERSON, kind=Kind.HUMAN, may_act_for_others=True)

CALLERS = {
    "the holder": Caller(name=HOLDER),
    "the owner": Caller(name=OWNER),
    "the creator": Caller(name=CREATOR),
    "the implementer": Caller(name=IMPLEMENTER),
    "a stranger": Caller(name=STRANGER),
    "a coordinator": Caller(name="chief", coordinator=True),
    "a person": PERSON,
    "the holder, by a person": Caller(name=HOLDER, by=LOCAL_PERSON),
    "a stranger, by a person": Caller(name=STRANGER, by=LOCAL_PERSON),
    "the server": Caller(name=SERVER, kind=Kind.SERVER),
}
OVERRIDING = frozenset({"a coordinator", "a person", "the server"})
