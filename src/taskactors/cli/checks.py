"""The checks of the doctor: each step between a client and the server, looked at from outside and within a deadline."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import frozen

from .credentials import LOCAL_FILE, TOKEN_VARIABLE
from .errors import CliError
from .place import LOCK_FILE, SERVER_FILE
from .server import HOW_TO_START, Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .place import Place

OK, WARNING, PROBLEM = "ok", "warning", "problem"

WITHIN_S = 5.0
"""A server that needs longer for so little is of no use to a client either."""

NOTE_BYTES = 1 << 16
"""The largest note of a server that is read; a real one is far smaller."""

CLOCKS_APART_S = 5.0
"""More than a slow answer explains."""

BACKUP_OLD_S = 3 * 86_400
"""Unless it was told otherwise, a server makes one every day or more often."""

DISK_LOW_BYTES, DISK_FULL_BYTES = 1 << 30, 64 << 20
"""What a busy project and its backups fill in weeks, and what they fill in hours."""

LOOK = "look into the server's log, then restart it"
LOCKS = "/proc/locks"
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""What a server listens on when it listens everywhere, and where it can then be reached from here."""


@frozen
class Check:
    """What was looked at, how it is, and what to do about it when it is not well."""

    name: str
    level: str
    said: str
    remedy: str = ""


@frozen
class Note:
    """server.json as a server left it: `facts` is None when there is none, `fault` says why it makes no sense."""

    facts: dict[str, Any] | None
    fault: str = ""

    def text(self, name: str) -> str | None:
        """One of the facts, when it is a text."""
        value = (self.facts or {}).get(name)
        return value if isinstance(value, str) else None

    @property
    def pid(self) -> int | None:
        """The server's process."""
        value = (self.facts or {}).get("pid")
        return value if isinstance(value, int) and value > 0 else None


def read_note(data: str, name: str = SERVER_FILE) -> Note:
    """A note in a data folder; never raises."""
    try:
        with open(os.path.join(data, name), "rb") as file:
            known = json.loads(file.read(NOTE_BYTES))
    except FileNotFoundError:
        return Note(None)
    except OSError as error:
        return Note(None, f"it cannot be read ({error.strerror})")
    except (ValueError, RecursionError):
        return Note(None, "it is damaged")
    return Note(known) if isinstance(known, dict) else Note(None, "it is damaged")


def data_folder(data: str) -> Check:
    """That it is there, ours alone, and on a disk of this machine."""
    from ..storage.errors import UnsupportedFilesystem
    from ..storage.filesystems import require_local

    name = "data folder"
    try:
        found = os.stat(data)
        require_local(Path(data))
    except UnsupportedFilesystem as unsafe:
        return Check(name, PROBLEM, str(unsafe), "put it on a disk of this machine, with --data or $TASKACTORS_DATA")
    except OSError as error:
        return Check(name, PROBLEM, f"{data}: {error.strerror}", HOW_TO_START)
    mode = stat.S_IMODE(found.st_mode)
    said = f"{data}, mode {mode:04o}"
    if not stat.S_ISDIR(found.st_mode):
        return Check(name, PROBLEM, f"{data} is no folder", HOW_TO_START)
    if found.st_uid != os.geteuid():
        return Check(name, PROBLEM, f"{said}, belongs to user {found.st_uid}", "run this as whoever runs the server")
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        return Check(name, PROBLEM, f"{said}, cannot be written", f"chmod 700 {data}")
    if mode & 0o077:
        return Check(name, WARNING, f"{said}, others on this machine may look into it", f"chmod 700 {data}")
    return Check(name, OK, said)


def lock(data: str) -> tuple[Check, bool]:
    """Who holds the data folder, and whether anybody does. The lock is looked at, never tried: a start must not fail on us."""
    path = os.path.join(data, LOCK_FILE)
    try:
        inode = os.stat(path).st_ino
    except OSError as error:
        return Check("lock", WARNING, f"no server ever held it: {path}: {error.strerror}", HOW_TO_START), False
    note = read_note(data, LOCK_FILE)
    who = f"process {note.pid or 'unknown'} on {note.text('host') or 'an unknown host'} since {note.text('since') or 'an unknown time'}"
    alive = note.pid is not None and is_alive(note.pid)
    held = _is_locked(inode)
    if held is None:
        held = alive and note.text("host") == socket.gethostname()
    if held:
        return Check("lock", OK, f"held by {who}"), True
    again = "; that number is another process by now" if alive else ""
    return Check("lock", WARNING, f"nobody holds it; last held by {who}{again}", HOW_TO_START), False


def is_alive(pid: int) -> bool:
    """Whether there is such a process here, whoever's it is."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _is_locked(inode: int) -> bool | None:
    """Whether a file of that number is locked as servers do it; None where the system does not tell."""
    try:
        with open(LOCKS, encoding="ascii", errors="replace") as file:
            lines = [line.split() for line in file]
    except OSError:
        return None
    # The device is not compared: some file systems show another one there than to us.
    return any("FLOCK" in words and any(word.endswith(f":{inode}") for word in words) for words in lines)


def server_note(data: str, note: Note, held: bool) -> Check:
    """That the note of the server is that of one which serves."""
    name = "server.json"
    if note.fault:
        return Check(name, PROBLEM, f"{os.path.join(data, name)}: {note.fault}", "restart the server: it writes this anew")
    if note.facts is None:
        if held:
            return Check(name, WARNING, "not there, although a server holds the folder", "it starts or stops: run this again in a moment")
        return Check(name, OK, "not there, as no server runs")
    if not held or note.pid is None or not is_alive(note.pid):
        return Check(name, WARNING, f"stale: left by process {note.pid}, which was killed", f"{HOW_TO_START}; it replaces this")
    if (holder := read_note(data, LOCK_FILE).pid) not in (None, note.pid):
        return Check(
            name, WARNING, f"of process {note.pid}, but process {holder} serves", "run this again in a moment, else restart the server"
        )
    return Check(name, OK, f"process {note.pid}")


def control(place: Place, project: str) -> tuple[Check, dict[str, Any] | None]:
    """That the control socket answers, and what the server says of its health."""
    began = time.monotonic()
    try:
        server = Server(place, WITHIN_S)
        try:
            health = server.call("health_check", {}, project, None)
        finally:
            server.close()
    except CliError as error:
        if time.monotonic() - began >= WITHIN_S:
            return Check("control socket", PROBLEM, f"no answer within {WITHIN_S:g} s: the server hangs", LOOK), None
        return Check("control socket", PROBLEM, error.cause, error.remedy or LOOK), None
    except OSError as error:
        return Check("control socket", PROBLEM, f"{place.socket}: {error.strerror or error}", HOW_TO_START), None
    return Check("control socket", OK, f"answered in {(time.monotonic() - began) * 1000:.0f} ms"), health


def ports(note: Note) -> Iterator[Check]:
    """That whatever the server says it listens on takes a connection."""
    for scheme in ("ws", "http"):
        if (url := note.text(scheme)) is None:
            continue
        try:
            parts = urlsplit(here(url))
            where = (parts.hostname or "", parts.port or 0)
            socket.create_connection(where, WITHIN_S).close()
        except (OSError, ValueError, OverflowError) as error:
            yield Check(
                f"{scheme} port", PROBLEM, f"{url} takes no connection ({error})", "restart the server; look whether a firewall is between"
            )
        else:
            yield Check(f"{scheme} port", OK, url)


def here(url: str) -> str:
    """The address to reach a server at from this machine. Raises ValueError when it is none."""
    parts = urlsplit(url)
    host = WILDCARDS.get(parts.hostname or "")
    return url if host is None else parts._replace(netloc=f"{f'[{host}]' if ':' in host else host}:{parts.port}").geturl()


def same_version(theirs: str | None, ours: str) -> Check:
    """That the server runs what is installed here."""
    if theirs is None:
        return Check("version", WARNING, f"the server does not tell its version; this is {ours}", "restart the server")
    if theirs != ours:
        return Check("version", WARNING, f"the server is {theirs}, this is {ours}", "restart the server, so that both are the same")
    return Check("version", OK, ours)


def token_file(data: str, running: bool) -> Check:
    """That the token of the person here is theirs alone."""
    path = os.path.join(data, LOCAL_FILE)
    try:
        found = os.stat(path)
        with open(path, encoding="ascii") as file:
            empty = not file.read(NOTE_BYTES).strip()
    except FileNotFoundError:
        if not running:
            return Check(LOCAL_FILE, OK, "not there yet; the first server makes it")
        # Without it everybody here is let in, or nobody; the connection below tells which.
        return Check(
            LOCAL_FILE, WARNING, "not there: the server asks nobody for a token", "start it without --no-auth unless you mean that"
        )
    except (OSError, UnicodeDecodeError) as error:
        return Check(LOCAL_FILE, PROBLEM, f"{path} cannot be read ({error})", "run this as whoever runs the server")
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        return Check(
            LOCAL_FILE, PROBLEM, f"mode {mode:04o}: others may read it", f"chmod 600 {path}; then make a new one, as others may have it"
        )
    if empty:
        return Check(LOCAL_FILE, PROBLEM, f"{path} is empty", "remove it and restart the server, which makes a new one")
    named = f"; ${TOKEN_VARIABLE} is shown instead of it" if os.environ.get(TOKEN_VARIABLE, "").strip() else ""
    return Check(LOCAL_FILE, OK, f"mode {mode:04o}{named}")


def clock(health: dict[str, Any]) -> Check:
    """That the server's clock and ours agree."""
    try:
        theirs = datetime.fromisoformat(str(health["timestamp"]))
        apart_s = abs((datetime.now(UTC) - theirs).total_seconds())
    except (LookupError, ValueError, TypeError):
        return Check("clock", WARNING, "the server does not tell the time", "restart the server")
    if apart_s > CLOCKS_APART_S:
        return Check("clock", WARNING, f"the server's is {apart_s:.0f} s apart from this one", "set both by the same time service")
    return Check("clock", OK, f"within {CLOCKS_APART_S:g} s of the server's")


def disk(data: str) -> Check:
    """That there is room to write."""
    try:
        free = shutil.disk_usage(data).free
    except OSError as error:
        return Check("disk", PROBLEM, f"{data}: {error.strerror}", HOW_TO_START)
    said = f"{free / (1 << 30):.1f} GiB free"
    if free < DISK_FULL_BYTES:
        return Check("disk", PROBLEM, said, "free some space now: without any nothing can be written")
    if free < DISK_LOW_BYTES:
        return Check("disk", WARNING, said, "free some space, or drop history with `taskactors retain`")
    return Check("disk", OK, said)


def health_status(health: dict[str, Any]) -> Check:
    """What the server says of itself."""
    if health.get("status") == "healthy":
        return Check("health", OK, f"healthy, {health.get('total_tasks', 0)} tasks, up {health.get('uptime_s', 0)} s")
    backup = health.get("backup")
    why = (
        health.get("fault")
        or health.get("broken_rules")
        or (backup.get("fault") if isinstance(backup, dict) else None)
        or "no reason given"
    )
    return Check("health", PROBLEM, f"unhealthy: {why}", "run `taskactors verify`, and look into the server's log")


def backup_age(health: dict[str, Any]) -> Check:
    """That there is a backup to go back to, and no old one."""
    backup = health.get("backup")
    known: dict[str, Any] = backup if isinstance(backup, dict) else {}
    try:
        last = known.get("last")
        age_s = (datetime.now(UTC) - datetime.fromisoformat(last)).total_seconds() if isinstance(last, str) else None
    except (ValueError, TypeError):
        age_s = None
    if age_s is None:
        return Check("backup", WARNING, "none since this server started", "it makes one in time; or run `taskactors backup` now")
    if age_s > BACKUP_OLD_S:
        return Check(
            "backup", WARNING, f"the last one is {age_s / 86_400:.0f} days old", "run `taskactors backup`, and look at --backup-every"
        )
    return Check("backup", OK, f"{max(0.0, age_s) / 3600:.1f} h old")
