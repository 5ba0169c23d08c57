"""What a Python user would write: the SDK's MCPServer over streamable HTTP, with its tasks in SQLite."""

import sys
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import MCPServer

from .board import Board
from .serving import serve


def main() -> None:
    board = Board(Path(sys.argv[1]))
    server = MCPServer("tasks")

    # Async functions without a wait: the SDK sends others to a thread, which is slower here.
    @server.tool()
    async def create_task(code: str, name: str, description: str) -> dict[str, Any]:
        """Add a task; letters get the next number."""
        return board.create(code, name, description)

    @server.tool()
    async def claim_task(code: str) -> dict[str, Any]:
        """Take a task; the claim has the fence."""
        return board.claim(code)

    @server.tool()
    async def complete_task(code: str, fence: int, summary: str) -> dict[str, Any]:
        """Finish a task that is held."""
        return board.complete(code, fence, summary)

    # Its faster way to answer; the other opens an event stream for each call.
    serve(server.streamable_http_app(json_response=True))


if __name__ == "__main__":
    main()
