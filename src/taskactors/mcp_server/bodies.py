"""Bodies: what is no JSON-RPC message is refused over HTTP as it is on every other way in, before the SDK sees it.

The SDK would take a request whose id is null for a notification and never answer it, would name other codes in its older era than in its
newer one, and has no limit on how deep a message nests.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from mcp_types import INVALID_REQUEST

from .envelope import Malformed, read_envelope

BODY_BYTES = 1 << 20
"""The largest request, as on every other way in."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def looked_at(receive: Receive) -> tuple[Receive, Malformed | None]:
    """The same way in, with everything that has been read of it still to come; and what to answer instead of letting anybody read it.

    A body that is too large, or never comes whole, is left to its reader, who knows how to say so.
    """
    read: list[Message] = []
    body = bytearray()
    while len(body) <= BODY_BYTES:
        message = await receive()
        read.append(message)
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    left = iter(read)

    async def again() -> Message:
        return next(left, None) or await receive()

    is_whole = len(body) <= BODY_BYTES and read[-1]["type"] == "http.request"
    return again, _malformed(bytes(body)) if is_whole else None


def _malformed(body: bytes) -> Malformed | None:
    message = read_envelope(body)
    if message is None:
        return Malformed(INVALID_REQUEST, "Invalid Request: not a JSON-RPC 2.0 message")
    return message if isinstance(message, Malformed) else None


async def answer(send: Send, malformed: Malformed) -> None:
    """Say what is wrong with a body."""
    text = malformed.to_json().encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": int(HTTPStatus.BAD_REQUEST), "headers": headers})
    await send({"type": "http.response.body", "body": text})
