"""taskactors demo: a real server and six agents work a plan."""

from __future__ import annotations

import argparse
from pathlib import Path

from .errors import CliError, Usage

PACE_S = 3.0
WITHIN_S = 180.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", nargs="?", type=Path, metavar="PLAN", help="plan file (default: the example, docs/examples/team.toml)")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the data in this new folder (default: nothing is kept)")
    parser.add_argument("--pace", type=_seconds, default=PACE_S, metavar="S", help=f"seconds for an hour of work (default: {PACE_S:g})")
    parser.add_argument("--within", type=_seconds, default=WITHIN_S, metavar="S", help=f"give up after this long (default: {WITHIN_S:g})")
    parser.add_argument("--json", action="store_true", help="print the summary alone, as JSON")


def run(arguments: argparse.Namespace) -> int:
    from ..demo.conductor import Failed, Wishes
    from ..demo.example import example_plan
    from ..demo.plan_file import BadPlan, read_plan
    from ..demo.run import run as run_demo

    try:
        plan = read_plan(arguments.plan or example_plan())
    except BadPlan as bad:
        problems = [str(problem) for problem in bad.problems]
        raise Usage(f"{bad.path} is no plan", "mend it and run it again; the example shows how one is written", problems) from None
    try:
        return run_demo(plan, Wishes(data=arguments.data, pace_s=arguments.pace, within_s=arguments.within), as_json=arguments.json)
    except Failed as failed:
        raise CliError(str(failed)) from None


def _seconds(text: str) -> float:
    """A number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return number
