"""MCP as far as a load needs it: the greeting, and a tool's call with its answer."""

import msgspec
from attrs import define

from .asking import Call, Content, Raw, Refused, Turn

PROTOCOL = "2025-11-25"
HELLO = (
    f'{{"jsonrpc":"2.0","id":0,"method":"initialize","params":{{"protocolVersion":"{PROTOCOL}",'
    '"capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}'
).encode()
HELLO_HEARD = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'


class _Result(msgspec.Struct):
    structured: Content = msgspec.field(name="structuredContent", default_factory=Content)
    is_error: bool = msgspec.field(name="isError", default=False)


class _Message(msgspec.Struct):
    id: int | None = None
    result: _Result | None = None
    error: msgspec.Raw | None = None
    method: str = ""


_read = msgspec.json.Decoder(_Message).decode
_write = msgspec.json.Encoder().encode


def greeting() -> Turn:
    """What opens a session; HELLO_HEARD follows its answer."""
    yield Raw(HELLO)
    return ""


@define
class Mcp:
    """One connection's calls, numbered; only the answer to the last one is an answer."""

    _number: int = 0

    def ask(self, request: Call | Raw) -> bytes:
        if isinstance(request, Raw):
            return request.body
        self._number += 1
        return b'{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"%b","arguments":%b}}' % (
            self._number,
            request.tool.encode(),
            _write(request.arguments),
        )

    def heard(self, body: bytes) -> Content | None:
        message = _read(body)
        if message.id != self._number:
            return None
        if message.error is not None or (message.result is not None and message.result.is_error):
            raise Refused(body.decode()[:500])
        # An echo has no result, and is answer enough.
        return message.result.structured if message.result else Content()
