"""HTTP byte by byte: requests that a proper client would never send, and how each is answered."""

import re
from collections.abc import Sequence
from contextlib import suppress

import trio

from tests.support.raw_websocket import rest_of

Lines = Sequence[tuple[str, str]]

CALL = b'{"jsonrpc":"2.0","id":1,"method":"claim_task","params":{"code":"T-1"}}'
"""For /rpc."""

MCP_CALL = (
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"claim_task","arguments":{"id":"T-1"},"_meta":{'
    b'"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}'
)
"""For /mcp, with the headers below."""

MCP_HEADERS = [
    ("Accept", "application/json, text/event-stream"),
    ("Mcp-Protocol-Version", "2026-07-28"),
    ("Mcp-Method", "tools/call"),
    ("Mcp-Name", "claim_task"),
]

ANSWERED_WITHIN_S = 10.0


def request(method: str, target: str, headers: Lines, body: bytes = b"", version: str = "1.1") -> bytes:
    """One request with exactly these headers, and the length of its body if it has one."""
    length = [("Content-Length", str(len(body)))] if body else []
    lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in (*headers, *length)), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


async def exchanged(port: int, sent: bytes) -> bytes:
    """Everything that is answered on a connection of its own, until the server closes it."""
    with trio.fail_after(ANSWERED_WITHIN_S):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            # It may be turned away before it has said everything.
            with suppress(trio.BrokenResourceError):
                await stream.send_all(sent)
            return await rest_of(stream)


async def one_answer(stream: trio.abc.ReceiveStream) -> bytes:
    """The next answer on a connection that stays open; whatever there is of it when it ends."""
    received = b""
    with trio.fail_after(ANSWERED_WITHIN_S):
        while chunk := await stream.receive_some(65536):
            received += bytes(chunk)
            head, separator, body = received.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head.lower())
            if separator and length is not None and len(body) >= int(length[1]):
                break
    return received


def status_of(answer: bytes) -> int:
    """Of the first answer; 0 when there was none."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
