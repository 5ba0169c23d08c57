"""Openings: a client's opening request, from its bytes to what it asks for, and every answer to it."""

from __future__ import annotations

from http import HTTPStatus

from attrs import frozen
from wsproto.connection import ConnectionType
from wsproto.events import AcceptConnection, RejectConnection, RejectData, Request
from wsproto.handshake import H11Handshake
from wsproto.utilities import RemoteProtocolError

from .admission import SUBPROTOCOL, Handshake, Refused
from .guarded_stream import HANDSHAKE_BYTES, Guarded
from .refusing import refusal

END_OF_HEAD = b"\r\n\r\n"


@frozen
class Unreadable:
    """What came is no opening request; the answer says so."""

    answer: bytes


class Opening:
    """One client's opening."""

    def __init__(self, stream: Guarded) -> None:
        self._stream = stream
        self._handshake = H11Handshake(ConnectionType.SERVER)
        self._received = b""
        self._offered: list[str] = []

    async def read(self) -> Handshake | Unreadable:
        """What the client asks for. Raises one of GONE when it is."""
        while True:
            received = await self._stream.receive()
            if not received:
                return Unreadable(refusal(HTTPStatus.BAD_REQUEST, "the request cannot be read"))
            self._received += received
            if len(self._received) > HANDSHAKE_BYTES and END_OF_HEAD not in self._received[:HANDSHAKE_BYTES]:
                return Unreadable(refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request's headers are too long"))
            try:
                self._handshake.receive_data(received)
            except RemoteProtocolError as error:
                return Unreadable(self._handshake.send(error.event_hint or RejectConnection()))
            except UnicodeError:  # a header that is no text
                return Unreadable(refusal(HTTPStatus.BAD_REQUEST, "the request cannot be read"))
            for event in self._handshake.events():
                if isinstance(event, Request):
                    return self._asked(event)

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
