"""Run seeds by hand: `python -m tests.simulation SEED` prints a whole run, `FIRST LAST` runs a range on all cores."""

import sys
from collections.abc import Sequence

from tests.simulation.many import tried
from tests.simulation.world import Told, told_of

SAY_EVERY = 1000


def main(arguments: Sequence[str]) -> int:
    """The exit code is 1 when anything was found."""
    match [int(each) for each in arguments]:
        case [seed]:
            told = told_of(seed)
            print(*told.lines, told, sep="\n")
            return 1 if told.findings else 0
        case [first, last]:
            figures = tried(range(first, last + 1), tell=_say)
            print(figures)
            return 1 if figures.failing else 0
    print("usage: python -m tests.simulation SEED | FIRST LAST", file=sys.stderr)
    return 2


def _say(told: Told) -> None:
    """Failures at once, and now and then how far it is."""
    if told.findings:
        print(told, flush=True)
    elif told.seed % SAY_EVERY == 0:
        print(f"seed {told.seed}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
