"""python -m bench.run [full|quick]: measure all of it, print the tables, and keep the figures under bench/results/."""

import argparse
import tempfile
import time
from pathlib import Path

from . import growth, walls
from .contests import FULL, OURS, QUICK, Manner, contests, field, idle_kib_per_agent, take_turns
from .report import page, written
from .results import Results, this_machine
from .tokens import tokens

HERE = Path(__file__).parent
RESULTS = HERE / "results"
README = HERE / "README.md"


def measure(manner: Manner) -> Results:
    """Everything, one after the other; what is compared is always in the same rounds."""
    results = Results(this_machine(), manner.name, time.strftime("%Y-%m-%d", time.gmtime()), tokens=tokens())
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        with field(folder) as servers:
            for contest, (turns, rounds) in contests(servers, manner).items():
                print(f"{contest}: {', '.join(turns)}", flush=True)
                results.contests[contest] = take_turns(turns, rounds)
            print("memory, commands", flush=True)
            results.idle_kib_per_agent = idle_kib_per_agent(servers)
            results.walls |= walls.take_turns(walls.commands(servers.server(OURS), folder), manner.walls)
            results.missing = servers.missing
        print(f"growth: {', '.join(f'{tasks:,}' for tasks in manner.over_tasks)} tasks", flush=True)
        growth.measure(results, folder, manner)
    return results


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.run", description="Measure a server against others, in turns.")
    parser.add_argument("manner", nargs="?", choices=["full", "quick"], default="full", help="fewer and shorter rounds")
    parser.add_argument("--record", action="store_true", help="write the tables into bench/README.md")
    arguments = parser.parse_args()
    results = measure(QUICK if arguments.manner == "quick" else FULL)
    results.write(RESULTS / f"{arguments.manner}.json")
    print(page(results))
    if arguments.record:
        README.write_text(written(README.read_text(), results))


if __name__ == "__main__":
    main()
