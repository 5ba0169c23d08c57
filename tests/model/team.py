"""The model's team: who is in it and what they told each other, in plain dictionaries."""

from collections.abc import Iterator, Mapping
from typing import Any

PERSON = "local"
ROLES = {"architect", "backend", "database", "mcp-integrator", "qa", "docs"}


class No(Exception):
    """The model refuses, with the code that the server has to refuse with."""


class Team:
    """Agents and messages; `events` counts everything that the log has to tell."""

    def __init__(self) -> None:
        self.events = 0
        self.agents: dict[str, dict[str, Any]] = {}
        self.messages: list[dict[str, Any]] = []
        self.read_by_role: dict[str, int] = {}

    def whole_code(self, code: str) -> str:
        """The code as its task has it; refuses one that no task has."""
        raise NotImplementedError

    def overrides(self, name: str) -> bool:
        return name == PERSON or self.agents.get(name, {}).get("coordinator", False)

    def introduce(self, name: str) -> None:
        if name != PERSON and name not in self.agents:
            self._join(name, newcomer(name))

    def _join(self, name: str, agent: dict[str, Any]) -> None:
        self.agents[name] = agent | {"rev": 1, "all_from": len(self.messages), "role_from": self.read_by_role.get(agent["role"], 0)}
        self.events += 1

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
            self.events += 1
        return {"name": agent_name, "role": role, "rev": self.agents[agent_name]["rev"]}

    def promote_agent(self, by: str, agent_name: str, coordinator: bool) -> dict[str, Any]:
        if by != PERSON:
            raise No("not_allowed")
        if agent_name not in self.agents:
            raise No("not_found")
        agent = self.agents[agent_name]
        if agent["coordinator"] != coordinator:
            agent.update(coordinator=coordinator, rev=agent["rev"] + 1)
            self.events += 1
        return {"name": agent_name, "rev": agent["rev"]}

    # messages

    def send_message(self, by: str, to: str, content: str, code: str | None = None) -> dict[str, Any]:
        return self._said(by, to, content, code, direct=to != "all" and not is_role(to))

    def create_task_message(self, by: str, code: str, content: str, to: str | None = None) -> dict[str, Any]:
        return self._said(by, to, content, code, direct=False)

    def _said(self, by: str, to: str | None, content: str, code: str | None, direct: bool) -> dict[str, Any]:
        code = self.whole_code(code) if code else None
        if to not in (None, "all", PERSON) and not is_role(str(to)):
            if not str(to).isalpha():
                raise No("invalid_arguments")
            self.introduce(str(to))
        number = len(self.messages) + 1
        self.messages.append({"id": number, "by": by, "to": to, "content": content, "code": code, "direct": direct})
        self.introduce(by)
        self.events += 1
        return {"id": number, "author_agent_name": by, "target_agent_name": to, "content": content, "task_code": code}

    def tell(self, to: str, code: str) -> None:
        """The server itself says something about a task."""
        self.messages.append({"id": len(self.messages) + 1, "by": "server", "to": to, "content": "", "code": code, "direct": False})
        self.events += 1

    def said_on(self, code: str, reader: str) -> list[int]:
        """Ids of what this reader may see on a task, newest first."""
        return [each["id"] for each in reversed(self.messages) if each["code"] == code and may_read(each, reader)]

    def read_inbox(self, by: str, limit: int, cursor: tuple[int, str] | None = None) -> dict[str, Any]:
        """The ids of the messages shown, and as `cursor` what the live cursor that comes with them stands for."""
        if by == PERSON and by not in self.agents:
            self.agents[by] = newcomer(by) | {"role": "", "rev": 1, "all_from": 0, "role_from": 0, "provisional": False}
        self.introduce(by)
        me = self.agents[by]
        if cursor is not None:
            self._confirm(me, *cursor)
        last, shown = me["cursor"], []
        for number in self._unread(by, me):
            message = self.messages[number - 1]
            last = number
            if message["by"] != by or message["to"] == by:
                shown.append(number)
            if len(shown) == limit:
                break
        return {"items": shown, "cursor": (last, me["role"])}

    def _confirm(self, me: dict[str, Any], number: int, role: str) -> None:
        me["cursor"] = max(me["cursor"], number)
        if role == me["role"]:
            me["role_from"] = max(me["role_from"], number)
            if role:
                self.read_by_role[role] = max(self.read_by_role.get(role, 0), number)

    def _unread(self, name: str, me: Mapping[str, Any]) -> Iterator[int]:
        begin = {name: me["cursor"], "all": max(me["cursor"], me["all_from"])}
        if me["role"]:
            begin[f"role:{me['role']}"] = me["role_from"]
        return (each["id"] for each in self.messages if each["id"] > begin.get(each["to"], len(self.messages)))


def newcomer(name: str) -> dict[str, Any]:
    """Whoever is seen for the first time."""
    role = name if name in ROLES else "backend"
    return {"role": role, "can": [], "limit": None, "coordinator": False, "provisional": True, "cursor": 0}


def is_role(to: str) -> bool:
    return to.startswith("role:") and to.removeprefix("role:") in ROLES


def may_read(message: Mapping[str, Any], reader: str) -> bool:
    return not message["direct"] or reader in (PERSON, message["by"], message["to"])
