"""A command of taskactors in whose process some packages cannot be loaded before the test says so.

python tests/support/held_back.py PACKAGE,… COMMAND …

A line on standard input lets them in; "none" there says that they are missing; a line on standard output then says that this is known.
Whoever needs one on the main thread meanwhile fails, for that is where everybody else is served. When the command ends, what became
of the garbage collector is said on standard error.
"""

import gc
import json
import sys
import threading
from collections.abc import Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from attrs import define

from taskactors.cli import main

LET_IN_WITHIN_S = 60.0


class HeldBack:
    """Stands before everything that finds modules."""

    def __init__(self, packages: frozenset[str]) -> None:
        self.packages = packages
        self.decided = threading.Event()
        self.missing = False

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name not in self.packages:
            return None
        if not self.decided.is_set() and threading.current_thread() is threading.main_thread():
            raise AssertionError(f"{name} is loaded where everybody is served")
        spec = PathFinder.find_spec(name, path, target)
        assert spec is not None
        assert spec.loader is not None
        # Whoever waits right here would wait with the lock of all imports.
        spec.loader = Waiting(self, spec.loader)
        return spec

    def decide(self) -> None:
        self.missing = sys.stdin.readline().strip() == "none"
        self.decided.set()
        print("known", flush=True)


@define
class Waiting(Loader):
    """Loads a package when it may be loaded."""

    held: HeldBack
    loader: Loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        assert self.held.decided.wait(LET_IN_WITHIN_S)
        if self.held.missing:
            raise ModuleNotFoundError(f"No module named {module.__name__!r}", name=module.__name__)
        self.loader.exec_module(module)


if __name__ == "__main__":
    held = HeldBack(frozenset(sys.argv[1].split(",")))
    assert held.packages.isdisjoint(sys.modules)
    sys.meta_path.insert(0, held)
    threading.Thread(target=held.decide, daemon=True).start()
    code = main(sys.argv[2:])
    print(json.dumps({"collects": gc.isenabled(), "frozen": gc.get_freeze_count()}), file=sys.stderr)
    sys.exit(code)
