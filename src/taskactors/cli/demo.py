"""taskactors demo: a real server and six agents work a plan."""

import argparse

from .errors import CliError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", nargs="?", help="plan file (default: the one that comes with taskactors)")
    parser.add_argument("--data", help="keep the server's data in this folder (default: a temporary one)")
    parser.add_argument("--pace", type=float, default=0.5, help="seconds that a minute of the plan's work takes (default: 0.5)")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON, and no table")


def run(arguments: argparse.Namespace) -> int:
    try:
        from ..demo import run_demo
    except ImportError as error:  # an incomplete installation
        raise CliError(f"the demo cannot be loaded ({error})", "install taskactors with all its dependencies") from None
    return run_demo(arguments.plan, arguments.data, arguments.pace, arguments.json)
