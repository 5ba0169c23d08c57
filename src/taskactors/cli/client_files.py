"""Clients' own configuration files: what they say of us, our part put into their text, and that text put on disk."""

from __future__ import annotations

import os
import tempfile
import tomllib
from typing import Any

from attrs import frozen

from ..actors.workspace.connections import HOOK_EVENTS, SERVER_NAME, McpClient, configuration, hook
from .json_editing import NotEditable, Path, read, with_first_item, with_value

BACKUP = ".before-taskactors"
NEW_FILE_MODE = 0o644
OUR_HOOK = "inbox --hook"


@frozen
class Change:
    """A file, its text now (None when there is none), and its text with our part in it."""

    path: str
    before: str | None
    after: str

    @property
    def is_needed(self) -> bool:
        return self.before != self.after


def path_of(file: str, folder: str) -> str:
    """Where a client keeps a file, for the project in this folder. Codex may have been told another place than `~/.codex`."""
    if not file.startswith("~/"):
        return os.path.join(folder, file)
    codex = os.environ.get("CODEX_HOME")
    return os.path.join(codex, file.removeprefix("~/.codex/")) if codex and file.startswith("~/.codex/") else os.path.expanduser(file)


def text_at(path: str) -> str | None:
    """The text of a file, None when there is none. Raises OSError and, for what is no text, NotEditable."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            return file.read()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise NotEditable("it is no text in UTF-8", 1) from None


def server_in(client: McpClient, text: str) -> dict[str, Any] | None:
    """The entry about us, or None. Raises NotEditable."""
    value = _toml(text) if client.is_toml else read(text, comments=client.comments).value
    servers = value.get(client.servers) if isinstance(value, dict) else None
    entry = servers.get(SERVER_NAME) if isinstance(servers, dict) else None
    return entry if isinstance(entry, dict) else None


def with_server(client: McpClient, text: str, entry: dict[str, Any]) -> str:
    """The text with this entry about us, and all else as it was. Raises NotEditable."""
    if client.is_toml:
        return _with_table(client, text, entry)
    text = with_value(text, (client.servers, SERVER_NAME), entry, comments=client.comments)
    for asked in configuration(client, entry).get("inputs", ()):
        known = read(text, comments=client.comments).value.get("inputs", ())
        if not any(isinstance(each, dict) and each.get("id") == asked["id"] for each in known):
            text = with_first_item(text, ("inputs",), asked, comments=client.comments)
    return text


def with_hooks(text: str, command: str) -> str:
    """The text of a file of hooks with ours in it, once for each event, and all else as it was. Raises NotEditable."""
    for event in HOOK_EVENTS:
        ours = _our_hook(read(text).value, event)
        if ours is None:
            text = with_first_item(text, ("hooks", event), {"hooks": [hook(command)]})
        else:
            text = with_value(text, ours, hook(command))
    return text


def put(change: Change) -> str | None:
    """Write the new text, whole or not at all; where the text before is kept, if there was one. Raises OSError."""
    # A person's own file is often a link into a folder that they keep elsewhere, and stays one.
    target = os.path.realpath(change.path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    mode = NEW_FILE_MODE
    if change.before is not None:
        mode = os.stat(target).st_mode & 0o777
        _replace(target + BACKUP, change.before, mode)
    _replace(target, change.after, mode)
    return None if change.before is None else target + BACKUP


def _our_hook(settings: Any, event: str) -> Path | None:
    """Where our hook is already, among a person's own."""
    hooks = settings.get("hooks") if isinstance(settings, dict) else None
    groups = hooks.get(event) if isinstance(hooks, dict) else None
    for number, group in enumerate(groups if isinstance(groups, list) else ()):
        inside = group.get("hooks") if isinstance(group, dict) else None
        for place, each in enumerate(inside if isinstance(inside, list) else ()):
            if isinstance(each, dict) and SERVER_NAME in str(each.get("command")) and OUR_HOOK in str(each.get("command")):
                return ("hooks", event, number, "hooks", place)
    return None


def _toml(text: str) -> dict[str, Any]:
    import tomlkit
    from tomlkit.exceptions import ParseError

    try:
        tomlkit.parse(text)
        return tomllib.loads(text)
    except ParseError as wrong:
        raise NotEditable("it makes no sense", wrong.line) from None
    except tomllib.TOMLDecodeError as wrong:
        raise NotEditable(f"it makes no sense ({wrong})", 1) from None


def _with_table(client: McpClient, text: str, entry: dict[str, Any]) -> str:
    import tomlkit
    from tomlkit.items import AbstractTable

    wanted = _toml(text)
    if server_in(client, text) == entry:
        return text
    document = tomlkit.parse(text)
    servers = document.setdefault(client.servers, tomlkit.table(is_super_table=True))
    if not isinstance(servers, AbstractTable):
        raise NotEditable(f"{client.servers} is no table", 1)
    servers[SERVER_NAME] = entry
    after = tomlkit.dumps(document)
    wanted.setdefault(client.servers, {})[SERVER_NAME] = entry
    if tomllib.loads(after) != wanted:
        raise NotEditable(f"{client.servers} is written in a way that cannot be added to", 1)
    return after


def _replace(path: str, text: str, mode: int) -> None:
    file, new = tempfile.mkstemp(dir=os.path.dirname(path), prefix=".taskactors-")
    try:
        with open(file, "w", encoding="utf-8", newline="") as out:
            out.write(text)
            out.flush()
            os.fchmod(out.fileno(), mode)
            os.fsync(out.fileno())
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise
