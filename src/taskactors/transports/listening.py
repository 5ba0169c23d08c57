"""Listening: the sockets of a door, on which clients can connect from now on, whoever is to serve them."""

import trio


async def listen_at(host: str, port: int) -> list[trio.SocketListener]:
    """A listener for each address of the host; for the first alone when the port is to be picked. Raises OSError when it cannot be had."""
    listeners = await trio.open_tcp_listeners(port, host=host)
    if port == 0:
        # A name with several addresses would get another free port for each, and only one can be told.
        for other in listeners[1:]:
            await other.aclose()
        del listeners[1:]
    return listeners


def port_of(listeners: list[trio.SocketListener]) -> int:
    """The port that they are at."""
    return int(listeners[0].socket.getsockname()[1])
