"""What a server is started with: one frozen value, validated once."""

import ipaddress
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from .actors.projects import SLUG

DATA_FOLDER = ".taskactors"
DEFAULT_HOST = "127.0.0.1"
DEFAULT_WS_PORT = 8765
DEFAULT_PROJECT = "default"
LARGEST_PORT = 65_535
LOG_LEVELS = ("debug", "info", "warning", "error")


class BadConfig(ValueError):
    """A setting that cannot be; the text names it and says what to do."""


@frozen(kw_only=True)
class Config:
    """A server's settings. `roots` are the project folders into which files may be written."""

    data: Path
    roots: Mapping[str, Path] = field(factory=dict)
    host: str = DEFAULT_HOST
    ws_port: int = DEFAULT_WS_PORT
    no_auth: bool = False
    json: bool = False
    log_level: str = "info"


def make_config(
    *,
    data: str | None = None,
    roots: Sequence[str] = (),
    host: str = DEFAULT_HOST,
    ws_port: int = DEFAULT_WS_PORT,
    no_auth: bool = False,
    json: bool = False,
    log_level: str = "info",
    environment: Mapping[str, str] = os.environ,
) -> Config:
    """The settings that these arguments and this environment make. Raises BadConfig."""
    by_project = _roots(roots)
    if not 0 <= ws_port <= LARGEST_PORT:
        raise BadConfig(f"--ws-port {ws_port} is no port; give 0 to {LARGEST_PORT}, 0 picks a free one")
    if not _is_loopback(host):
        raise BadConfig(f"--host {host} is not of this machine alone; without tokens only loopback is served, as in --host 127.0.0.1")
    return Config(
        data=_data(data, by_project, environment),
        roots=by_project,
        host=host,
        ws_port=ws_port,
        no_auth=no_auth,
        json=json,
        log_level=log_level,
    )


def _roots(given: Sequence[str]) -> dict[str, Path]:
    roots: dict[str, Path] = {}
    for each in given:
        project, folder = _split_root(each)
        if project in roots:
            raise BadConfig(f"--root names project {project} twice; give each project one root")
        path = Path(folder).expanduser()
        if not path.is_dir():
            raise BadConfig(f"--root {folder} is no folder; create it first, or leave --root out")
        roots[project] = path.resolve()
    return roots


def _split_root(given: str) -> tuple[str, str]:
    project, separator, folder = given.partition("=")
    if separator and SLUG.fullmatch(project):
        return project, folder
    return DEFAULT_PROJECT, given


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _data(given: str | None, roots: Mapping[str, Path], environment: Mapping[str, str]) -> Path:
    named = given or environment.get("TASKACTORS_DATA")
    folder = Path(named).expanduser() if named else roots.get(DEFAULT_PROJECT, Path.cwd()) / DATA_FOLDER
    if folder.exists() and not folder.is_dir():
        raise BadConfig(f"--data {folder} is a file; name a folder")
    return folder.absolute()
