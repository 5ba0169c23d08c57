"""CORS: what the pages of an allowed origin have to be told by us before their browser lets them use and read our answers.

Pages of any other origin are told nothing, so that they can read nothing; they are turned away besides.
"""

from collections.abc import Sequence
from http import HTTPStatus

from .asgi import Message, Send, send_answer

METHODS = "GET, POST, DELETE"

READABLE = "mcp-session-id, www-authenticate"
"""Headers of our answers that a client in a page needs; a browser shows it the usual ones anyway."""

ASKED_AGAIN_AFTER_S = 600
"""A browser asks before each kind of request; this often it need not, and an origin that is allowed no more is so soon after."""

Headers = Sequence[tuple[str, str]]


def is_preflight(method: str, headers: Headers) -> bool:
    """Whether a browser asks what a page may do, rather than the page doing it."""
    return method == "OPTIONS" and any(name == "access-control-request-method" for name, _ in headers)


async def permit(send: Send, headers: Headers) -> None:
    """Answer such a question of an allowed origin: it may do here whatever a client may that is no page."""
    wanted = next((value for name, value in headers if name == "access-control-request-headers"), "")
    said = {"access-control-allow-methods": METHODS, "access-control-max-age": str(ASKED_AGAIN_AFTER_S)}
    await send_answer(send, HTTPStatus.OK, b"", headers={**said, **({"access-control-allow-headers": wanted} if wanted else {})})


def readable_by(origin: str, send: Send) -> Send:
    """The same way out, whose answers a page of this origin may read. It sends no cookies, and none are looked at."""
    said = {"access-control-allow-origin": origin, "access-control-expose-headers": READABLE, "vary": "origin"}
    lines = [(name.encode(), value.encode("latin-1")) for name, value in said.items()]

    async def tell(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *lines]}
        await send(message)

    return tell
