"""Writes the generated pages of the documentation; `--check` only says which are stale, and then exits 1."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from .pages import lifecycle, limits, tools

HERE = Path(__file__).parent

PAGES: Mapping[str, Callable[[], str]] = {"lifecycle.md": lifecycle.page, "limits.md": limits.page, "tools.md": tools.page}

MADE_FROM_CODE = "<!-- Made by docs/generate.py; a change made here would be overwritten. -->\n\n"


def main(arguments: list[str]) -> int:
    """Write every page, or with `--check` none."""
    if arguments not in ([], ["--check"]):
        print("usage: generate.py [--check]", file=sys.stderr)
        return 2
    stale = [name for name, page in PAGES.items() if _now(name) != _wanted(page)]
    if arguments:
        for name in stale:
            print(f"docs/{name} is stale; write it anew with `nox -s docs`")
        return 1 if stale else 0
    for name in stale:
        (HERE / name).write_text(_wanted(PAGES[name]), encoding="utf-8")
        print(f"wrote docs/{name}")
    return 0


def _wanted(page: Callable[[], str]) -> str:
    return MADE_FROM_CODE + page().rstrip() + "\n"


def _now(name: str) -> str | None:
    path = HERE / name
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
