"""The gate: one short run against the echo and the SQLite peer, which fails when the server has lost about half of its speed.

What it is held to are the ratios of record. A share of them is asked for that neighbours do not take away by chance, and that a
server twice as slow does not reach; and a run that fails is taken again, for chance does not fail twice.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

from .contests import ECHO, OURS, SDK, TEAM, against, field, take_turns
from .results import Results
from .rounds import Kept, kept, per_second
from .slowing import slowed

ASKED_FOR = 0.65
ROUNDS, SECONDS = 5, 1.5


def findings(rounds: Kept, record: Results) -> Iterator[str]:
    """What has become slower than may be, a line each."""
    then = record.contest("team")
    if then is None:
        yield "the results of record have no contest at 64 agents"
        return
    for peer in (ECHO, SDK):
        now, was = rounds.ratio(OURS, peer, per_second), then.ratio(OURS, peer, per_second)
        if now < ASKED_FOR * was:
            yield f"{now:.2f}× {peer}, where it was {was:.2f}×; at least {ASKED_FOR * was:.2f}× is asked for"


def run(record: Results, twice_as_slow: bool) -> int:
    """Measure, say what was found, and return the exit code."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, field(Path(folder)) as servers:
        turns = against(servers, [OURS, ECHO, SDK], TEAM, SECONDS)
        with slowed(servers.server(OURS).pid) if twice_as_slow else nullcontext():
            found = [""]
            for attempt in (1, 2):
                rounds = kept(take_turns(turns, ROUNDS))
                for peer in (ECHO, SDK):
                    print(f"run {attempt}: {rounds.ratio(OURS, peer, per_second):.2f}× {peer}", flush=True)
                found = list(findings(rounds, record))
                if not found:
                    break
    for each in found:
        print(f"slower: {each}", file=sys.stderr)
    return 1 if found else 0
