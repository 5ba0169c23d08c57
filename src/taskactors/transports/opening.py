"""Openings: a client's opening request, from its bytes to what it asks for, and every answer to it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from attrs import field, frozen
from wsproto.connection import ConnectionType
from wsproto.events import AcceptConnection, RejectConnection, RejectData, Request
from wsproto.handshake import H11Handshake
from wsproto.utilities import RemoteProtocolError

from .admission import SUBPROTOCOL, Handshake, Refused
from .guarded_stream import GONE, HANDSHAKE_BYTES, Guarded, tls_fault
from .refusal_log import Reason
from .refusing import refusal

END_OF_HEAD = b"\r\n\r\n"

CANNOT_BE_READ = refusal(HTTPStatus.BAD_REQUEST, "the request cannot be read")


@frozen
class Unreadable:
    """What came is no opening request; the answer says so. There is no reason to tell of whoever sent nothing, and was only looking."""

    answer: bytes
    reason: Reason | None = Reason.MALFORMED
    facts: Mapping[str, str] = field(factory=dict)
    """More about the reason, in words that are not the client's."""


class Opening:
    """One client's opening."""

    def __init__(self, stream: Guarded) -> None:
        self._stream = stream
        self._handshake = H11Handshake(ConnectionType.SERVER)
        self._received = b""
        self._offered: list[str] = []

    async def read(self) -> Handshake | Unreadable:
        """What the client asks for."""
        while True:
            try:
                received = await self._stream.receive()
            except GONE as gone:
                return self._ended(tls_fault(gone))
            if not received:
                return self._ended(None)
            self._received += received
            if len(self._received) > HANDSHAKE_BYTES and END_OF_HEAD not in self._received[:HANDSHAKE_BYTES]:
                return Unreadable(refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request's headers are too long"))
            try:
                self._handshake.receive_data(received)
            except RemoteProtocolError as error:
                return Unreadable(self._handshake.send(error.event_hint or RejectConnection()))
            except UnicodeError:  # a header that is no text
                return Unreadable(CANNOT_BE_READ)
            for event in self._handshake.events():
                if isinstance(event, Request):
                    return self._asked(event)

    def _ended(self, fault: str | None) -> Unreadable:
        if fault is not None:
            return Unreadable(CANNOT_BE_READ, Reason.TLS, {"error": fault})
        return Unreadable(CANNOT_BE_READ, Reason.MALFORMED if self._received else None)

    def _asked(self, request: Request) -> Handshake:
        self._offered = request.subprotocols
        return Handshake(
            host=request.host,
            target=request.target,
            headers=[(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.extra_headers],
            subprotocols=tuple(request.subprotocols),
            address=self._stream.address,
        )

    @property
    def is_silent(self) -> bool:
        """Whether the client has sent nothing at all, as whoever only looks whether somebody listens."""
        return not self._received

    @property
    def rest(self) -> bytes:
        """What the client has sent behind its request."""
        return self._received.partition(END_OF_HEAD)[2]

    def accepted(self) -> bytes:
        """The answer to a client that comes in."""
        return self._handshake.send(AcceptConnection(subprotocol=SUBPROTOCOL if SUBPROTOCOL in self._offered else None))

    def refused(self, why: Refused) -> bytes:
        """The answer to one that does not."""
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        headers += [(name.encode(), value.encode()) for name, value in why.headers.items()]
        body = f"{why.why}\n".encode()
        headers.append((b"content-length", str(len(body)).encode()))
        head = self._handshake.send(RejectConnection(status_code=why.status, headers=headers, has_body=True))
        return head + self._handshake.send(RejectData(data=body))
