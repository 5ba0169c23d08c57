"""The doctor's look at clients' configurations: those found here that name us, and whether they lead to this server."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..actors.workspace.connections import MCP_CLIENTS, TOKEN_VARIABLE
from .checks import OK, PROBLEM, WARNING, Check, Note, here
from .client_files import path_of, server_in, text_at
from .json_editing import NotEditable
from .place import LOOPBACK_NAMES
from .server import HOW_TO_START

if TYPE_CHECKING:
    from collections.abc import Iterator


def clients(folder: str, data: str, note: Note) -> Iterator[Check]:
    """For each client of this project, and of the person here, whose file has an entry about us. Never raises for what is in it."""
    for client in MCP_CLIENTS.values():
        name, path = f"{client.name} configuration", path_of(client.file, folder)
        try:
            entry = server_in(client, text_at(path) or "")
        except (NotEditable, OSError) as wrong:
            yield Check(name, WARNING, f"{path} cannot be read: {wrong}", "mend it: the client cannot read it either")
            continue
        if entry is not None:
            level, said = _of_bridge(entry, data, note) if "command" in entry else _of_address(entry.get("url"), str(entry), note)
            remedy = HOW_TO_START if note.facts is None else f"run `taskactors connect {client.name} --write`, or start the client anew"
            yield Check(name, level, f"{path}: {said}", "" if level == OK else remedy)


def _of_bridge(entry: dict[str, Any], data: str, note: Note) -> tuple[str, str]:
    command, words = entry["command"], entry.get("args")
    if not isinstance(command, str) or shutil.which(command) is None:
        return PROBLEM, f"the command {command} is not there"
    if not isinstance(words, list) or "bridge" not in words:
        return WARNING, f"{command} is told {words}, which is no bridge of ours"
    named = words[words.index("--url") + 1 :][:1] if "--url" in words else []
    if named and "://" in str(named[0]):
        return _of_address(named[0], TOKEN_VARIABLE, note)
    if named and os.path.realpath(os.path.expanduser(str(named[0]))) != os.path.realpath(data):
        return WARNING, f"it leads to the server of {named[0]}, not to that of {data}"
    return OK, "it starts the bridge, which finds this server"


def _of_address(url: object, entry: str, note: Note) -> tuple[str, str]:
    if note.facts is None:
        return WARNING, f"it names {url}; no server runs to compare that with"
    if not any(_is_same(url, known) for known in (note.text("ws"), note.text("http"))):
        return WARNING, f"it leads to {url}, where this server is not"
    if f"{TOKEN_VARIABLE}" in entry and not os.environ.get(TOKEN_VARIABLE):
        return WARNING, f"it leads here, with the token in {TOKEN_VARIABLE}, which is not set in this shell"
    return OK, "it leads to this server"


def _is_same(url: object, known: str | None) -> bool:
    if known is None:
        return False
    try:
        theirs, ours = urlsplit(str(url)), urlsplit(here(known))
        at = {theirs.hostname, ours.hostname}
        return (theirs.scheme, theirs.port) == (ours.scheme, ours.port) and (len(at) == 1 or at <= set(LOOPBACK_NAMES))
    except ValueError:
        return False
