"""The whole suite against a server under test, as a table: `python -m tests.conformance [--broken]`.

The exit code is 1 unless all of it passed.
"""

import sys

from tests.clients.environments import NoEnvironment
from tests.conformance.judging import Verdict, judged, under_test

RUNS = {
    "required by 2026-07-28": ("--requirements", "2026-07-28"),
    "required by 2025-11-25": ("--requirements", "2025-11-25"),
    "all there is": ("--suite", "all"),
}
"""Each of the first two also runs what it does not score; whatever fails of that fails here too."""

COLUMNS = f"{'':24}{'scenarios':>10}{'passed':>8}{'failed':>8}{'warned':>8}{'skipped':>9}"


def main(arguments: list[str]) -> int:
    """Run everything and print it; the exit code."""
    try:
        with under_test(*arguments) as url:
            verdicts = {name: judged(url, *which) for name, which in RUNS.items()}
    except NoEnvironment as no:
        print(no)
        return 1
    print(COLUMNS)
    for name, verdict in verdicts.items():
        print(_row(name, verdict))
    wrong = [verdict for verdict in verdicts.values() if not verdict.passed]
    for verdict in wrong:
        print("\n".join(verdict.failures) or verdict.printed)
    return 1 if wrong else 0


def _row(name: str, verdict: Verdict) -> str:
    checks = verdict.checks
    counts = f"{checks['SUCCESS']:>8}{checks['FAILURE']:>8}{checks['WARNING']:>8}{checks['SKIPPED']:>9}"
    return f"{name:24}{verdict.scenarios:>10}{counts}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
