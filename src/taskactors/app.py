"""The composition root: one server as one readable tree. The only file that sees everything."""

import faulthandler
import gc
import json
import os
import resource
import signal
import ssl
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import trio

from . import __version__
from .actors.access import Access, Asked, Revoked
from .actors.admin import ADMIN
from .actors.backups import BackupSettings, back_up_stopped
from .actors.due_note import DueNote
from .actors.project import ProjectSetting
from .actors.projects import Projects
from .actors.refusals import BackupFailed
from .actors.tools import TOOLS
from .actors.workspace.facts import Surroundings
from .board import audit
from .board.checked import checked
from .board.requests.admin import DropHistory
from .board.requests.tokens import AddToken, ListTokens, RevokeToken
from .board.settings import BoardSettings
from .config import BACKUPS_FOLDER, DEFAULT_PROJECT, Config, is_loopback
from .domain.caller import LOCAL_PERSON
from .loglines import Log
from .logs import observe, start_logging
from .mcp_server.entrance import Entrance
from .mcp_server.http_entrance import HttpEntrance
from .runtime import ButLetters, Child, Observed, Place, RestartBudget, RuntimeFault, Supervisor
from .storage.errors import StorageError
from .storage.on_lmdb import open_lmdb
from .storage.ownership import own
from .storage.private import require_private, write_private
from .storage.restoring import put_back
from .storage.token_file import LOCAL_FILE
from .storage.verification import DATA_FILE, verify
from .transports.admission import LOOPBACK_NAMES, Admission
from .transports.control import ControlDoor
from .transports.http import HttpDoor
from .transports.websocket import WebSocketDoor

RESTARTS = RestartBudget(restarts=3, within_s=60)
"""The whole server may fail this often before it gives up and whoever runs it has to look."""

STOP_WITHIN_S = 4.5
"""A stop takes less than five seconds, whatever hangs: as long as people and service managers wait."""

DOOR_STOP_S = 2.0
PROJECTS_STOP_S = 2.5
START_WITHIN_S = 150.0

OPEN_FILES = 8_192
"""Room for every connection that is admitted, and for what each project has open."""

ACCESS_BOX = 64
"""People ask for tokens one at a time."""

FOR_THE_FIRST_CLIENT = ("taskactors.transports.opening", "taskactors.transports.websocket_wire")
"""Loaded before anything else that a start can do without, as they need least time."""

YOUNG_OBJECTS = 20_000
"""New objects after which the collector looks for circles among them. Nothing that a usual call makes is in one, so all of it is gone
without being looked for; at Python's own 700 the looking takes a twentieth of the processor, and now and then 10 ms at once."""

SERVER_FILE = "server.json"
DUE_NOTE = "due.json"
CONTROL_SOCKET = "control.sock"

log = Log(__name__)


def serve(config: Config) -> int:
    """Run a server until it is told to stop. Returns the exit code: 0 stopped, 1 failed; the reason is on standard error."""
    start_logging(config.log_level)
    # What a server does that seems to hang: where its threads are, on standard error.
    faulthandler.register(signal.SIGUSR1)
    if config.tls is None and not is_loopback(config.host):
        log.warning("what is said here can be read on the way: give --tls-cert and --tls-key", host=config.host)
    _allow_many_connections()
    try:
        with own(config.data):
            require_private(config.data)
            return trio.run(Server(config).run)
    except StorageError as error:
        print(f"taskactors: {error}", file=sys.stderr)
        return 1


def _allow_many_connections() -> None:
    """Each connection is an open file, and the usual limit of 1,024 is less than the connections that are admitted."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def verify_offline(data: Path) -> list[str]:
    """Everything that is wrong with the data of a stopped server, a line each, naming its project. Raises DataInUse."""
    with own(data):
        folders = sorted(each.parent for each in _projects_folder(data).glob(f"[!.]*/{DATA_FILE}"))
        return [f"{folder.name}: {finding}" for folder in folders for finding in verify(folder, audit.findings)]


def verify_backup(backup: Path) -> list[str]:
    """Everything that is wrong with a backup, a line each. Raises StorageError when it cannot be checked."""
    return list(checked(backup).findings)


def backup_offline(data: Path, project: str, to: Path | None) -> Mapping[str, Any]:
    """Back up a project of a stopped server. Raises DataInUse, other StorageErrors, and BackupFailed."""
    with own(data):
        store = _projects_folder(data) / project
        if not (store / DATA_FILE).exists():
            raise BackupFailed(why=f"there is no project {project} in {data}")
        return back_up_stopped(store, to or data / BACKUPS_FOLDER / project, int(time.time() * 1000))


def restore_offline(data: Path, project: str, backup: Path) -> Path | None:
    """Put a backup in the place of a stopped server's project, after checking it; returns where that was moved to, if it was there.

    Raises DataInUse, and Damaged when the backup is not whole.
    """
    with own(data):
        return put_back(backup, _projects_folder(data) / project, data / "replaced", checked(backup).findings)


def ask_tokens_offline(data: Path, request: AddToken | ListTokens | RevokeToken) -> Mapping[str, Any]:
    """The answer of a stopped server about its tokens. Raises DataInUse, other StorageErrors, and Refusals."""

    async def asked() -> Mapping[str, Any]:
        access = Access(data)
        await trio.to_thread.run_sync(access.load)
        return await access.answer(Asked(request, LOCAL_PERSON))

    start_logging("warning")
    with own(data):
        return trio.run(asked)


class Server:
    """One server: its projects, and the doors to them."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.urls: dict[str, str] = {}
        self.access = None if config.no_auth else Access(config.data)
        self.admission = Admission(
            names=(*LOOPBACK_NAMES, *config.names),
            origins=config.origins,
            holder=None if self.access is None else self.access.holder,
        )
        access = [] if self.access is None else [self._access_child(self.access)]
        self._tokens = access[0].address if access else None
        self.projects = Projects(self._setting, self._known_projects)
        self.mcp = Entrance(self.projects)
        self._listening = trio.Event()
        http = [Child("http", self._http, capacity=1, stop_within_s=DOOR_STOP_S, start_within_s=START_WITHIN_S)]
        # In this order a child starts after what it calls, and stops before it: the doors close before the projects do.
        self.tree = Supervisor(
            "root",
            [
                Child("refusals", self._tell_of_refusals, capacity=1, stop_within_s=DOOR_STOP_S, start_within_s=START_WITHIN_S),
                *access,
                Child("projects", self.projects.run, capacity=1, stop_within_s=PROJECTS_STOP_S, start_within_s=START_WITHIN_S),
                Child("control", self._control, capacity=1, stop_within_s=DOOR_STOP_S, start_within_s=START_WITHIN_S),
                Child("websocket", self._websocket, capacity=1, stop_within_s=DOOR_STOP_S, start_within_s=START_WITHIN_S),
                Child("mcp", self._mcp, capacity=1, stop_within_s=DOOR_STOP_S, start_within_s=START_WITHIN_S),
                *(http if config.http_port is not None else []),
            ],
            RESTARTS,
            ButLetters(self._observe),
        )

    async def run(self) -> int:
        """Serve until a signal. A first start that fails, and a spent budget, end it with exit code 1 and their cause."""
        failure: BaseException | None = None
        async with trio.open_nursery() as nursery:
            await nursery.start(self._heed_signals)
            try:
                async with trio.open_nursery() as running:
                    await running.start(self.tree.run)
                    self._announce()
                    self._listening.set()
            except* RuntimeFault as failed:
                failure = failed.exceptions[0]
            nursery.cancel_scope.cancel()
        (self.config.data / SERVER_FILE).unlink(missing_ok=True)
        if failure is None:
            return 0
        print(f"taskactors: {failure}", file=sys.stderr)
        return 1

    async def _heed_signals(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            task_status.started()
            async with trio.open_nursery() as nursery:
                async for received in signals:
                    if nursery.child_tasks:
                        log.warning("told to stop twice; stopping at once", signal=received)
                        os._exit(1)
                    log.info("stopping", signal=signal.Signals(received).name)
                    nursery.start_soon(self._stop)

    async def _stop(self) -> None:
        self.projects.wind_down()
        with trio.move_on_after(STOP_WITHIN_S) as late:
            await self.tree.stop()
        if late.cancelled_caught:
            log.error("could not stop in time; what was answered is on disk")
            os._exit(1)

    def _access_child(self, access: Access) -> Child:
        return Child("access", access.run, capacity=ACCESS_BOX, stop_within_s=DOOR_STOP_S, start_within_s=START_WITHIN_S)

    async def _tell_of_refusals(self, place: Place) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.admission.refusals.keep_telling)
            place.ready()
            await place.until_stopped()
            nursery.cancel_scope.cancel()

    async def _control(self, place: Place) -> None:
        door = ControlDoor(self.projects, self.admission.refusals)
        async with trio.open_nursery() as nursery:
            await nursery.start(door.listen, self.config.data / CONTROL_SOCKET)
            place.ready()
            await place.until_stopped()
            await door.drain()
            nursery.cancel_scope.cancel()

    async def _mcp(self, place: Place) -> None:
        place.ready()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._load_mcp)
            await place.until_stopped()
            nursery.cancel_scope.cancel()

    async def _load_mcp(self) -> None:
        # Beside it, the rest of the start would take twice as long.
        await self._listening.wait()
        for module in FOR_THE_FIRST_CLIENT:
            await trio.to_thread.run_sync(import_module, module)
        await self.mcp.load()
        gc.enable()
        # What is here now stays: unfrozen, every full collection would look at all of it again. The first would hold everybody up
        # for a sixth of a second, and all that it would find is a megabyte or two that loading left behind.
        gc.freeze()
        gc.set_threshold(YOUNG_OBJECTS, 10, 10)

    async def _websocket(self, place: Place) -> None:
        tls = None
        if self.config.tls is not None:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(*self.config.tls)
        door = WebSocketDoor(self.mcp.serve, self.admission, tls)
        async with self._watching(door.revoke), trio.open_nursery() as nursery:
            # A restarted listener keeps the port that clients know.
            wanted = int(self.urls["ws"].rsplit(":", 1)[1].split("/")[0]) if "ws" in self.urls else self.config.ws_port
            port = await nursery.start(door.listen, self.config.host, wanted)
            self.urls["ws"] = f"{'ws' if tls is None else 'wss'}://{self._host}:{port}/mcp"
            place.ready()
            await place.until_stopped()
            await door.drain()
            nursery.cancel_scope.cancel()

    async def _http(self, place: Place) -> None:
        assert self.config.http_port is not None
        over_http = HttpEntrance(self.mcp)
        tls = None if self.config.tls is None else (str(self.config.tls[0]), str(self.config.tls[1]))
        figures = partial(self._figures, over_http)
        door = HttpDoor(self.projects, over_http.handle, figures, self.projects.conditions, self.admission, tls)
        async with self._watching(over_http.revoke), over_http.running(), trio.open_nursery() as nursery:
            wanted = int(self.urls["http"].rsplit(":", 1)[1].split("/")[0]) if "http" in self.urls else self.config.http_port
            port = await nursery.start(door.listen, self.config.host, wanted)
            self.urls["http"] = f"{'http' if tls is None else 'https'}://{self._host}:{port}/mcp"
            place.ready()
            await place.until_stopped()
            over_http.wind_down()
            await door.drain()

    async def _figures(self, over_http: HttpEntrance) -> tuple[str, bytes]:
        # Loaded by the first who asks: most servers are never asked, and every start would pay for it.
        from .actors.exposition import CONTENT_TYPE, exposed

        return CONTENT_TYPE, await exposed(self.projects, over_http.sessions, self.admission.refusals.counts())

    def _observe(self, event: Observed) -> None:
        self.projects.metrics.observe(event)
        observe(event)

    @asynccontextmanager
    async def _watching(self, revoked: Revoked) -> AsyncIterator[None]:
        """Be told of every token that is worth nothing any more, while the block runs."""
        stop = self.access.watch(revoked) if self.access is not None else lambda: None
        try:
            yield
        finally:
            stop()

    @property
    def _host(self) -> str:
        return f"[{self.config.host}]" if ":" in self.config.host else self.config.host

    def _announce(self) -> None:
        facts = {
            "pid": os.getpid(),
            **self.urls,
            "control": str(self.config.data / CONTROL_SOCKET),
            "data": str(self.config.data),
            "version": __version__,
        }
        _write_whole(self.config.data / SERVER_FILE, json.dumps(facts, indent=1) + "\n")
        if self.config.json:
            print(json.dumps({"ready": True, **facts}), flush=True)
            return
        print(f"taskactors {facts['version']} is ready at {self.urls['ws']}", flush=True)
        who = "Anyone on this machine may connect" if self.access is None else f"Your token is in {self.config.data / LOCAL_FILE}"
        print(f"Data: {self.config.data}. {who}. Stop with Ctrl-C.", flush=True)

    def _setting(self, name: str) -> ProjectSetting:
        return ProjectSetting(
            name=name,
            open_engine=partial(open_lmdb, _projects_folder(self.config.data) / name),
            settings=BoardSettings(project=name),
            tools={**TOOLS, **ADMIN},
            surroundings=partial(self._surroundings, name),
            observe=ButLetters(self._observe),
            due_note=DueNote(_projects_folder(self.config.data) / name / DUE_NOTE),
            backups=BackupSettings(
                folder=self.config.backups_folder / name, every_s=self.config.backup_every_h * 3600, keep=self.config.keep_backups
            ),
            access=self._tokens,
            keep_history=DropHistory(keep_days=days, keep_events=self.config.keep_events) if (days := self.config.keep_days) else None,
        )

    def _surroundings(self, project: str) -> Surroundings:
        there = {way: url if project == DEFAULT_PROJECT else f"{url}/{project}" for way, url in self.urls.items()}
        return Surroundings(
            project=project,
            ws_url=there.get("ws"),
            http_url=there.get("http"),
            version=__version__,
            root=self.config.roots.get(project),
            tools=_first_sentences(),
        )

    def _known_projects(self) -> frozenset[str]:
        folder = _projects_folder(self.config.data)
        return frozenset(each.name for each in folder.iterdir() if not each.name.startswith(".")) if folder.exists() else frozenset()


def _projects_folder(data: Path) -> Path:
    return data / "projects"


def _first_sentences() -> Mapping[str, str]:
    return {tool.name: " ".join((tool.request.__doc__ or "").split()).split(". ")[0].rstrip(".") for tool in TOOLS.values()}


def _write_whole(path: Path, text: str) -> None:
    """So that nobody ever reads half of it."""
    temporary = path.with_name(f".{path.name}.new")
    write_private(temporary, text.encode())
    temporary.replace(path)
