"""The entrance: takes connections from a server's first moment, before the MCP SDK is there, which takes longest of all to load.

Nothing here may import the SDK, directly or through a neighbour, before `load` does.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

import trio
from attrs import Factory, define

from ..actors.calls import Connection, TellingFront
from ..actors.profiles import PROFILES
from ..actors.wires import Wire

if TYPE_CHECKING:
    from .server import McpSurface

IN_STEPS = (
    "pydantic.main",
    "mcp_types",
    "mcp_types.methods",
    "starlette.applications",
    "httpx2",
    "mcp",
    "anyio._backends._trio",
    "taskactors.mcp_server.server",
    "taskactors.mcp_server.over_http",
)
"""What is loaded, one after the other: a stop waits for the step that is under way, and not for all of them."""


def _product(front: TellingFront) -> McpSurface:
    from .server import McpSurface

    return McpSurface(front, PROFILES)


@define(eq=False)
class Entrance:
    """Serves each connection as soon as the surface behind it is there. `make` makes that, on a thread."""

    front: TellingFront
    make: Callable[[TellingFront], McpSurface] = _product
    _surface: McpSurface | None = None
    _there: trio.Event = Factory(trio.Event)

    async def load(self) -> None:
        """Load the SDK and make the surface, beside the loop; raises whatever keeps it from being loaded."""
        for module in IN_STEPS:
            await trio.to_thread.run_sync(import_module, module)
        self._surface = await trio.to_thread.run_sync(self.make, self.front)
        self._there.set()

    async def surface(self) -> McpSurface:
        """The surface; waits until it is loaded."""
        await self._there.wait()
        assert self._surface is not None
        return self._surface

    async def serve(self, wire: Wire, connection: Connection) -> None:
        """Serve one connection until its wire ends."""
        await (await self.surface()).serve(wire, connection)
