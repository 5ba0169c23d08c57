"""Judging: runs the official conformance suite against a server under test, and counts what it found."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import frozen

from tests.clients.environments import conformance

ROOT = Path(__file__).parent.parent.parent

JUDGED_WITHIN_S = 300
"""The suite needs some ten seconds; each of its scenarios gives up by itself after thirty."""

STOPPED_WITHIN_S = 10


@frozen(kw_only=True)
class Verdict:
    """What one run of the suite found. It passed only if nothing at all failed, scored or not, and it checked something."""

    scenarios: int
    checks: Counter[str]
    failures: tuple[str, ...]
    exit_code: int
    printed: str

    @property
    def passed(self) -> bool:
        return self.exit_code == 0 and not self.failures and self.checks["SUCCESS"] > 0


@contextmanager
def under_test(*arguments: str) -> Iterator[str]:
    """The MCP address of a server under test, a process of its own for the time of the block."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.conformance.server", f"{folder}/data", *arguments]
        log = Path(folder, "log")
        with log.open("w") as errors, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                assert line, f"the server under test did not start: {log.read_text()}"
                yield json.loads(line)["http"]
            finally:
                process.terminate()
                try:
                    process.wait(STOPPED_WITHIN_S)
                finally:
                    process.kill()


def judged(url: str, *which: str) -> Verdict:
    """The verdict on the server at that address over the scenarios that these options of the suite choose. Raises NoEnvironment."""
    node, program = conformance()
    with TemporaryDirectory() as folder:
        command = [str(node), str(program), "server", "--url", url, "--output-dir", folder, *which]
        run = subprocess.run(command, capture_output=True, text=True, timeout=JUDGED_WITHIN_S, check=False)
        found = {each.parent.name: json.loads(each.read_text()) for each in sorted(Path(folder).glob("*/checks.json"))}
    return Verdict(
        scenarios=len(found),
        checks=Counter(check["status"] for checks in found.values() for check in checks),
        failures=tuple(f"{name}: {failure}" for name, checks in found.items() for failure in _failures(checks)),
        exit_code=run.returncode,
        printed=run.stdout + run.stderr,
    )


def _failures(checks: Sequence[dict[str, Any]]) -> Iterator[str]:
    for check in checks:
        if check["status"] == "FAILURE":
            yield f"{check['id']}: {check.get('errorMessage', check['description'])}"
