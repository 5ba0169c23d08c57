"""Checked: everything that must be true of a data folder that nobody has open, by a process of its own."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from attrs import frozen

from ..storage.apart import findings_of
from ..storage.engine import Snapshot
from ..storage.verification import verify
from . import audit
from .chain import read_head


@frozen
class Checked:
    """What was found wrong, a line each, and the number of the last event."""

    findings: tuple[str, ...]
    events: int


def checked(folder: Path, wanted: Callable[[], bool] | None = None) -> Checked:
    """Check bytes, structure, checksums and every rule of the board. Raises EngineFault, and Abandoned when not wanted any more."""
    lines = findings_of(__name__, str(folder), wanted=wanted)
    try:
        said = json.loads(lines[-1])
        return Checked(tuple(said["findings"]), int(said["events"]))
    except (ValueError, LookupError, TypeError):
        return Checked(tuple(lines), 0)


def main() -> None:
    """Print what is wrong with the folder that is named, as JSON."""
    events: list[int] = []

    def found(snapshot: Snapshot) -> list[str]:
        events.append(read_head(snapshot).seq)
        return audit.findings(snapshot)

    findings = verify(Path(sys.argv[1]), found)
    print(json.dumps({"findings": findings, "events": events[-1] if events else 0}))


if __name__ == "__main__":
    main()
