"""Hands: what an agent does on the server by means of a client, whichever that is."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from attrs import frozen


@frozen
class Answer:
    """What a client made of a tool's answer."""

    is_error: bool
    text: str
    structured: dict[str, Any] | None


class ProtocolError(Exception):
    """The server did not take the call for one of a tool."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Hands(Protocol):
    """A connected client, or one that connects for every call."""

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Answer:
        """The answer of a tool. Raises ProtocolError."""


class Ears(Protocol):
    """A client that the server can tell something at any time."""

    async def watch(self, uri: str) -> None:
        """Be told of every change of a resource from now on, in the way of the client's era."""

    async def changed(self) -> str:
        """The next resource that the client was told has changed."""


@frozen
class Met:
    """What a client learned about the server when it connected, and what it says of itself."""

    client: str
    protocol: str
    server: str
    tools: frozenset[str]


@frozen
class Agent:
    """An agent at work."""

    name: str
    hands: Hands

    async def ok(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """What a tool answers with. It has to be the same for programs and for models."""
        answer = await self.hands.call(tool, arguments)
        assert not answer.is_error, answer.text
        assert answer.structured is not None
        assert json.loads(answer.text) == answer.structured
        return answer.structured

    async def refused(self, tool: str, **arguments: Any) -> str:
        """The words in which a tool says no."""
        answer = await self.hands.call(tool, arguments)
        assert answer.is_error, answer.structured
        return answer.text

    async def fresh_mail(self, wait_s: int = 0) -> list[str]:
        """What the inbox holds, or first gets; it is confirmed, and then no longer there."""
        inbox = await self.ok("read_inbox", agent=self.name, wait_s=wait_s)
        assert (await self.ok("read_inbox", agent=self.name, cursor=inbox["next_cursor"]))["items"] == []
        return [message["content"] for message in inbox["items"]]
