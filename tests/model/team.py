"""The model's team: who is in it, what they can do, and who is held back, in plain dictionaries."""

from typing import Any

from tests.model.log import PERSON, Log, No

ROLES = {"architect", "backend", "database", "mcp-integrator", "qa", "docs"}


class Team(Log):
    """Agents and pauses. The local person is an agent only once they have an inbox."""

    def __init__(self, now: int) -> None:
        super().__init__(now)
        self.agents: dict[str, dict[str, Any]] = {}
        self.messages: list[dict[str, Any]] = []
        self.read_by_role: dict[str, int] = {}
        self.pauses: dict[str, dict[str, Any]] = {}

    def overrides(self, name: str) -> bool:
        return name == PERSON or self.agents.get(name, {}).get("coordinator", False)

    def introduce(self, name: str) -> None:
        if name != PERSON and name not in self.agents:
            self._join(name, newcomer(name))

    def me(self, name: str) -> dict[str, Any]:
        """An agent as registered; the person as one without a role or a limit."""
        return self.agents[name] if name != PERSON else newcomer(PERSON) | {"role": ""}

    def able(self, name: str, needs: list[str]) -> bool:
        """People are not asked what they can do."""
        return name == PERSON or set(needs) <= set(self.me(name)["can"])

    def _join(self, name: str, agent: dict[str, Any]) -> None:
        self.agents[name] = agent | {"rev": 1, "all_from": len(self.messages), "role_from": self.read_by_role.get(agent["role"], 0)}
        self.happened("agent_registered", f"agent:{name}")

    def register_agent(self, by: str, agent_name: str, role: str, capabilities: list[str], limit: int | None) -> dict[str, Any]:
        if by not in (PERSON, agent_name):
            raise No("not_allowed")
        wanted = {"role": role, "can": sorted(capabilities), "limit": limit, "provisional": False}
        known = self.agents.get(agent_name)
        if known is None:
            self._join(agent_name, newcomer(agent_name) | wanted)
        elif any(known[name] != value for name, value in wanted.items()):
            if not known["provisional"] and by != agent_name:
                raise No("already_registered")
            if known["role"] != role:
                known["role_from"] = self.read_by_role.get(role, 0)
            known.update(wanted, rev=known["rev"] + 1)
            self.happened("agent_updated", f"agent:{agent_name}")
        return {"name": agent_name, "role": role, "rev": self.agents[agent_name]["rev"]}

    def promote_agent(self, by: str, agent_name: str, coordinator: bool) -> dict[str, Any]:
        if by != PERSON:
            raise No("not_allowed")
        if agent_name not in self.agents:
            raise No("not_found")
        agent = self.agents[agent_name]
        if agent["coordinator"] != coordinator:
            agent.update(coordinator=coordinator, rev=agent["rev"] + 1)
            self.happened("agent_promoted", f"agent:{agent_name}")
        return {"name": agent_name, "rev": agent["rev"]}

    def listed_agents(self, role: str | None = None, can: tuple[str, ...] = ()) -> list[str]:
        fits = (name for name, each in self.agents.items() if role in (None, each["role"]) and set(can) <= set(each["can"]))
        return sorted(fits)

    # brakes

    def set_pause(self, by: str, target: str, paused: bool, reason: str | None = None) -> dict[str, Any]:
        if not self.overrides(by):
            raise No("not_allowed")
        if target != "project" and not is_role(target) and target not in self.agents:
            raise No("not_found")
        known = self.pauses.get(target)
        if paused and (known is None or known["reason"] != reason):
            self.pauses[target] = {"target": target, "by": by, "since": self.now, "reason": reason}
            self.happened("pause_set", f"pause:{target}")
        if not paused and known is not None:
            del self.pauses[target]
            self.happened("pause_set", f"pause:{target}")
        return {"paused": [self.pauses[each] for each in sorted(self.pauses)]}

    def require_not_paused(self, name: str) -> None:
        if {"project", name, f"role:{self.me(name)['role']}"} & set(self.pauses):
            raise No("paused")


def newcomer(name: str) -> dict[str, Any]:
    """Whoever is seen for the first time."""
    role = name if name in ROLES else "backend"
    return {"role": role, "can": [], "limit": None, "coordinator": False, "provisional": True, "cursor": 0}


def is_role(to: str) -> bool:
    return to.startswith("role:") and to.removeprefix("role:") in ROLES
