"""The crowd: sockets that stay and say nothing more, or a byte now and then; they are there beside everything else that is tried."""

import socket
from collections import deque

from attrs import Factory, define

from tests.fuzz.sockets import cut, send

CROWD_LIMIT = 40
"""At one time; whoever came first is cut off for the next."""


@define(eq=False)
class Crowd:
    """Half-open and slow clients."""

    _waiting: deque[tuple[socket.socket, bytes]] = Factory(deque)

    def join(self, dialed: socket.socket, rest: bytes) -> None:
        """One more; the one that is there for longest says its last and is cut off."""
        self._waiting.append((dialed, rest))
        while len(self._waiting) > CROWD_LIMIT:
            oldest, left = self._waiting.popleft()
            send(oldest, left)
            cut(oldest)

    def leave(self) -> None:
        """All at once."""
        while self._waiting:
            cut(self._waiting.popleft()[0])
