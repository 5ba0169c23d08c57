"""The opening handshake: what a client asks for, read within bounds; the protocol that follows when it is accepted, or why it is not."""

from collections.abc import Mapping

from attrs import frozen
from wsproto import ConnectionType, WSConnection
from wsproto.connection import Connection as Protocol
from wsproto.events import AcceptConnection, RejectConnection, RejectData, Request
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from .admission import Handshake
from .guarded_stream import RECEIVE_BYTES, GuardedStream


class NoHandshake(Exception):
    """What came is no handshake of a WebSocket. `answer` is what to say to it in the protocol's own words, empty if it has none."""

    def __init__(self, answer: bytes = b"") -> None:
        super().__init__("no handshake of a WebSocket")
        self.answer = answer


@frozen
class Opening:
    """A handshake that can be answered, once."""

    asked: Handshake
    _both: WSConnection

    def accept(self, subprotocol: str | None) -> tuple[bytes, Protocol]:
        """What to say to a client that is let in, and what is spoken from then on, with what it has sent already."""
        said = self._both.send(AcceptConnection(subprotocol=subprotocol))
        protocol = self._both.connection
        assert protocol is not None
        early, _ = self._both.handshake._h11_connection.trailing_data
        if early:
            protocol.receive_data(early)
        return said, protocol

    def reject(self, status: int, why: str, headers: Mapping[str, str]) -> bytes:
        """What to say to one that is not."""
        body = f"{why}\n".encode()
        lines = {"content-type": "text/plain; charset=utf-8", "connection": "close", "content-length": str(len(body)), **headers}
        named = [(name.encode(), value.encode()) for name, value in lines.items()]
        return self._both.send(RejectConnection(status_code=status, headers=named, has_body=True)) + self._both.send(RejectData(data=body))


async def read_opening(stream: GuardedStream) -> Opening:
    """The client's opening request. Raises NoHandshake, and BrokenResourceError when it is too long or the client has gone."""
    both = WSConnection(ConnectionType.SERVER)
    while data := await stream.receive_some(RECEIVE_BYTES):
        try:
            both.receive_data(data)
            for event in both.events():
                if isinstance(event, Request):
                    return Opening(_asked(event, stream.address), both)
        except RemoteProtocolError as wrong:
            raise NoHandshake(_in_its_words(both, wrong)) from None
        except UnicodeError:
            break  # a header that is no text
    raise NoHandshake


def _in_its_words(both: WSConnection, wrong: RemoteProtocolError) -> bytes:
    try:
        return both.send(wrong.event_hint) if wrong.event_hint is not None else b""
    except LocalProtocolError:
        return b""


def _asked(request: Request, address: str) -> Handshake:
    # The protocol takes the Host header out of the list of headers; it is kept in the event alone.
    return Handshake(
        host=str(request.host),
        target=request.target,
        headers=[(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.extra_headers],
        subprotocols=tuple(request.subprotocols),
        address=address,
    )
