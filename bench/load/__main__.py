"""python -m bench.load --url URL --agents 64 --seconds 5 --work changes: one line of JSON with what that gave."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence

import uvloop

from bench.processor import pin

from .asking import Refused
from .crowd import Lost, Order, measure
from .measured import printed
from .work import WORKS


def ordered(arguments: Sequence[str] | None = None) -> tuple[Order, int | None]:
    """What the command line asks for, and the core to do it on."""
    parser = argparse.ArgumentParser(prog="python -m bench.load", description="Load one server with agents in a closed loop.")
    parser.add_argument("--url", required=True, help="where it listens, as in ws://127.0.0.1:8765/mcp")
    parser.add_argument("--work", choices=list(WORKS), default="changes", help="what each agent does (default: changes)")
    parser.add_argument("--agents", type=int, default=64, metavar="N", help="connections, each with one request at a time (default: 64)")
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="how long is measured (default: 5)")
    parser.add_argument("--token", help="what lets the agents in (default: nothing)")
    parser.add_argument("--prefix", default="agent", help="what the agents' names begin with (default: agent)")
    parser.add_argument("--parked", type=int, default=0, metavar="N", help="more agents that only wait for a message")
    parser.add_argument("--pairs", type=int, default=0, metavar="N", help="pairs that time how soon one hears of what the other does")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="core to stay on (default: the last)")
    parser.add_argument("--pid", type=int, action="append", default=[], dest="pids", help="a process of the server, to see its work")
    given = parser.parse_args(arguments)
    core = given.core
    del given.core
    return Order(**vars(given)), core


def main() -> int:
    order, core = ordered()
    pin(core)
    # Nothing here makes cycles; a collection would be timed as the server's.
    gc.freeze()
    gc.disable()
    try:
        print(printed(uvloop.run(measure(order))))
    except (Lost, Refused, OSError) as why:
        print(f"bench.load: {why}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
