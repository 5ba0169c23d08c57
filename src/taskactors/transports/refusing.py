"""Refusing: what is said to somebody for whom nothing was opened: an HTTP status and a sentence, if they listen."""

import contextlib
from http import HTTPStatus

import trio

SAID_WITHIN_S = 1.0
"""A sentence takes no time to send to anybody who reads."""

REFUSING_LIMIT = 64
"""How many hear at one time that there are too many; telling takes a moment, and a flood would make it many."""


async def refuse(stream: trio.abc.SendStream, status: HTTPStatus, why: str) -> None:
    """Answer whatever was asked with this, and nothing more."""
    body = f"{why}\n".encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with trio.move_on_after(SAID_WITHIN_S), contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        await stream.send_all(head.encode() + body)
