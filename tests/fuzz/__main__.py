"""Attack a server by hand: `python -m tests.fuzz [COUNT [SEED]] [--surface NAME] [--minutes M] [--shrink]`.

The exit code is 1 when anything was found. What a piece of a run found is drawn again by its seed: `500 SEED`; with `--shrink` the
first finding is made as small as it gets.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.run import PIECE, SHARES, run


def main(arguments: Sequence[str]) -> int:
    """Run, say what was found; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Attack a server of its own with hostile input.")
    parser.add_argument("count", type=int, nargs="?", default=100_000, help="attacks (default 100,000)")
    parser.add_argument("seed", type=int, nargs="?", default=1, help=f"of the first piece of {PIECE} attacks (default 1)")
    parser.add_argument("--surface", choices=sorted(SHARES), help="attack this one alone")
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after this long (default 60)")
    parser.add_argument("--shrink", action="store_true", help="make the first finding as small as it gets")
    asked = parser.parse_args(arguments)
    shares = {asked.surface: 1} if asked.surface else SHARES
    with tempfile.TemporaryDirectory() as folder:
        report = run(Path(folder), asked.count, asked.seed, shares, within_s=60 * asked.minutes, shrink=asked.shrink, say=_say)
    print(report)
    return 1 if report.findings else 0


def _say(what: str) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
