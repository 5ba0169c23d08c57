"""The same on fastmcp, the other way that Python users write servers."""

import sys
from pathlib import Path
from typing import Any

from fastmcp import FastMCP

from .board import Board
from .serving import serve


def main() -> None:
    board = Board(Path(sys.argv[1]))
    server = FastMCP("tasks")

    @server.tool
    async def create_task(code: str, name: str, description: str) -> dict[str, Any]:
        """Add a task; letters get the next number."""
        return board.create(code, name, description)

    @server.tool
    async def claim_task(code: str) -> dict[str, Any]:
        """Take a task; the claim has the fence."""
        return board.claim(code)

    @server.tool
    async def complete_task(code: str, fence: int, summary: str) -> dict[str, Any]:
        """Finish a task that is held."""
        return board.complete(code, fence, summary)

    serve(server.http_app(path="/mcp", json_response=True))


if __name__ == "__main__":
    main()
