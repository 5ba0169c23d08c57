"""How the team works: the roles, who has them now, and whom a plan still needs."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ...domain.agent import ROLES
from ...domain.lifecycle import TABLE
from .facts import Facts
from .roles import LOOP, MANNERS, ROLE_TEXTS

FIRST_ROLES = ("backend", "qa", "architect", "database", "docs", "mcp-integrator")
"""With few agents, who is missed first: somebody to build, somebody to check, somebody to plan."""


def workflow_description(facts: Facts, count: int, plan: str | None) -> Mapping[str, Any]:
    """Roles, loop, states and suggested agents for that many agents; a plan's words weigh the roles it calls for."""
    suggested = _suggested(facts, count, plan)
    return {
        "workflow_description": _description(facts),
        "recommended_agent_count": count,
        "suggested_agents": suggested,
        "roles": [{"role": role, "duty": ROLE_TEXTS[role].duty, "agents": list(facts.with_role(role))} for role in ROLES],
        "missing_roles": [role for role in ROLES if not facts.with_role(role)],
        "coordination_instructions": "\n".join(f"- {line}" for line in MANNERS),
    }


def _description(facts: Facts) -> str:
    lines = [f"Project {facts.around.project}: {_work(facts)}", "", "Roles:"]
    lines += [f"- {role} ({', '.join(facts.with_role(role)) or 'nobody yet'}): {ROLE_TEXTS[role].duty}" for role in ROLES]
    lines += ["", "The loop:", *(f"{number}. {step}" for number, step in enumerate(LOOP, 1)), "", "States and where they may go:"]
    lines += [f"- {state}: {', '.join(steps) or 'final'}" for state, steps in TABLE.items()]
    return "\n".join(lines)


def _work(facts: Facts) -> str:
    total = sum(facts.counts.values())
    by_state = ", ".join(f"{number} {state}" for state, number in facts.counts.items())
    return f"{total} tasks ({by_state}), {facts.ready} ready to claim." if total else "no tasks yet."


def _suggested(facts: Facts, count: int, plan: str | None) -> Sequence[Mapping[str, Any]]:
    calls = _calls_for(plan or "")
    order = sorted(FIRST_ROLES, key=lambda role: (-calls[role], FIRST_ROLES.index(role)))
    taken = {member.agent.name for member in facts.roster}
    suggested = []
    for place in range(count):
        role = order[place % len(order)]
        name = _free_name(role, taken)
        taken.add(name)
        suggested.append({"name": name, "role": role, "why": _why(facts, role, calls[role])})
    return suggested


def _calls_for(plan: str) -> Counter[str]:
    words = Counter(re.findall(r"[a-z]+", plan.lower()))
    return Counter({role: sum(words[word] for word in text.called_for_by) for role, text in ROLE_TEXTS.items()})


def _why(facts: Facts, role: str, calls: int) -> str:
    said = f"the plan speaks of its work {calls} times" if calls else ROLE_TEXTS[role].duty.rstrip(".")
    having = facts.with_role(role)
    return f"{said}; the team has {', '.join(having)}" if having else f"{said}; nobody has this role yet"


def _free_name(role: str, taken: set[str]) -> str:
    if role not in taken:
        return role
    return next(name for number in range(2, 10_000) if (name := f"{role}-{number}") not in taken)
