"""The page about clients says of each what was tried: its version, its ways and its eras."""

import json
import re
from collections import defaultdict

from tests.clients.environments import HERE, PYTHON
from tests.clients.matrix import ROWS

PAGE = (HERE.parent.parent / "docs" / "clients.md").read_text()

PACKAGES = {
    "python-mcp1": ("mcp", PYTHON / "mcp1.lock"),
    "python-mcp2": ("mcp", PYTHON / "mcp2.lock"),
    "fastmcp": ("fastmcp", PYTHON / "fastmcp.lock"),
    "langchain": ("langchain-mcp-adapters", PYTHON / "langchain.lock"),
    "typescript1": ("@modelcontextprotocol/sdk", HERE / "typescript1" / "package-lock.json"),
    "typescript2": ("@modelcontextprotocol/client", HERE / "typescript2" / "package-lock.json"),
    "inspector": ("@modelcontextprotocol/inspector", HERE / "inspector" / "package-lock.json"),
}

WAYS = ("ws", "http", "bridge")
SAID_OF = {frozenset({"legacy", "modern"}): "both", frozenset({"legacy"}): "2025-11-25", frozenset[str](): "has none"}


def locked(client: str) -> tuple[str, str]:
    """A client's package, and the version that its lock names."""
    package, lock = PACKAGES[client]
    if lock.suffix == ".json":
        return package, str(json.loads(lock.read_text())["packages"][f"node_modules/{package}"]["version"])
    [version] = re.findall(rf"^{package}==(\S+)", lock.read_text(), re.MULTILINE)
    return package, str(version)


def test_the_page_has_every_client_with_the_version_ways_and_eras_that_are_tried() -> None:
    eras: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in ROWS:
        eras[row.client, row.way].add(row.era)
    for client in {row.client for row in ROWS}:
        package, version = locked(client)
        [line] = [line for line in PAGE.splitlines() if re.match(rf"\|.*`{package}( --cli)?` \| {re.escape(version)} \|", line)]
        cells = [cell.strip().partition(",")[0] for cell in line.split("|")[3:6]]
        assert cells == [SAID_OF[frozenset(eras[client, way])] for way in WAYS], line
