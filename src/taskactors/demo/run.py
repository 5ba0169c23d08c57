"""One demo from a plan file to an exit code."""

import json
import sys

import trio
from rich.console import Console

from .conductor import Conductor, Wishes
from .plan import Plan
from .screen import screen_for
from .summary import is_success, show, to_json
from .tally import Tally


def run(plan: Plan, wishes: Wishes, as_json: bool) -> int:
    """Carry it through and print the summary; 0 when every task is done, else 1. Raises Failed."""
    console = Console(soft_wrap=False)
    tally = Tally(plan)
    with screen_for(plan, console, as_json) as screen:
        outcome = trio.run(Conductor(plan, wishes, screen, tally).run)
    if as_json:
        json.dump(to_json(plan, outcome, tally), sys.stdout)
        sys.stdout.write("\n")
    else:
        show(console, plan, outcome, tally, kept=wishes.data is not None)
    return 0 if is_success(outcome) else 1
