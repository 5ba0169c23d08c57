"""The sessions of this project: the two that `./run check` runs, and those that a developer runs beside them."""

import hashlib
import shutil
from pathlib import Path

import nox

LOCK = "requirements-dev.lock"
BENCH_LOCK = "requirements-bench.lock"
CLIENTS = Path("tests/clients")

# The machines that check this have two cores; more test processes would only fight over them and over the disk's flushes.
TEST_PROCESSES = 2

# The first seeds of these are what the suite runs each time; the rest takes some ten minutes of two cores.
SIMULATED = ("0", "19999")

nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "tests"]


@nox.session
def lint(session: nox.Session) -> None:
    """Style, layers and types; and, for the reader's interest alone, what is longer than wanted."""
    _install(session)
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", "--no-logo")
    session.run("mypy")
    session.run("python", "-m", "tests.test_tidy")


@nox.session
def tests(session: nox.Session) -> None:
    """The whole suite, in parallel; arguments go to pytest (`nox -s tests -- tests/runtime -k stop`)."""
    _install(session)
    session.run("pytest", f"--numprocesses={TEST_PROCESSES}", "--dist=worksteal", *session.posargs)


@nox.session(default=False)
def crash(session: nox.Session) -> None:
    """The long regime of the crash tests, one at a time: each wants the disk for itself."""
    _install(session)
    session.run("pytest", "tests/crash", "--long", *session.posargs)


@nox.session(default=False)
def simulate(session: nox.Session) -> None:
    """Many simulated runs on all cores, naming the seeds that fail (`nox -s simulate -- 0 999` runs those seeds)."""
    _install(session)
    session.run("python", "-m", "tests.simulation", *(session.posargs or SIMULATED))


@nox.session(default=False)
def browser(session: nox.Session) -> None:
    """Pages of strangers in a real browser, which the whole suite leaves out where there is none."""
    if shutil.which("chromium") is None:
        session.error("there is no chromium here: apt-get update && apt-get install -y chromium")
    _install(session)
    session.run("pytest", "tests/browser", *session.posargs)


@nox.session(default=False)
def conformance(session: nox.Session) -> None:
    """The official conformance suite, whole, against the product with the suite's fixtures (`-- --broken` shows that it can fail)."""
    _install(session)
    session.run("python", "-m", "tests.conformance", *session.posargs)


@nox.session(default=False)
def clients(session: nox.Session) -> None:
    """Every kind of client through a full day, on each of its ways and in each of its eras; at the end a table (`-- -k fastmcp`)."""
    _install(session)
    session.run("pytest", "tests/clients", "--long", f"--numprocesses={TEST_PROCESSES}", "--dist=worksteal", *session.posargs)


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Write the generated pages of docs/ anew; the tests refuse stale ones."""
    _install(session)
    session.run("python", "-m", "docs.generate", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure (`-- quick` in two minutes); `-- gate`, `-- profile`, `-- soak MINUTES`, and `-- record` for bench/README.md."""
    _install(session)
    session.install("--require-hashes", "--requirement", BENCH_LOCK)
    session.run("python", "-m", "bench.run", *session.posargs)


@nox.session(default=False)
def lock(session: nox.Session) -> None:
    """Pin what pyproject.toml asks for; `-- --upgrade` moves to the newest versions, else only what must change does."""
    session.install("uv")
    _pin(session, LOCK, "pyproject.toml", "--extra=dev", *session.posargs)
    # What a server runs on is what the tests ran on, so the smaller locks take their versions from the large one.
    _pin(session, "requirements.lock", "pyproject.toml", "--extra=build", f"--constraints={LOCK}")
    _pin(session, BENCH_LOCK, "pyproject.toml", "--extra=bench", f"--constraints={LOCK}")
    _pin(session, "requirements-sessions.lock", "--group=sessions", f"--constraints={LOCK}")
    for client in sorted(CLIENTS.glob("python/*.in")):
        _pin(session, str(client.with_suffix(".lock")), str(client), *session.posargs)


def _pin(session: nox.Session, lock: str, *what: str) -> None:
    # Universal: one lock for every platform and Python. No index, path or date gets into the file.
    session.run(
        *("uv", "pip", "compile", "--quiet", "--universal", "--python-version=3.11", "--generate-hashes"),
        *("--no-annotate", "--no-header", "--no-emit-index-url", "--no-emit-find-links", f"--output-file={lock}", *what),
    )


def _install(session: nox.Session) -> None:
    """Install what the lock pins, and the project itself without a network; nothing to do when that was done before."""
    # uv makes no bytecode, and a machine may forbid Python to keep any: then each server, command and test process of a session would
    # compile for a second before it begins, as no installed program does.
    session.env.update(PYTHONDONTWRITEBYTECODE="", PYTHONPYCACHEPREFIX=str(Path(session.virtualenv.location).resolve() / "bytecode"))
    stamp = Path(session.virtualenv.location) / "installed"
    wanted = hashlib.sha256(Path(LOCK).read_bytes() + Path("pyproject.toml").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    session.install("--require-hashes", "--requirement", LOCK)
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")
    stamp.write_text(wanted)
