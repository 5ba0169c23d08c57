"""Calling a server over its control socket: a call is one line out and one line in."""

from __future__ import annotations

# The module socket takes longer to load than all else that a log line needs, for enumerations that nobody uses here.
import _socket
import os

from .errors import LostServer, NoServer, Refused, Usage
from .place import Place, is_address, meant, new_data_folder

# What type checkers read and nobody imports: typing alone would cost as much time as all else here.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from .address import Address
    from .remote import RemoteServer

ANSWER_WITHIN_S = 35.0
"""A little longer than the server gives itself."""

LONGEST_PATH_BYTES = 100
"""A Unix socket's path has room for a little more than this; a longer one is reached through its folder's descriptor."""

READ_BYTES = 1 << 16
SURROUNDINGS = "_"
HOW_TO_START = "start one with `taskactors serve`, or name one with --url"


class Server:
    """An open connection to one server. Whoever made it closes it."""

    def __init__(self, place: Place, within_s: float = ANSWER_WITHIN_S) -> None:
        self.place = place
        self._calls = 0
        self._received = b""
        self._socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        self._socket.settimeout(within_s)
        try:
            _connect(self._socket, place.socket)
        except PermissionError:
            self.close()
            raise NoServer(f"{place.socket} belongs to somebody else", "run this as whoever runs the server") from None
        except OSError:
            self.close()
            raise NoServer(f"no server is running on {place.data}", HOW_TO_START) from None

    def call(self, method: str, arguments: dict[str, Any], project: str, agent: str | None) -> dict[str, Any]:
        """The answer of a tool. Raises Refused with the server's cause and remedy, LostServer when it goes away."""
        import json

        around = {"project": project, **({"agent": agent} if agent else {})}
        given = {name: value for name, value in arguments.items() if value is not None}
        return self._result(self._exchange(method, json.dumps({**given, SURROUNDINGS: around}).encode()))

    def tell(self, method: str, params: bytes) -> None:
        """The same for whoever needs no answer, with the params as JSON; raises as `call` does."""
        reply = self._exchange(method, params)
        if not reply.startswith(b'{"jsonrpc":"2.0","id":%d,"result":' % self._calls):
            self._result(reply)

    def first_of(self, calls: list[tuple[str, dict[str, Any]]], project: str, agent: str | None) -> tuple[str, dict[str, Any]]:
        """Ask all of these at once; the method and the answer of whichever is answered first. Nothing may be called afterwards."""
        import json

        around = {"project": project, **({"agent": agent} if agent else {})}
        lines = [
            b'{"jsonrpc":"2.0","id":%d,"method":"%s","params":%s}\n'
            % (number, method.encode(), json.dumps({**arguments, SURROUNDINGS: around}).encode())
            for number, (method, arguments) in enumerate(calls)
        ]
        reply = self._answered(b"".join(lines))
        number = json.loads(reply).get("id")
        return calls[number if isinstance(number, int) else 0][0], self._result(reply)

    def _exchange(self, method: str, params: bytes) -> bytes:
        self._calls += 1
        return self._answered(b'{"jsonrpc":"2.0","id":%d,"method":"%s","params":%s}\n' % (self._calls, method.encode(), params))

    def _answered(self, lines: bytes) -> bytes:
        try:
            self._socket.sendall(lines)
            return self._line()
        except TimeoutError:
            raise LostServer("the server did not answer in time", "look whether the change was made before you repeat it") from None
        except OSError as error:
            why = f"the server went away in the middle of the call ({error.strerror or error})"
            raise LostServer(why, "look whether it still runs, then whether the change was made") from None

    def _result(self, line: bytes) -> dict[str, Any]:
        import json

        try:
            reply = json.loads(line)
        except ValueError:
            reply = None
        if isinstance(reply, dict) and isinstance(reply.get("result"), dict):
            answer: dict[str, Any] = reply["result"]
            return answer
        error = reply.get("error") if isinstance(reply, dict) else None
        if not isinstance(error, dict):
            raise LostServer(f"{self.place.socket} does not answer as a server of taskactors does", HOW_TO_START)
        data: dict[str, Any] = error["data"] if isinstance(error.get("data"), dict) else {}
        raise Refused(data.get("cause") or str(error.get("message")), data.get("remedy") or "", data.get("code") or "", data.get("facts"))

    def _line(self) -> bytes:
        parts = [self._received]
        while b"\n" not in parts[-1]:
            chunk = self._socket.recv(READ_BYTES)
            if not chunk:
                raise ConnectionResetError("it closed the connection")
            parts.append(chunk)
        line, _, self._received = b"".join(parts).partition(b"\n")
        return line

    def close(self) -> None:
        self._socket.close()


class Session:
    """A server, and for which project and as whom a command speaks to it. To be used in a with statement."""

    def __init__(self, arguments: argparse.Namespace, within_s: float = ANSWER_WITHIN_S) -> None:
        where = reached(arguments.url)
        self.notes = notes_of(where)
        self.project = arguments.project or where.project or project_here()
        self.agent = arguments.agent or where.agent or agent_here()
        self._server = connected(where, within_s)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def call(self, method: str, /, **arguments: Any) -> dict[str, Any]:
        """The answer of a tool, asked as the agent of this session or the person here. None means not given."""
        return self._server.call(method, arguments, self.project, self.agent)

    def first_of(self, *calls: tuple[str, dict[str, Any]]) -> tuple[str, dict[str, Any]]:
        """Ask several things at once; the method and the answer of whichever comes first. Nothing may be called afterwards."""
        return self._server.first_of(list(calls), self.project, self.agent)

    def call_as_person(self, method: str, /, **arguments: Any) -> dict[str, Any]:
        """The same, asked by the person here, whoever else this shell speaks as."""
        return self._server.call(method, arguments, self.project, None)


def reached(url: str | None) -> Place | Address:
    """The server that is meant, of this machine or elsewhere. Raises NoServer when there is none."""
    named = url_here(url)
    try:
        place = meant(named, os.getcwd())
    except NoServer:
        if not is_address(named):
            raise
        from .address import read

        return read(str(named))
    if place is None:
        raise NoServer("no server was ever started for this folder", HOW_TO_START)
    return place


def connected(where: Place | Address, within_s: float) -> Server | RemoteServer:
    """An open connection to it. Raises NoServer."""
    if isinstance(where, Place):
        return Server(where, within_s)
    from .remote import RemoteServer

    return RemoteServer(where, within_s)


def notes_of(where: Place | Address) -> str:
    """The folder for what commands here keep for a server, each server's its own."""
    if isinstance(where, Place):
        return where.data
    return os.path.join(new_data_folder(os.getcwd()), f"of-{where.host.replace(':', '.')}-{where.port}")


def stopped_place(url: str | None) -> Place | None:
    """The place of a server of this machine that may be stopped; None for one elsewhere, whose data is not here."""
    try:
        return meant(url_here(url), os.getcwd())
    except NoServer:
        return None


def url_here(given: str | None) -> str | None:
    """The server that is named, by an argument or by the environment. Raises Usage for an argument with a token in it."""
    if given and _has_secret(given):
        # Every user of this machine can read the arguments of every process.
        raise Usage("the address has a token in it, which others on this machine could read", "put the token into TASKACTORS_TOKEN")
    return given or os.environ.get("TASKACTORS_URL") or None


def _has_secret(url: str) -> bool:
    scheme, there, rest = url.partition("://")
    return bool(there) and scheme.startswith(("ws", "http")) and ":" in rest.partition("/")[0].rpartition("@")[0]


def project_here() -> str:
    return os.environ.get("TASKACTORS_PROJECT") or "default"


def agent_here() -> str | None:
    return os.environ.get("TASKACTORS_AGENT") or None


def _connect(to: _socket.socket, path: str) -> None:
    if len(os.fsencode(path)) <= LONGEST_PATH_BYTES:
        to.connect(path)
        return
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    try:
        to.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
    finally:
        os.close(folder)
