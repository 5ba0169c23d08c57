"""ASGI: the little of it that we speak ourselves: read a whole body within bounds, send a whole answer."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any, TypeVar

import trio

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

T = TypeVar("T")

BODY_BYTES = 1 << 20
"""The largest request, as on every other way in."""

BODY_WITHIN_S = 10.0
"""A client that sends its body more slowly than this only occupies a place."""

TEXT, JSON = "text/plain; charset=utf-8", "application/json"


class BadBody(Exception):
    """A body that is not taken."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class ClientGone(Exception):
    """Nobody is there any more."""


async def read_body(receive: Receive) -> bytes:
    """The whole body. Raises BadBody, ClientGone."""
    body = bytearray()
    with trio.move_on_after(BODY_WITHIN_S):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            body += message.get("body", b"")
            if len(body) > BODY_BYTES:
                raise BadBody(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request has {BODY_BYTES} bytes at most")
            if not message.get("more_body", False):
                return bytes(body)
    raise BadBody(HTTPStatus.REQUEST_TIMEOUT, f"the request did not come within {BODY_WITHIN_S:g} s")


def already(body: bytes, receive: Receive) -> Receive:
    """The same way in, of which the whole body has been read; whoever asks gets it in one piece, and then what comes after it."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def hear() -> Message:
        return left.pop() if left else await receive()

    return hear


async def while_there(receive: Receive, work: Callable[[], Awaitable[T]]) -> T:
    """What comes of the work, which is cancelled when the client leaves before it is done. Raises ClientGone."""
    found: list[T] = []
    async with trio.open_nursery() as nursery:

        async def heed() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            nursery.cancel_scope.cancel()

        nursery.start_soon(heed)
        found.append(await work())
        nursery.cancel_scope.cancel()
    if not found:
        raise ClientGone
    return found[0]


async def send_answer(send: Send, status: int, body: bytes, kind: str = JSON, headers: Mapping[str, str] | None = None) -> None:
    """A whole answer."""
    named = {"content-type": kind, "content-length": str(len(body)), **(headers or {})}
    lines = [(name.encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": int(status), "headers": lines})
    await send({"type": "http.response.body", "body": body})


async def send_refusal(send: Send, status: int, why: str, headers: Mapping[str, str] | None = None) -> None:
    """A request that is turned down before anything looked at it: a sentence that says what to do."""
    await send_answer(send, status, f"{why}\n".encode(), TEXT, headers)


def answering(receive: Receive, send: Send) -> tuple[Receive, Send]:
    """The same ways in and out, but that nobody who is being answered to the end hears that the client has left.

    It leaves because it has its answer. Whoever ends at that news would do so in the middle of closing the connection,
    which then stays open for as long as the client likes.
    """
    answered = False

    async def hear() -> Message:
        message = await receive()
        if answered and message["type"] == "http.disconnect":
            await trio.sleep_forever()
        return message

    async def tell(message: Message) -> None:
        nonlocal answered
        answered = message["type"] == "http.response.body" and not message.get("more_body", False)
        await send(message)

    return hear, tell
