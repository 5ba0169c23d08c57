"""A server with a fault planted in it, for the measures to see: python tests/crowd/planted.py FAULT COMMAND …"""

import sys
import time
from typing import Any

from taskactors.actors.updates import Updates
from taskactors.cli import main
from taskactors.mcp_server.pushing import Subscription
from taskactors.transports.websocket_wire import WebSocketWire

LEAKED_BYTES = 100 << 10
QUEUED_BYTES = 20 << 10
HELD_UP_S = 0.002

kept: list[Any] = []


def leak_with_every_client() -> None:
    """Something is kept of everybody who ever connects."""
    begin = WebSocketWire.__init__

    def beginning(self: WebSocketWire, *given: Any) -> None:
        kept.append(b"x" * LEAKED_BYTES)
        begin(self, *given)

    WebSocketWire.__init__ = beginning  # type: ignore[method-assign, assignment]


def queue_for_every_client() -> None:
    """What happens is queued for each who wants to hear of it."""
    hear = Subscription.hear

    def hearing(self: Subscription, names: frozenset[str]) -> None:
        kept.append(bytearray(QUEUED_BYTES))
        hear(self, names)

    Subscription.hear = hearing  # type: ignore[method-assign]


def work_for_every_client() -> None:
    """Whatever happens costs everybody a little for each who wants to hear of it."""
    hear = Updates._heard

    def hearing(self: Updates, told: Any) -> None:
        until = time.perf_counter() + HELD_UP_S * len(self.listeners)
        while time.perf_counter() < until:
            pass
        hear(self, told)

    Updates._heard = hearing  # type: ignore[method-assign]


FAULTS = {"leak": leak_with_every_client, "queue": queue_for_every_client, "work": work_for_every_client}

if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    sys.exit(main(sys.argv[2:]))
