"""The command line of the MCP Inspector as an agent's hands: it connects for every call, and can be told nothing in between."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trio
from attrs import frozen

from tests.clients.environments import node
from tests.clients.hands import Answer, Met

NAME = "@modelcontextprotocol/inspector"

TOOL_SAID_NO = 5
UNPORTABLE = 6
"""Exit codes of the Inspector."""


class Failed(Exception):
    """The Inspector did not come as far as an answer; the text is what it printed."""


@frozen
class Ran:
    code: int
    result: dict[str, Any]
    said: str
    """On the way, and not as the result."""


@frozen
class Inspector:
    """The Inspector for one agent, in one era. It keeps what it keeps in a folder, and takes the token from a file there."""

    home: Path
    url: str
    token: str
    era: str

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        given = ("--tool-name", tool, "--tool-args-json", json.dumps(arguments))
        ran = await self.run("tools/call", *given, may_end_with=(0, TOOL_SAID_NO))
        return Answer(bool(ran.result.get("isError")), ran.result["content"][0]["text"], ran.result.get("structuredContent"))

    async def meet(self) -> Met:
        hello = (await self.run("initialize")).result
        tools = (await self.run("tools/list")).result["tools"]
        version = json.loads((node("inspector")[1] / "node_modules" / NAME / "package.json").read_text())["version"]
        protocol, server = hello["protocolVersion"], hello["serverInfo"]["name"]
        return Met(f"{NAME} {version}", protocol, server, frozenset(tool["name"] for tool in tools))

    async def run(self, method: str, *options: str, may_end_with: tuple[int, ...] = (0,)) -> Ran:
        """One command of it. Raises Failed."""
        binary, folder = node("inspector")
        program = folder / "node_modules" / NAME / "clients" / "launcher" / "build" / "index.js"
        servers = ("--config", str(self._servers()), "--server", "board", "--protocol-era", self.era, "--stored-auth-only")
        command = [str(binary), str(program), "--cli", *servers, "--format", "json", "--method", method, *options]
        environment = {**os.environ, "HOME": str(self.home)}
        ended = await trio.run_process(
            command, stdin=subprocess.DEVNULL, capture_stdout=True, capture_stderr=True, check=False, cwd=self.home, env=environment
        )
        said = ended.stderr.decode()
        if ended.returncode not in may_end_with:
            raise Failed(f"{method} ended with {ended.returncode}: {said}")
        return Ran(ended.returncode, json.loads(ended.stdout)["result"], said)

    def _servers(self) -> Path:
        # Not as an option, which everybody on a machine could read.
        file = self.home / "servers.json"
        if not file.exists():
            file.touch(0o600)
            board = {"type": "streamable-http", "url": self.url, "headers": {"Authorization": f"Bearer {self.token}"}}
            file.write_text(json.dumps({"mcpServers": {"board": board}}))
        return file
