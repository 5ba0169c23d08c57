"""Apart: work on a data file by another process, because some damage kills whoever meets it, and to leave this one's loop free."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable

from .errors import EngineFault

KILLED_BY_DAMAGE = (signal.SIGBUS, signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)
"""How a process ends that met damage: a page that is not there, a wild pointer, an assertion of LMDB's. Other signals are sent."""

LOOK_EVERY_S = 0.1
"""How soon a child is ended when nobody wants its work any more."""


class Abandoned(Exception):
    """Nobody wanted it any more; the child was ended."""


def findings_of(module: str, *arguments: str, wanted: Callable[[], bool] | None = None) -> list[str]:
    """What a module, run by a Python of its own, prints, a line each. One that dies of damage has found that.

    Raises EngineFault when it did not come to its end, Abandoned when `wanted` says no meanwhile.
    """
    # It must find what we found, however we were started.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONIOENCODING": "utf-8:replace"}
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        env=environment,
    )
    with child:
        said, errors = _heard_to_the_end(child, wanted)
    if child.returncode < 0 and -child.returncode in KILLED_BY_DAMAGE:
        return [f"reading it ends a process with {signal.Signals(-child.returncode).name}"]
    if child.returncode != 0:
        raise EngineFault(f"{module} did not come to its end ({_last_words(child.returncode, errors)}); start again to repeat it")
    return said.splitlines()


def _heard_to_the_end(child: "subprocess.Popen[str]", wanted: Callable[[], bool] | None) -> tuple[str, str]:
    while True:
        try:
            if wanted is not None and not wanted():
                raise Abandoned
            return child.communicate(timeout=LOOK_EVERY_S if wanted else None)
        except subprocess.TimeoutExpired:
            continue
        except BaseException:
            child.kill()
            raise


def _last_words(code: int, errors: str) -> str:
    if code < 0:
        return f"stopped by {signal.Signals(-code).name}"
    lines = errors.strip().splitlines()
    return lines[-1] if lines else f"exit code {code}"
