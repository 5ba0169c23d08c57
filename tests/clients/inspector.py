"""The command line of the MCP Inspector as an agent's hands: it connects for every call, and can be told nothing in between."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import trio
from attrs import frozen

from tests.clients.environments import node
from tests.clients.hands import Answer, Met

NAME = "@modelcontextprotocol/inspector"

ANSWERS_WITHIN_S = 90.0
"""As for the programs of driven.py."""

TOOL_SAID_NO = 5
UNPORTABLE = 6
"""Exit codes of the Inspector."""


class Failed(Exception):
    """The Inspector did not come as far as an answer; the text is what it printed."""


@frozen
class Inspector:
    """The Inspector for one agent, in one era. What it keeps it keeps in a folder, where the way to the server is written, too."""

    home: Path
    server: Mapping[str, Any]
    era: str

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        given = ("--tool-name", tool, "--tool-args-json", json.dumps(arguments))
        result = (await self._printed("tools/call", *given, may_end_with=(0, TOOL_SAID_NO)))["result"]
        return Answer(bool(result.get("isError")), result["content"][0]["text"], result.get("structuredContent"))

    async def meet(self) -> Met:
        """What it meets where it connects."""
        hello = (await self._printed("initialize"))["result"]
        tools = (await self._printed("tools/list"))["result"]["tools"]
        version = json.loads((node("inspector")[1] / "node_modules" / NAME / "package.json").read_text())["version"]
        protocol, server = hello["protocolVersion"], hello["serverInfo"]["name"]
        return Met(f"{NAME} {version}", protocol, server, frozenset(tool["name"] for tool in tools))

    async def findings(self) -> list[dict[str, Any]]:
        """What it has against the tools' schemas, tool by tool; nothing when every kind of client can use them."""
        printed = await self._printed("tools/list", "--strict", may_end_with=(0, UNPORTABLE))
        assert printed["result"]["tools"]
        return list(printed.get("schemaFindings", []))

    async def _printed(self, method: str, *options: str, may_end_with: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """What one command of it prints. Raises Failed."""
        binary, folder = node("inspector")
        program = folder / "node_modules" / NAME / "clients" / "launcher" / "build" / "index.js"
        servers = ("--config", str(self._servers()), "--server", "board", "--protocol-era", self.era, "--stored-auth-only")
        command = [str(binary), str(program), "--cli", *servers, "--format", "json", "--method", method, *options]
        # Else it would keep the token with those of whoever runs the tests.
        environment = {**os.environ, "HOME": str(self.home), "MCP_INSPECTOR_SECRET_STORE": "memory"}
        with trio.fail_after(ANSWERS_WITHIN_S):
            ended = await trio.run_process(
                command, stdin=subprocess.DEVNULL, capture_stdout=True, capture_stderr=True, check=False, cwd=self.home, env=environment
            )
        if ended.returncode not in may_end_with:
            raise Failed(f"{method} ended with {ended.returncode}: {ended.stderr.decode()}")
        return dict(json.loads(ended.stdout))

    def _servers(self) -> Path:
        # Not as options, which everybody on a machine could read: the token is in it.
        file = self.home / "servers.json"
        if not file.exists():
            file.touch(0o600)
            file.write_text(json.dumps({"mcpServers": {"board": self.server}}))
        return file


def by_http(url: str, headers: Mapping[str, str]) -> dict[str, Any]:
    """The way to a server, as the Inspector's file has it."""
    return {"type": "streamable-http", "url": url, "headers": headers}


def by_command(command: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """The same, by a command that leads there."""
    return {"type": "stdio", "command": command[0], "args": command[1:], "env": environment}
