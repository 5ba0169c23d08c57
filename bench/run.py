"""python -m bench.run [full|quick|gate|profile|soak|record]: measures, prints, and keeps the figures under bench/results/."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from . import gate, growth, soak, walls
from .contests import FULL, OURS, QUICK, TEAM, Field, Manner, contests, field, idle_kib_per_agent, take_turns
from .generator import load
from .profiling import profile
from .report import page, table, written
from .results import Results, read_results, this_machine
from .servers import Missing, taskactors
from .tokens import tokens

HERE = Path(__file__).parent
RESULTS = HERE / "results"
README = HERE / "README.md"
RECORD, SOAK = RESULTS / "full.json", RESULTS / "soak.json"
SOAK_MINUTES = 30.0
MODULES_SHOWN = 25


def measure(manner: Manner) -> Results:
    """Everything, one after the other; what is compared is always in the same rounds."""
    results = Results(this_machine(), manner.name, time.strftime("%Y-%m-%d", time.gmtime()), tokens=tokens())
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with field(folder) as servers:
            for contest, (turns, rounds) in contests(servers, manner).items():
                _say(f"{contest}: {', '.join(turns)}")
                results.contests[contest] = take_turns(turns, rounds)
            _measure_ours(results, servers, manner)
            results.missing = servers.missing
        _say(f"growth: {', '.join(f'{tasks:,}' for tasks in manner.over_tasks)} tasks")
        growth.measure(results, folder, manner)
    return results


def _measure_ours(results: Results, servers: Field, manner: Manner) -> None:
    """What is asked of one server alone."""
    _say("where the time goes")
    try:
        results.stages_us = dict(profile(servers.server(OURS), 5 * manner.seconds).stages_us)
    except Missing as missing:
        servers.missing["where the time goes"] = str(missing)
    _say("memory of idle agents, commands")
    results.idle_kib_per_agent = round(idle_kib_per_agent(servers), 1)
    results.walls |= walls.take_turns(walls.commands(servers.server(OURS), servers.folder), manner.walls)


def _say(what: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {what}", flush=True)


def run_all(manner: Manner) -> int:
    began = time.monotonic()
    results = measure(manner)
    file = RESULTS / f"{manner.name}.json"
    results.write(file)
    print(page(results))
    _draw(results)
    _say(f"{(time.monotonic() - began) / 60:.1f} minutes; kept in {file.relative_to(HERE.parent)}")
    return 0


def _draw(results: Results) -> None:
    try:
        from .plots import draw
    except ImportError:
        print("no plots: matplotlib is not installed here; nox -s bench installs it")
        return
    for drawn in draw(results, RESULTS):
        print(f"drawn: {drawn.relative_to(HERE.parent)}")


def run_profile() -> int:
    """Where a change's time goes, by stage and by module."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, taskactors(Path(folder)) as server:
        # What is loaded and made once is no call's.
        load(server, "changes", TEAM, 1.0)
        growth.settle(server)
        found = profile(server)
    whole = sum(found.stages_us.values())
    print(table(("stage", "µs", "share"), [[name, f"{cost:.1f}", f"{cost / whole:.1%}"] for name, cost in found.stages_us.items()]))
    print()
    shown = list(found.modules.items())[:MODULES_SHOWN]
    print(table(("module", "share"), [[name, f"{share:.1%}"] for name, share in shown]))
    return 0


def record() -> int:
    """Write the tables and plots of the full run into bench/README.md."""
    results = read_results(RECORD)
    README.write_text(written(README.read_text(), results, soak.kept_in(SOAK)))
    _draw(results)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description="Measure the server against others, in turns.")
    actions = parser.add_subparsers(dest="action")
    actions.add_parser("full", help="all of it (the default)")
    actions.add_parser("quick", help="all of it in fewer and shorter rounds, on smaller boards")
    gating = actions.add_parser("gate", help="fail when about half of the speed of record is gone")
    gating.add_argument("--slowed", action="store_true", help="on a server that may only run for half of the time: this has to fail")
    actions.add_parser("profile", help="where a change's time goes")
    soaking = actions.add_parser("soak", help="whether latency, memory and file grow with time alone")
    soaking.add_argument("minutes", nargs="?", type=float, default=SOAK_MINUTES, help=f"how long (default: {SOAK_MINUTES:g})")
    actions.add_parser("record", help="write the figures of the last full run into bench/README.md")
    arguments = parser.parse_args()
    match arguments.action:
        case "gate":
            return gate.run(read_results(RECORD), arguments.slowed)
        case "profile":
            return run_profile()
        case "soak":
            return soak.run(arguments.minutes, SOAK)
        case "record":
            return record()
        case "quick":
            return run_all(QUICK)
        case _:
            return run_all(FULL)


if __name__ == "__main__":
    sys.exit(main())
