"""What each MCP client must be told to reach this server: its own file, and the entry in it for each way in."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from attrs import frozen

SERVER_NAME = "taskactors"
WS, HTTP, BRIDGE = "ws", "http", "bridge"
TOKEN_VARIABLE = "TASKACTORS_TOKEN"
TOKEN_INPUT = "taskactors_token"

HOOK_EVENTS = ("Stop", "UserPromptSubmit")
HOOK_WITHIN_S = 10
"""The hook gives up long before; this is for a machine that has no time to start it."""


@frozen(kw_only=True)
class McpClient:
    """One client: its file (`~/` is the person's, else of the project), where in it servers are, and the ways it has.

    `token` is how that file says that the token is taken from elsewhere: most are kept in the repository, for all to read.
    """

    name: str
    file: str
    servers: str
    ways: tuple[str, ...]
    token: str
    next_step: str
    """What its person does once the file says it."""

    typed: bool = True
    """Whether an entry says by its `type` which way it is."""

    comments: bool = False
    hooks_file: str | None = None

    @property
    def is_toml(self) -> bool:
        """Whether its file is TOML; else it is JSON."""
        return self.file.endswith(".toml")

    @property
    def is_personal(self) -> bool:
        """Whether its file holds for all the person's projects."""
        return self.file.startswith("~/")


MCP_CLIENTS: Mapping[str, McpClient] = {
    client.name: client
    for client in (
        McpClient(
            name="claude",
            file=".mcp.json",
            servers="mcpServers",
            ways=(WS, HTTP, BRIDGE),
            token=f"${{{TOKEN_VARIABLE}}}",
            next_step="start a new session of Claude Code in this folder, and approve the server when it asks; /mcp shows it",
            hooks_file=".claude/settings.json",
        ),
        McpClient(
            name="codex",
            file="~/.codex/config.toml",
            servers="mcp_servers",
            ways=(HTTP, BRIDGE),
            token=TOKEN_VARIABLE,
            next_step="start a new session of Codex in this folder; /mcp shows the server",
            typed=False,
            hooks_file=".codex/hooks.json",
        ),
        McpClient(
            name="cursor",
            file=".cursor/mcp.json",
            servers="mcpServers",
            ways=(HTTP, BRIDGE),
            token=f"${{env:{TOKEN_VARIABLE}}}",
            next_step="open this folder in Cursor, and switch the server on in its settings, under MCP",
            typed=False,
        ),
        McpClient(
            name="vscode",
            file=".vscode/mcp.json",
            servers="servers",
            ways=(HTTP, BRIDGE),
            token=f"${{input:{TOKEN_INPUT}}}",
            next_step="open this folder in VS Code, and start the server with the command `MCP: List Servers`",
            comments=True,
        ),
    )
}


def network_entry(client: McpClient, way: str, url: str) -> dict[str, Any]:
    """The entry that leads a client to an address by WebSocket or HTTP, as whoever its token says."""
    entry: dict[str, Any] = {"type": way, "url": url} if client.typed else {"url": url}
    if client.is_toml:
        return {**entry, "bearer_token_env_var": client.token}
    return {**entry, "headers": {"Authorization": f"Bearer {client.token}"}}


def bridge_entry(client: McpClient, command: Sequence[str], *, needs_token: bool = False) -> dict[str, Any]:
    """The entry that has a client start the bridge, which finds the server, and the token of one of this machine, by itself.

    `needs_token` is for a server elsewhere: most clients hand on their environment, Codex what it is told to.
    """
    program, *words = command
    entry: dict[str, Any] = {"command": program, "args": words}
    if needs_token and client.is_toml:
        entry["env_vars"] = [TOKEN_VARIABLE]
    return {"type": "stdio", **entry} if client.typed else entry


def address(base: str, *, agent: str | None = None, project: str | None = None, profile: str | None = None) -> str:
    """The address for a project of the server at `base`, as an agent, with the tools of a profile."""
    asked = {name: value for name, value in (("agent", agent), ("tools", profile)) if value}
    path = f"{base}/{project}" if project else base
    return path + (f"?{urlencode(asked)}" if asked else "")


def configuration(client: McpClient, entry: Mapping[str, Any]) -> dict[str, Any]:
    """What a file must hold that has nothing but this entry."""
    whole: dict[str, Any] = {client.servers: {SERVER_NAME: dict(entry)}}
    if client.token in str(entry.get("headers")) and TOKEN_INPUT in client.token:
        whole["inputs"] = [{"type": "promptString", "id": TOKEN_INPUT, "description": "The token for taskactors", "password": True}]
    return whole


def as_text(client: McpClient, whole: Mapping[str, Any]) -> str:
    """What a file must hold, in its own language."""
    if not client.is_toml:
        return json.dumps(whole, indent=2)
    import tomlkit

    return tomlkit.dumps(whole).strip()


def hook(command: str) -> dict[str, Any]:
    """A hook that runs a command."""
    return {"type": "command", "command": command, "timeout": HOOK_WITHIN_S}
