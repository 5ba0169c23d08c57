"""PostgreSQL as a queue, SKIP LOCKED, driven by its own pgbench: a server in C, a client in C, prepared statements."""

import os
import resource
import shutil
import subprocess
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.load.measured import Measured
from bench.load.timing import Times, percentile
from bench.processor import memory_kib, used
from bench.servers import GENERATOR_CORE, Missing, Server, await_port, free_port, installed, process

HOW = "apt-get install postgresql"
# For 512 agents and what the server itself needs.
CONNECTIONS = 600
CALLS_A_SCRIPT = 3

_SCHEMA = """
CREATE TABLE tasks (
  id bigserial PRIMARY KEY, name text NOT NULL, description text NOT NULL, priority int NOT NULL DEFAULT 5,
  state text NOT NULL DEFAULT 'ready',
  owner text, fence int NOT NULL DEFAULT 0, summary text, updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX ready ON tasks (priority DESC, id) WHERE state = 'ready';
"""
# Where everything that is ready is locked by others, nothing is claimed, and nothing completed; that is counted too.
_SCRIPT = """
INSERT INTO tasks (name, description) VALUES ('a task', 'to be done');
WITH taken AS (
  UPDATE tasks SET state = 'claimed', owner = :client_id, fence = fence + 1, updated_at = now() WHERE id = (
    SELECT id FROM tasks WHERE state = 'ready' ORDER BY priority DESC, id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id, fence)
  SELECT coalesce(max(id), 0) AS id, coalesce(max(fence), 0) AS fence FROM taken \\gset
UPDATE tasks SET state = 'done', summary = 'done', updated_at = now() WHERE id = :id AND state = 'claimed' AND fence = :fence;
"""


def _program(name: str) -> str:
    """Debian keeps the server's programs out of the way."""
    for found in sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True):
        return str(found)
    return installed(name, HOW)


def _owner() -> str | None:
    # The server refuses to be run by root.
    return "postgres" if os.geteuid() == 0 else None


@contextmanager
def postgres(name: str, folder: Path) -> Iterator[Server]:
    """PostgreSQL as it is installed, with every commit flushed; only room for the agents is made."""
    programs, port, owner = [_program(each) for each in ("postgres", "initdb")], free_port(), _owner()
    installed("pgbench", HOW)
    # Not below the others' folder, which is for nobody else to enter.
    with tempfile.TemporaryDirectory(prefix="bench-postgres-", dir=folder if owner is None else None) as place:
        data = Path(place)
        if owner:
            shutil.chown(data, owner)
        yield from _started(name, data, programs, port, owner)


def _started(name: str, data: Path, programs: Sequence[str], port: int, owner: str | None) -> Iterator[Server]:
    initdb = [programs[1], "-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C"]
    made = subprocess.run(initdb, capture_output=True, text=True, check=False, cwd=data, user=owner)
    if made.returncode:
        raise Missing(f"initdb failed: {made.stderr[-500:]}")
    settings = {"listen_addresses": "127.0.0.1", "port": port, "max_connections": CONNECTIONS, "unix_socket_directories": ""}
    command = [programs[0], "-D", str(data), *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))]
    with process(command, data / "postgres.log", owner=owner) as running:
        await_port(port)
        _psql(port, _SCHEMA)
        yield Server(name, f"postgresql://bench@127.0.0.1:{port}/postgres", running.pid)


def _psql(port: int, statements: str) -> None:
    command = ["psql", "-h", "127.0.0.1", "-p", str(port), "-U", "bench", "-d", "postgres", "-q", "-v", "ON_ERROR_STOP=1", "-c", statements]
    subprocess.run(command, check=True, capture_output=True)


def pgbench(server: Server, agents: int, seconds: float) -> Measured:
    """One stretch of create, claim and complete. Times are a third of the three together."""
    with tempfile.TemporaryDirectory() as folder:
        script, log = Path(folder) / "script.sql", Path(folder) / "log"
        script.write_text(_SCRIPT)
        command = ["pgbench", "-n", "-M", "prepared", "-c", str(agents), "-j", "1", "-T", str(max(1, round(seconds))), "-f", str(script)]
        before, own = used(server.pids()), _children_s()
        command = ["taskset", "-c", str(GENERATOR_CORE), *command, "-l", f"--log-prefix={log}", server.url]
        subprocess.run(command, check=True, capture_output=True)
        spent, own = used(server.pids()) - before, _children_s() - own
        seconds_each = [int(line.split()[2]) / 1e6 / CALLS_A_SCRIPT for file in Path(folder).glob("log.*") for line in file.open()]
    lasted = max(1, round(seconds))
    ordered = array("d", sorted(seconds_each))
    p50, p99, p999 = (round(percentile(ordered, share) * 1000, 3) for share in (0.5, 0.99, 0.999))
    count = len(ordered) * CALLS_A_SCRIPT
    return Measured(
        work="changes",
        agents=agents,
        seconds=lasted,
        calls=Times(count, round(count / lasted, 1), p50, p99, p999),
        errors=0,
        first_error=None,
        generator_busy=round(own / lasted, 3),
        server_busy=round(spent.server_s / lasted, 3),
        foreign_busy=round(max(0.0, spent.machine_s - spent.server_s - own) / lasted, 3),
        server_us_per_call=round(spent.server_s / max(1, count) * 1e6, 1),
        prepared_s=0.0,
        server_kib=memory_kib(server.pids()),
        server_grew_kib=0,
    )


def _children_s() -> float:
    """Processor time of programs that were started and have ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime
