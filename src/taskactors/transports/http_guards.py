"""What hypercorn leaves open is closed here: how many connections there are, how slow one may be, and that its end is its own.

It reaches into that library's worker; the tests beside it fail when a new version moves what is used.
"""

import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import h11
import hypercorn.trio.run
import hypercorn.trio.tcp_server
import trio
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol import ProtocolWrapper
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.tcp_server import MAX_RECV, TCPServer

from ..actors.faults import whence
from .guarded_stream import address_of, reset, socket_below, tls_fault
from .refusal_log import Reason, RefusalLog
from .refusing import REFUSING_LIMIT, refuse

CONNECTIONS_LIMIT = 2_000
"""Sockets open at once, as many as at the other door; beyond it newcomers are turned away and nobody who is in suffers."""

HEADERS_BYTES = 16 << 10
HEADERS_WITHIN_S = 5.0
"""A client that has begun a request, or just connected, and has not sent its headers by then only occupies a place."""

KEEP_ALIVE_S = 75.0
"""Longer than usual clients and proxies keep a connection, so that it is they who close it and no request meets a closing one."""

SENT_WITHIN_S = 5.0
"""A client that does not take what it is sent for this long is dead, or may as well be."""

CLOSED_WITHIN_S = 1.0

GRACEFUL_S = 1.5


class Settings(Config):
    """The library's settings for one door, how many are at it, and where those are told of who were turned away."""

    connections = 0
    refusing = 0

    def __init__(self, refusals: RefusalLog) -> None:
        super().__init__()
        self.refusals = refusals
        self.accesslog = self.errorlog = None
        self.h11_max_incomplete_size = HEADERS_BYTES
        self.keep_alive_timeout = KEEP_ALIVE_S
        self.graceful_timeout = GRACEFUL_S
        self.include_server_header = False
        self.alpn_protocols = ["http/1.1"]


class _Timed:
    """A client's stream on which nobody waits for longer than for one who is there. All else is as it was."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def send_all(self, data: bytes) -> None:
        with trio.move_on_after(SENT_WITHIN_S) as late:
            await self._stream.send_all(data)
        if late.cancelled_caught:
            reset(socket_below(self._stream))
            await trio.aclose_forcefully(self._stream)
            raise trio.BrokenResourceError("the client does not read")

    async def aclose(self) -> None:
        # TLS says goodbye, and waits until the other side takes it.
        with trio.move_on_after(CLOSED_WITHIN_S):
            await self._stream.aclose()


class _OverTls(_Timed):
    """One that has to shake hands first. Who does not is told of; the library merely lets them go."""

    def __init__(self, stream: Any, note: Callable[..., None]) -> None:
        super().__init__(stream)
        self._note = note

    async def do_handshake(self) -> None:
        try:
            with trio.fail_after(HEADERS_WITHIN_S):
                await self._stream.do_handshake()
        except trio.TooSlowError:
            self._note(Reason.SLOW)
            raise
        except trio.BrokenResourceError as broken:
            if (fault := tls_fault(broken)) is not None:
                self._note(Reason.TLS, error=fault)
            raise


class GuardedServer(TCPServer):
    """One connection, whose end reaches no other: unguarded, whoever sends a call behind the upgrade to a WebSocket ends them all."""

    config: Settings
    _head_until = math.inf
    """By when the headers have to be there that are on their way; endless while none are."""

    _head_begun = False
    _in_request = False
    _ended = False
    _address = ""

    async def run(self) -> None:
        settings = self.config
        # Of a connection that has ended nobody can say any more where it came from.
        self._address = address_of(self.stream)
        if settings.connections >= CONNECTIONS_LIMIT:
            self._note(Reason.CROWDED)
            await self._turn_away()
            return
        settings.connections += 1
        self.stream = _OverTls(self.stream, self._note) if _is_tls(self.stream) else _Timed(self.stream)  # type: ignore[assignment]
        self._head_until = trio.current_time() + HEADERS_WITHIN_S
        try:
            await super().run()
        except Exception as error:  # one connection's end, whatever it is, must not reach the others
            self._note(Reason.BROKEN, error=whence(error))
        finally:
            settings.connections -= 1

    def _note(self, reason: Reason, **facts: str) -> None:
        self.config.refusals.note(reason, self._address, **facts)

    async def _turn_away(self) -> None:
        # Whoever comes over TLS has yet to shake hands, and there is no time for that.
        if self.config.refusing < REFUSING_LIMIT and not _is_tls(self.stream):
            self.config.refusing += 1
            try:
                await refuse(self.stream, HTTPStatus.SERVICE_UNAVAILABLE, "too many connections")
            finally:
                self.config.refusing -= 1
        await trio.aclose_forcefully(self.stream)

    async def protocol_send(self, event: Event) -> None:
        if isinstance(event, Updated):
            # The headers have come, or the answer has gone out; that nobody stays for ever after that the library sees to.
            self._in_request, self._head_begun, self._head_until = not event.idle, False, math.inf
            if self._ended:
                # The library would wait for as long as a connection may idle, and keep the socket of one that is gone.
                return
        await super().protocol_send(event)

    async def _read_data(self) -> None:
        try:
            await self._read_until_ended()
        except trio.Cancelled:
            # The server stops. What is being sent the library shields from that; but who does not read holds up nobody's end.
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(self.stream)
            raise

    async def _read_until_ended(self) -> None:
        while True:
            try:
                with trio.fail_at(self._head_until):
                    data = bytes(await self.stream.receive_some(MAX_RECV))
            except trio.TooSlowError:
                # Who has begun nothing is most often a browser, which connects ahead of what it may want.
                if self._head_begun:
                    self._note(Reason.SLOW)
                    await refuse(self.stream, HTTPStatus.REQUEST_TIMEOUT, f"the headers did not come within {HEADERS_WITHIN_S:g} s")
                break
            except (trio.ClosedResourceError, trio.BrokenResourceError):
                break
            if not self._in_request and not self._head_begun:
                self._head_begun, self._head_until = True, min(self._head_until, trio.current_time() + HEADERS_WITHIN_S)
            await self.protocol.handle(RawData(data))
            if not data:
                break
        await self.protocol.handle(Closed())
        self._ended = True
        await self.idle_task.stop()


def _is_tls(stream: Any) -> bool:
    return hasattr(stream, "do_handshake")


class _OneVersion(ProtocolWrapper):
    """HTTP/1.1 and nothing else: the next version packs many requests and compressed headers into one connection, and has
    other ways for a client to be slow; nobody who speaks MCP needs it. Whoever asks for it is answered in this one.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.protocol = _Http11(*given[:-1])

    async def handle(self, event: Event) -> None:
        await self.protocol.handle(event)


class _Http11(H11Protocol):
    config: Settings

    async def _check_protocol(self, event: h11.Request) -> None:
        """No other version is changed to."""

    async def _create_stream(self, request: h11.Request) -> None:
        if (status := _turned_away(request)) is not None:
            await self._send_error_response(status)
            await self.send(Closed())
            return
        await super()._create_stream(request)

    async def _send_error_response(self, status_code: int) -> None:
        if self.stream is None:
            # What is wrong with a request that was let in already is no turning away.
            self.config.refusals.note(Reason.MALFORMED, self.client[0] if self.client else "")
        body = f"{HTTPStatus(status_code).phrase}\n".encode()
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(body)), (b"connection", b"close")]
        await self._send_h11_event(h11.Response(status_code=status_code, headers=headers))
        await self._send_h11_event(h11.Data(data=body))
        await self._send_h11_event(h11.EndOfMessage())


def _turned_away(request: h11.Request) -> HTTPStatus | None:
    """The status for a request that the library should never see."""
    # The parser has a limit for headers of which a part has come, and none for those that come at once.
    if _head_bytes(request) > HEADERS_BYTES:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    # A WebSocket has its own door. Here it would be half begun, and that nobody wants it called an error of the server.
    if request.method == b"GET" and any(name == b"upgrade" and value.lower() == b"websocket" for name, value in request.headers):
        return HTTPStatus.BAD_REQUEST
    return None


def _head_bytes(request: h11.Request) -> int:
    """About what a request's first line and headers took, as they are usually written."""
    line = len(request.method) + len(request.target) + len("  HTTP/1.1\r\n\r\n")
    return line + sum(len(name) + len(value) + len(": \r\n") for name, value in request.headers)


def guard() -> None:
    """Let the library serve each connection so, from now on."""
    hypercorn.trio.run.TCPServer = GuardedServer  # type: ignore[attr-defined]
    hypercorn.trio.tcp_server.ProtocolWrapper = _OneVersion  # type: ignore[attr-defined, assignment]
