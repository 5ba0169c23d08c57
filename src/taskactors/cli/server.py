"""Finding the server of this project, and calling it over its control socket."""

import argparse
import itertools
import json
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .errors import CliError, NoServer, Usage

DATA_FOLDER = ".taskactors"
SERVER_FILE = "server.json"
CONTROL_SOCKET = "control.sock"
ANSWER_WITHIN_S = 35.0
"""A little longer than the server gives itself."""

LONGEST_PATH_BYTES = 100
READ_BYTES = 1 << 16

_ids = itertools.count(1)


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the server is, for which project, and as whom to speak."""
    parser.add_argument("--url", help="the server: its ws:// address, data folder or control socket (default: found from here)")
    parser.add_argument("--project", default=os.environ.get("TASKACTORS_PROJECT", "default"), help="project (default: default)")
    parser.add_argument("--agent", default=os.environ.get("TASKACTORS_AGENT"), help="speak as this agent (default: you, the person here)")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def data_folders(start: Path) -> Iterator[Path]:
    """Every `.taskactors` of a folder and its parents, then of the main worktree when this is a linked one."""
    if named := os.environ.get("TASKACTORS_DATA"):
        yield Path(named)
    for folder in (start, *start.parents):
        yield folder / DATA_FOLDER
        if (main := _main_worktree(folder / ".git")) is not None:
            yield main / DATA_FOLDER


def _main_worktree(git: Path) -> Path | None:
    """In a linked worktree `.git` is a file that names the main one's folder for it."""
    try:
        text = git.read_text() if git.is_file() else ""
    except OSError:
        return None
    if not text.startswith("gitdir:"):
        return None
    linked = (git.parent / text.removeprefix("gitdir:").strip()).resolve()
    return next((parent.parent for parent in linked.parents if parent.name == ".git"), None)


def control_socket(url: str | None) -> Path:
    """The control socket of the server that is meant. Raises NoServer when none runs, Usage for one that is out of reach."""
    wanted = url or os.environ.get("TASKACTORS_URL")
    if wanted is None:
        for folder in data_folders(Path.cwd()):
            if (folder / SERVER_FILE).exists():
                return folder / CONTROL_SOCKET
        raise NoServer("no server is running for this folder", "start one with `taskactors serve`, or name one with --url")
    if wanted.startswith(("ws://", "wss://")):
        return _by_address(wanted)
    path = Path(wanted)
    return path / CONTROL_SOCKET if path.is_dir() else path


def _by_address(url: str) -> Path:
    for folder in data_folders(Path.cwd()):
        try:
            known = json.loads((folder / SERVER_FILE).read_text())
        except (OSError, ValueError):
            continue
        if known.get("ws") == url.split("?")[0].rstrip("/"):
            return Path(known["control"])
    raise Usage(f"{url} is not a server of this folder", "short commands use the control socket: give the server's data folder with --url")


class Server:
    """A connection to the control socket; a call is one line out and one line in."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._around = {"project": arguments.project, **({"agent": arguments.agent} if arguments.agent else {})}
        self._path = control_socket(arguments.url)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(ANSWER_WITHIN_S)
        try:
            _connect(self._socket, self._path)
        except OSError as error:
            raise NoServer(f"no server answers at {self._path} ({error.strerror})", "start one with `taskactors serve`") from None

    def call(self, method: str, /, **arguments: Any) -> dict[str, Any]:
        """The answer of a tool. Raises CliError with the server's cause and remedy."""
        given = {name: value for name, value in arguments.items() if value is not None}
        request = {"jsonrpc": "2.0", "id": next(_ids), "method": method, "params": {**given, "_": self._around}}
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            reply = json.loads(self._line())
        except OSError as error:
            raise NoServer(f"the server did not answer ({error})", "look whether it still runs, then whether the change was made") from None
        if "error" in reply:
            data: Mapping[str, Any] = reply["error"].get("data", {})
            raise CliError(reply["error"]["message"], data.get("remedy", ""))
        answer: dict[str, Any] = reply["result"]
        return answer

    def _line(self) -> bytes:
        received = b""
        while not received.endswith(b"\n"):
            chunk = self._socket.recv(READ_BYTES)
            if not chunk:
                raise ConnectionResetError("it closed the connection")
            received += chunk
        return received


def _connect(to: socket.socket, path: Path) -> None:
    if len(os.fsencode(path)) <= LONGEST_PATH_BYTES:
        to.connect(str(path))
        return
    # A socket's path has little room; through its folder's descriptor every path is short.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        to.connect(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
