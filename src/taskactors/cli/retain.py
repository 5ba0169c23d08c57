"""taskactors retain: drop history that nobody needs any more, now rather than once a day."""

from __future__ import annotations

import argparse

from .arguments import add_server_arguments, positive
from .escaping import escaped
from .server import Session
from .shown import show_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument("--keep-days", type=positive, metavar="DAYS", help="keep what is younger (default: 90)")
    parser.add_argument("--keep-events", type=positive, metavar="N", help="keep the last N events (default: 10000)")


def run(arguments: argparse.Namespace) -> int:
    with Session(arguments) as session:
        answer = session.call_as_person("admin.retain", keep_days=arguments.keep_days, keep_events=arguments.keep_events)
    if arguments.json:
        show_json(answer)
        return 0
    print(f"Dropped {answer['dropped']} events; the log begins at event {answer['first_seq']} now and has {answer['events']}.")
    if "held_back_by" in answer:
        print(escaped(f"What comes then stays because of {answer['held_back_by']}."))
    return 0
