"""What a server is started with: one frozen value, validated once."""

import ipaddress
import os
import re
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from .actors.projects import SLUG
from .board.requests.admin import KEPT_DAYS, KEPT_EVENTS, LONGEST_DAYS

DATA_FOLDER = ".taskactors"
DATA_VARIABLE = "TASKACTORS_DATA"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_WS_PORT = 8765
DEFAULT_PROJECT = "default"
LARGEST_PORT = 65_535
LOG_LEVELS = ("debug", "info", "warning", "error")
DEFAULT_LOG_LEVEL = "info"
BACKUPS_FOLDER = "backups"
DEFAULT_BACKUP_EVERY_H = 24
DEFAULT_KEEP_BACKUPS = 7
LARGEST_COUNT = 10_000_000


class BadConfig(ValueError):
    """A setting that cannot be: the cause names it, the remedy says what to do."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(f"{cause}; {remedy}")
        self.cause = cause
        self.remedy = remedy


@frozen(kw_only=True)
class Config:
    """A server's settings. `roots` are the folders of the projects that agent files may be written into.

    `names` are the names that clients may call it by besides those of this machine, `origins` the web pages that may use it,
    `tls` the files of its certificate and key. With `no_auth` nobody is asked for a token, which only loopback may be.
    `http_port` is None for a server without HTTP. A backup of each project is made every `backup_every_h`
    hours, 0 for never, and `keep_backups` of them are kept. Of the history, what is younger than `keep_days` is kept, 0 for all
    of it, and the last `keep_events` events.
    """

    data: Path
    roots: Mapping[str, Path] = field(factory=dict)
    host: str = DEFAULT_HOST
    ws_port: int = DEFAULT_WS_PORT
    http_port: int | None = None
    no_auth: bool = False
    names: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    tls: tuple[Path, Path] | None = None
    json: bool = False
    log_level: str = DEFAULT_LOG_LEVEL
    backups: Path | None = None
    backup_every_h: int = DEFAULT_BACKUP_EVERY_H
    keep_backups: int = DEFAULT_KEEP_BACKUPS
    keep_days: int = KEPT_DAYS
    keep_events: int = KEPT_EVENTS

    @property
    def backups_folder(self) -> Path:
        """Where the backups of all projects are."""
        return self.backups or self.data / BACKUPS_FOLDER


def make_config(
    *,
    data: str | None = None,
    roots: Sequence[str] = (),
    host: str = DEFAULT_HOST,
    ws_port: int | str = DEFAULT_WS_PORT,
    http_port: int | str | None = None,
    no_http: bool = False,
    no_auth: bool = False,
    allow_hosts: Sequence[str] = (),
    allow_origins: Sequence[str] = (),
    tls_cert: str | None = None,
    tls_key: str | None = None,
    json: bool = False,
    log_level: str = DEFAULT_LOG_LEVEL,
    backups: str | None = None,
    backup_every: int | str = DEFAULT_BACKUP_EVERY_H,
    keep_backups: int | str = DEFAULT_KEEP_BACKUPS,
    keep_days: int | str = KEPT_DAYS,
    keep_events: int | str = KEPT_EVENTS,
    environment: Mapping[str, str] = os.environ,
) -> Config:
    """The settings that these arguments and this environment make; what an argument leaves open the environment may say.

    Raises BadConfig.
    """
    by_project = _roots(roots)
    ports = _ports(ws_port, http_port, no_http)
    if ports[0] and ports[0] == ports[1]:
        raise BadConfig(f"--http-port {http_port} is the WebSocket port too", "give them different ports")
    if no_auth and not is_loopback(host):
        raise BadConfig(
            f"--host {host!r} can be reached from other machines, and with --no-auth only loopback is served",
            "leave --no-auth out, or give --host 127.0.0.1, ::1 or localhost",
        )
    if log_level not in LOG_LEVELS:
        raise BadConfig(f"--log-level {log_level!r} is none", f"give one of {', '.join(LOG_LEVELS)}")
    return Config(
        data=_data(data, by_project, environment),
        roots=by_project,
        host=host,
        ws_port=ports[0],
        http_port=ports[1],
        no_auth=no_auth,
        names=tuple(_name(each) for each in allow_hosts),
        origins=tuple(_origin(each) for each in allow_origins),
        tls=_tls(tls_cert, tls_key),
        json=json,
        log_level=log_level,
        backups=_data_folder(backups, f"--backups {backups!r}") if backups is not None else None,
        backup_every_h=_count("--backup-every", backup_every, least=0),
        keep_backups=_count("--keep-backups", keep_backups, least=1),
        keep_days=_count("--keep-days", keep_days, least=0, most=LONGEST_DAYS),
        keep_events=_count("--keep-events", keep_events, least=1),
    )


def _ports(ws_port: int | str, http_port: int | str | None, no_http: bool) -> tuple[int, int | None]:
    """HTTP is at the port after the other, unless it is said where; a free one where a free one is picked for that."""
    ws = _port("--ws-port", ws_port)
    if no_http:
        return ws, None
    return ws, _port("--http-port", (ws + 1 if ws else 0) if http_port is None else http_port)


def _port(argument: str, given: int | str) -> int:
    text = str(given)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(LARGEST_PORT)) and int(text) <= LARGEST_PORT):
        raise BadConfig(f"{argument} {text!r} is no port", f"give a number from 0 to {LARGEST_PORT}; 0 picks a free one")
    return int(text)


def _count(argument: str, given: int | str, least: int, most: int = LARGEST_COUNT) -> int:
    text = str(given)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and least <= int(text) <= most):
        raise BadConfig(f"{argument} {text!r} is no such number", f"give a whole number from {least} to {most}")
    return int(text)


def _roots(given: Sequence[str]) -> dict[str, Path]:
    roots: dict[str, Path] = {}
    for each in given:
        project, folder = _split_root(each)
        if project in roots:
            raise BadConfig(f"--root names project {project} twice", "give each project one root")
        roots[project] = _existing_folder(folder, each)
    return roots


def _split_root(given: str) -> tuple[str, str]:
    """A name and a folder, or a folder alone for the default project. ./NAME=DIR is a folder with a = in its name."""
    project, separator, folder = given.partition("=")
    if not separator or "/" in project:
        return DEFAULT_PROJECT, given
    if SLUG.fullmatch(project) is None:
        raise BadConfig(
            f"--root {given!r} names a project that cannot be",
            "a project has a name of lower-case letters, digits and hyphens, up to 39; a folder with = in its name is given as ./NAME",
        )
    return project, folder


def _existing_folder(folder: str, given: str) -> Path:
    path = _path(folder, f"--root {given!r}")
    try:
        if path.is_dir():
            return path.resolve()
    except OSError as error:
        raise BadConfig(f"--root {given!r} cannot be used: {error.strerror}", "name a folder that exists") from None
    raise BadConfig(f"--root {given!r} is no folder", "create it first, or leave --root out")


def _name(given: str) -> str:
    """A name, or an address in the form that clients write it: one of version 6 in brackets."""
    name = given.lower()
    if re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]", name) is None:
        raise BadConfig(f"--allow-host {given!r} is no name", "give it as clients write it, without a port: board.example.org, or [::1]")
    return name


def _origin(given: str) -> str:
    if re.fullmatch(r"https?://[a-z0-9.:\[\]-]+", given) is None:
        raise BadConfig(f"--allow-origin {given!r} is no origin", "give scheme, host and port as in https://board.example.org")
    return given


def _tls(cert: str | None, key: str | None) -> tuple[Path, Path] | None:
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        raise BadConfig("a certificate without its key is of no use, nor a key without its certificate", "give --tls-cert and --tls-key")
    files = _path(cert, f"--tls-cert {cert!r}").absolute(), _path(key, f"--tls-key {key!r}").absolute()
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*files)
    except OSError as error:  # what is wrong with them is one, too
        raise BadConfig(
            f"--tls-cert and --tls-key cannot be used: {error.strerror or error}", "give a PEM file each that fit together"
        ) from None
    return files


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _data(given: str | None, roots: Mapping[str, Path], environment: Mapping[str, str]) -> Path:
    if given is not None:
        return _data_folder(given, f"--data {given!r}")
    if named := environment.get(DATA_VARIABLE):
        return _data_folder(named, f"{DATA_VARIABLE} ({named!r})")
    return _data_folder(str(roots.get(DEFAULT_PROJECT, Path.cwd()) / DATA_FOLDER), "the data folder")


def _data_folder(text: str, named: str) -> Path:
    path = _path(text, named).absolute()
    try:
        nearest = next(each for each in (path, *path.parents) if each.exists())
    except OSError as error:
        raise BadConfig(f"{named} cannot be used: {error.strerror}", "name another folder with --data") from None
    if not nearest.is_dir():
        raise BadConfig(f"{named} cannot be a folder: {nearest} is a file", "name another folder with --data")
    return path


def _path(text: str, named: str) -> Path:
    if not text:
        raise BadConfig(f"{named} names nothing", "name a folder, or leave it out")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise BadConfig(f"{named} has a home folder in it that is nobody's", "write the path out") from None
