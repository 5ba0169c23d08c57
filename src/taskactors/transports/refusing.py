"""Refusing: what is said to somebody for whom nothing was opened: an HTTP status and a sentence, if they listen."""

import contextlib
from http import HTTPStatus
from typing import Protocol

import trio

SAID_WITHIN_S = 1.0
"""A sentence takes no time to send to anybody who reads."""

REFUSING_LIMIT = 64
"""How many hear at one time that there are too many; telling takes a moment, and a flood would make it many."""


class Sends(Protocol):
    """Whatever bytes can be sent on."""

    async def send_all(self, data: bytes) -> None: ...


def refusal(status: HTTPStatus, why: str) -> bytes:
    """The answer, whatever was asked."""
    body = f"{why}\n".encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


async def say(stream: Sends, answer: bytes) -> None:
    """Answer somebody with this, and nothing more, if they listen."""
    with trio.move_on_after(SAID_WITHIN_S), contextlib.suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        await stream.send_all(answer)


async def refuse(stream: Sends, status: HTTPStatus, why: str) -> None:
    """Answer whatever was asked with this, and nothing more."""
    await say(stream, refusal(status, why))
