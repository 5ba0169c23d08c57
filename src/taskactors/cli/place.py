"""Which server is meant: its data folder and control socket, found from where the command runs or named by the caller."""

from __future__ import annotations

import os
from contextlib import suppress

from .errors import NoServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DATA_FOLDER = ".taskactors"
SERVER_FILE = "server.json"
LOCK_FILE = "server.lock"
CONTROL_SOCKET = "control.sock"
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")

ADDRESSES = ("ws://", "wss://", "http://", "https://")

NEEDS_SOCKET = (
    "this uses the control socket, which is on the server's own machine: "
    "run it there, in the project's folder or with --url set to the server's data folder"
)


class Place:
    """A server's data folder and control socket; the project and agent are those that its address named, if it did."""

    def __init__(self, data: str, socket: str, project: str | None = None, agent: str | None = None) -> None:
        self.data = data
        self.socket = socket
        self.project = project
        self.agent = agent


def meant(url: str | None, start: str) -> Place | None:
    """The server of this machine that `url` names, or else that of this folder; None when there was never one.

    A place is no promise that the server runs. Raises NoServer for the address of a server elsewhere, and for the folder of
    another user that nobody named.
    """
    if url is None:
        found = next((folder for folder in data_folders(start) if _was_served(folder)), None)
        return None if found is None else at(_of_ours(found))
    if is_address(url):
        return _by_address(url, start)
    path = os.path.abspath(os.path.expanduser(url))
    return at(path) if os.path.isdir(path) else Place(os.path.dirname(path), path)


def is_address(url: str | None) -> bool:
    """Whether it names a server by its address, rather than by a folder or socket."""
    return url is not None and url.startswith(ADDRESSES)


def data_folders(start: str) -> Iterator[str]:
    """Where a server's data may be: in $TASKACTORS_DATA if set, else in this folder or a parent, or the main worktree of a linked one."""
    if named := os.environ.get("TASKACTORS_DATA"):
        yield os.path.abspath(os.path.expanduser(named))
        return
    for folder in _upwards(start):
        yield os.path.join(folder, DATA_FOLDER)
        if (main := _main_worktree(os.path.join(folder, ".git"))) is not None:
            yield os.path.join(main, DATA_FOLDER)


def new_data_folder(start: str) -> str:
    """Where a server for this folder would keep its data if there was never one: the top of the repository, else here."""
    if not os.environ.get("TASKACTORS_DATA") and (top := _repository(start)) is not None:
        return os.path.join(_main_worktree(os.path.join(top, ".git")) or top, DATA_FOLDER)
    return next(iter(data_folders(start)))


def make_data_folder(folder: str) -> None:
    """Make it, and what is missing of the way to it, for its owner alone: who may write on the way could put another in its place."""
    parent = os.path.dirname(folder)
    if parent != folder and not os.path.isdir(parent):
        make_data_folder(parent)
    # Somebody else may be making the same one.
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)


def make_notes_folder(folder: str) -> None:
    """The same for what commands keep for a server before it has one, or for one elsewhere; git leaves it alone."""
    if os.path.isdir(folder):
        return
    make_data_folder(folder)
    with open(os.path.join(folder, ".gitignore"), "w", encoding="ascii", opener=_for_its_owner) as file:
        file.write("*\n")


def _for_its_owner(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def project_folder(start: str) -> str:
    """The top of the repository that a folder is in, else the folder itself: where a client looks for a project's own files."""
    return _repository(start) or os.path.abspath(start)


def in_repository(start: str) -> bool:
    """Whether a folder is part of a project at all, rather than anywhere."""
    return _repository(start) is not None


def at(folder: str) -> Place:
    """The place whose data is in that folder. Its socket is in there, unless the server says that it is elsewhere."""
    usual = os.path.join(folder, CONTROL_SOCKET)
    if not os.path.exists(usual):
        said = _server_file(folder).get("control")
        if isinstance(said, str):
            return Place(folder, said)
    return Place(folder, usual)


def _upwards(start: str) -> Iterator[str]:
    folder = os.path.abspath(start)
    while True:
        yield folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return
        folder = parent


def _of_ours(folder: str) -> str:
    """The folder, if it is no trap: where all may write further up, anybody may put a server of theirs for others to speak to."""
    owner = os.stat(folder).st_uid
    if not os.environ.get("TASKACTORS_DATA") and owner not in (os.geteuid(), 0):
        raise NoServer(f"the server of {folder} belongs to another user", f"if that is the one you mean, say so with --url {folder}")
    return folder


def _was_served(folder: str) -> bool:
    """The nearest folder that ever had a server decides, so that a stopped one is never mistaken for one further up."""
    return any(os.path.exists(os.path.join(folder, name)) for name in (SERVER_FILE, LOCK_FILE, CONTROL_SOCKET))


def _repository(start: str) -> str | None:
    return next((folder for folder in _upwards(start) if os.path.exists(os.path.join(folder, ".git"))), None)


def _main_worktree(git: str) -> str | None:
    """In a linked worktree `.git` is a file that names the main one's folder for it."""
    try:
        with open(git, encoding="utf-8") as file:
            first = file.readline(8192)
    except (OSError, UnicodeDecodeError):
        return None
    if not first.startswith("gitdir:"):
        return None
    linked = os.path.realpath(os.path.join(os.path.dirname(git), first[len("gitdir:") :].strip()))
    worktrees = os.path.dirname(linked)
    main_git = os.path.dirname(worktrees)
    # A submodule has such a file too, but its folder is under modules/; it is a project of its own.
    if os.path.basename(worktrees) != "worktrees" or os.path.basename(main_git) != ".git":
        return None
    return os.path.dirname(main_git)


def _by_address(url: str, start: str) -> Place:
    from .address import read

    there = read(url)
    if there.host not in LOOPBACK_NAMES:
        raise NoServer(f"{there.shown} is on another machine", NEEDS_SOCKET)
    for folder in data_folders(start):
        known = _server_file(folder).get("http" if there.is_http else "ws")
        if isinstance(known, str) and is_address(known) and read(known).port == there.port:
            place = at(_of_ours(folder))
            return Place(place.data, place.socket, there.project, there.agent)
    raise NoServer(f"{there.shown} is no server of this folder", NEEDS_SOCKET)


def _server_file(folder: str) -> Mapping[str, object]:
    try:
        with open(os.path.join(folder, SERVER_FILE), "rb") as file:
            content = file.read()
    except OSError:
        return {}
    import json

    try:
        known = json.loads(content)
    except ValueError:
        return {}
    return known if isinstance(known, dict) else {}
