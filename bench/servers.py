"""The servers that are measured: each a process of its own on the first core, in a folder of its own, gone afterwards."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from attrs import frozen

from .processor import family

READY_WITHIN_S = 120.0
STOPPED_WITHIN_S = 20.0

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, GENERATOR_CORE = CORES[0], CORES[-1]


class Missing(Exception):
    """A program that is not installed here; the text says how to get it."""


class NotReady(Exception):
    """A server that could not be reached."""


@frozen
class Server:
    """One that can be reached."""

    name: str
    url: str
    pid: int
    token: str | None = None
    control: str | None = None

    def pids(self) -> list[int]:
        return family(self.pid)


@contextmanager
def process(
    command: Sequence[str], errors: Path, environment: Mapping[str, str] | None = None, owner: str | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """A process on the server's core, ended whatever happens."""
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {SERVER_CORE})
    try:
        with errors.open("a") as log:
            running = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment, cwd=errors.parent, user=owner
            )
    finally:
        os.sched_setaffinity(0, mine)
    try:
        yield running
    finally:
        running.terminate()
        try:
            running.communicate(timeout=STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            running.kill()
            running.communicate()


def environment() -> dict[str, str]:
    """This one's, without what would tell a server of ours where to look, and with the bench itself to import."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TASKACTORS_")}
    return ours | {"PYTHONPATH": str(Path(__file__).parent.parent)}


def _facts(running: "subprocess.Popen[str]", errors: Path) -> Mapping[str, str]:
    """The line that says that it is ready."""
    assert running.stdout is not None
    line = running.stdout.readline()
    if not line:
        raise NotReady(errors.read_text()[-2000:])
    facts: Mapping[str, str] = json.loads(line)
    return facts


@contextmanager
def taskactors(folder: Path, *arguments: str, launcher: Sequence[str] = ("-m", "taskactors")) -> Iterator[Server]:
    """The product as anyone starts it, with its tokens on."""
    errors = folder / "taskactors.log"
    serve = ("serve", "--data", str(folder / "data"), "--ws-port", "0", "--json", "--log-level", "error", *arguments)
    with process([sys.executable, *launcher, *serve], errors, environment()) as running:
        facts = _facts(running, errors)
        token = (folder / "data" / "local.token").read_text().strip()
        yield Server("taskactors", facts["ws"], running.pid, token, facts["control"])


@contextmanager
def python_peer(name: str, module: str, folder: Path) -> Iterator[Server]:
    """A peer of our own writing."""
    errors = folder / f"{module}.log"
    with process([sys.executable, "-m", f"bench.peers.{module}", str(folder / f"{module}.db")], errors, environment()) as running:
        yield Server(name, _facts(running, errors)["url"], running.pid)


@contextmanager
def beanstalkd(name: str, folder: Path) -> Iterator[Server]:
    """beanstalkd with every job in its log and flushed."""
    program, port, binlog = installed("beanstalkd", "apt-get install beanstalkd"), free_port(), folder / "binlog"
    binlog.mkdir()
    with process([program, "-l", "127.0.0.1", "-p", str(port), "-b", str(binlog), "-f0"], folder / "beanstalkd.log") as running:
        await_port(port)
        yield Server(name, f"beanstalk://127.0.0.1:{port}", running.pid)


@contextmanager
def redis(name: str, folder: Path) -> Iterator[Server]:
    """redis with every command in its log and flushed."""
    program, port, data = installed("redis-server", "apt-get install redis-server"), free_port(), folder / "redis"
    data.mkdir()
    durable = ("--appendonly", "yes", "--appendfsync", "always", "--save", "", "--logfile", str(folder / "redis.log"))
    command = [program, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(data), *durable]
    with process(command, folder / "redis.errors") as running:
        await_port(port)
        yield Server(name, f"redis://127.0.0.1:{port}", running.pid)


def installed(program: str, how: str) -> str:
    """Where a program is. Raises Missing."""
    found = shutil.which(program)
    if found is None:
        raise Missing(f"{program} is not installed: {how}")
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def await_port(port: int) -> None:
    """Until somebody listens."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)
    raise NotReady(f"nobody listens at port {port}")


Start = Callable[[Path], AbstractContextManager[Server]]
