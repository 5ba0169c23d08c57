"""The command line. Short commands need the standard library alone, so that they answer at once."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 1 refused or failed, 2 wrong usage, 3 no server."""
    import sys

    from .commands import run

    return run(list(sys.argv[1:] if argv is None else argv))
