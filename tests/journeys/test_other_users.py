"""Other users of the machine: what a real server makes is its owner's alone, and another user can neither read it nor speak to it."""

import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.support.agent_client import connected
from tests.support.server_process import ServerProcess, running

NOBODY = 65534

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that every user may enter, as the folder of a project often is; those of pytest are for their owner alone."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        yield folder


@contextmanager
def without_umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)


def command(server: ServerProcess, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "taskactors", *arguments, "--url", str(server.data)], check=True, capture_output=True, cwd=server.data.parent
    )


@contextmanager
def used_server(folder: Path) -> Iterator[ServerProcess]:
    """A server that has written everything it ever writes, with nothing but its own care to keep that private."""
    (folder / "way").mkdir()
    with without_umask(), running(folder / "way" / "data", "--backups", str(folder / "copies" / "of")) as server:
        command(server, "log", "BACKEND → QA: ready")
        command(server, "backup")
        yield server


def modes(folder: Path) -> dict[str, str]:
    """Of everything in a folder that anybody but its owner may do anything with."""
    found = (path for path in (folder, *folder.rglob("*")) if stat.S_IMODE(path.lstat().st_mode) & 0o077)
    return {str(path.relative_to(folder)): f"{stat.S_IMODE(path.lstat().st_mode):04o}" for path in found}


async def test_everything_that_a_server_makes_is_its_owners_alone_whatever_the_umask_is(tmp_path: Path) -> None:
    with used_server(tmp_path) as server:
        async with connected(server.ws + "/side", "ada") as ada:
            await ada.call("create_task", code="ONE", name="a task", description="of one")
        assert modes(server.data) == {}
        assert modes(tmp_path / "copies") == {}
        assert {path.name for path in server.data.iterdir()} >= {"control.sock", "server.json", "server.lock", "projects", ".gitignore"}
        assert len(list((tmp_path / "copies").rglob("data.mdb"))) == 1
        assert server.stop() == 0
        command(server, "log", "BACKEND → QA: kept while it is stopped")
        assert (server.data / "log-spool.jsonl").exists()
        assert modes(server.data) == {}


def test_a_folder_that_the_log_makes_first_is_its_owners_alone(tmp_path: Path) -> None:
    environment = {**os.environ, "TASKACTORS_DATA": str(tmp_path / "way" / "data")}
    with without_umask():
        subprocess.run(
            [sys.executable, "-m", "taskactors", "log", "BACKEND → QA: ready"],
            check=True,
            capture_output=True,
            env=environment,
            cwd=tmp_path,
        )
    assert (tmp_path / "way" / "data" / "log-spool.jsonl").exists()
    # The log itself lies beside the data, for whoever works on the project.
    (tmp_path / "way" / "coordination.log").unlink()
    assert modes(tmp_path / "way") == {}


@pytest.mark.parametrize(
    "widened", [{".": 0o777}, {".": 0o755, "projects": 0o755, "projects/default": 0o755, "projects/default/data.mdb": 0o644}]
)
def test_a_server_does_not_start_on_data_that_others_may_read_or_change_and_names_it(tmp_path: Path, widened: dict[str, int]) -> None:
    with running(tmp_path / "data") as server:
        assert server.stop() == 0
    for name, mode in widened.items():
        (server.data / name).chmod(mode)
    again = subprocess.run(
        [sys.executable, "-m", "taskactors", "serve", "--data", str(server.data), "--ws-port", "0", "--no-auth"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert again.returncode == 1
    assert f"`chmod {'700' if len(widened) == 1 else '600'} {server.data / list(widened)[-1]}`" in again.stderr
    for name, mode in reversed(widened.items()):
        (server.data / name).chmod(0o600 if mode == 0o644 else 0o700)
    with running(server.data) as server:
        assert server.stop() == 0


# as another user


def refused_to_nobody(attempt: Callable[[], object]) -> bool:
    """Whether the system stops a user without any rights from doing this. Raises when it fails for another reason."""
    child = os.fork()
    if child == 0:
        code = 3
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            attempt()
            code = 0
        except PermissionError:
            code = 1
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, 1)
    return code == 1


def speak_to(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as speaking:
        speaking.connect(str(path))


@as_root
def test_another_user_can_read_nothing_and_reach_no_socket(open_to_all: Path) -> None:
    (open_to_all / "known").write_text("to all")
    with used_server(open_to_all) as server:
        assert not refused_to_nobody((open_to_all / "known").read_bytes)
        secrets = [path for path in (*server.data.rglob("*"), *(open_to_all / "copies").rglob("*")) if path.is_file()]
        assert {path.name for path in secrets} >= {"data.mdb", "server.json", "server.lock"}
        for path in secrets:
            assert refused_to_nobody(path.read_bytes), path
        for folder in (server.data, server.data / "projects", open_to_all / "copies"):
            assert refused_to_nobody(partial(os.listdir, folder)), folder
            assert refused_to_nobody((folder / "new").touch), folder
        assert refused_to_nobody(lambda: speak_to(server.data / "control.sock"))
        # Also when its folder is opened up while it runs, the socket and what is stored are closed by themselves.
        server.data.chmod(0o755)
        assert refused_to_nobody(lambda: speak_to(server.data / "control.sock"))
        assert refused_to_nobody((server.data / "projects" / "default" / "data.mdb").read_bytes)
        assert not refused_to_nobody(lambda: os.listdir(server.data))


def open_a_door(url: str) -> None:
    """As PermissionError when the server says that it wants a token, which is all that a port of this machine can do."""
    host, port = url.split("/")[2].split(":")
    with socket.create_connection((host, int(port))) as speaking:
        upgrade = (
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        )
        speaking.sendall(f"GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n{upgrade if url.startswith('ws') else ''}\r\n".encode())
        if b" 401 " in speaking.recv(4096).split(b"\r\n")[0]:
            raise PermissionError


@as_root
def test_another_user_is_let_in_at_no_port(open_to_all: Path) -> None:
    with running(open_to_all / "data", no_auth=False) as server:
        for url in (server.ws, server.facts["http"]):
            assert refused_to_nobody(partial(open_a_door, url))
        for name in ("local.token", "server.json"):
            assert refused_to_nobody((server.data / name).read_bytes)
        server.data.chmod(0o755)
        assert refused_to_nobody((server.data / "local.token").read_bytes)
    # The same doors do open where no token is wanted.
    with running(open_to_all / "other") as server:
        assert not refused_to_nobody(partial(open_a_door, server.ws))


@as_root
def test_a_server_that_another_user_put_further_up_is_not_spoken_to_unless_it_is_named(open_to_all: Path) -> None:
    trap, here = open_to_all / ".taskactors", open_to_all / "work" / "here"
    here.mkdir(parents=True)
    trap.mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(trap / "control.sock"))
        listening.listen()
        for path in (trap, trap / "control.sock"):
            os.chown(path, NOBODY, NOBODY)
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TASKACTORS_")}
        asked = subprocess.run(
            [sys.executable, "-m", "taskactors", "agents", "list"],
            cwd=here,
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert asked.returncode != 0
        assert f"the server of {trap} belongs to another user" in asked.stderr
        listening.setblocking(False)
        with pytest.raises(BlockingIOError):
            listening.accept()
