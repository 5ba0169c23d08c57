"""A server with a fault planted in it, for the measures to see: python tests/crowd/planted.py FAULT COMMAND …"""

import sys
import time
from typing import Any

from taskactors.actors.updates import Updates
from taskactors.cli import main
from taskactors.mcp_server.pushing import Subscription
from taskactors.transports.websocket_wire import WebSocketWire

LEAKED_BYTES = 100 << 10
# A crowd is told of several commits together: what is queued once must show.
QUEUED_BYTES = 64 << 10
HELD_UP_S = 0.002

kept: list[Any] = []


def leak_with_every_client() -> None:
    """Something is kept of everybody who ever connects."""
    wire: Any = WebSocketWire
    begin = wire.__init__

    def beginning(self: WebSocketWire, *given: Any) -> None:
        kept.append(b"x" * LEAKED_BYTES)
        begin(self, *given)

    wire.__init__ = beginning


def queue_for_every_client() -> None:
    """What happens is queued for each who wants to hear of it."""
    subscription: Any = Subscription
    hear = subscription.hear

    def hearing(self: Subscription, names: frozenset[str]) -> None:
        kept.append(bytearray(QUEUED_BYTES))
        hear(self, names)

    subscription.hear = hearing


def work_for_every_client() -> None:
    """Whatever happens costs everybody a little for each who wants to hear of it."""
    updates: Any = Updates
    hear = updates._heard

    def hearing(self: Updates, told: Any) -> None:
        until = time.perf_counter() + HELD_UP_S * len(self.listeners)
        while time.perf_counter() < until:
            pass
        hear(self, told)

    updates._heard = hearing


FAULTS = {"leak": leak_with_every_client, "queue": queue_for_every_client, "work": work_for_every_client}

if __name__ == "__main__":
    FAULTS[sys.argv[1]]()
    sys.exit(main(sys.argv[2:]))
