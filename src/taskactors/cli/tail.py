"""taskactors tail: what happens, a line each, as it happens."""

from __future__ import annotations

import argparse
import sys

from .arguments import add_server_arguments, positive
from .errors import Refused
from .escaping import escaped
from .server import ANSWER_WITHIN_S, Session
from .shown import moment, show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WAIT_S = 3600
PAGE = 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument("--code", help="only what happens to this task")
    parser.add_argument("--all", action="store_true", help="everything since the beginning first")
    parser.add_argument("--count", type=positive, help="end after so many lines (default: never)")


def run(arguments: argparse.Namespace) -> int:
    """Until it is interrupted, or has shown as many lines as were asked for."""
    cursor, left = None if arguments.all else "now", arguments.count
    with Session(arguments, WAIT_S + ANSWER_WITHIN_S) as session:
        while left is None or left > 0:
            limit = PAGE if left is None else min(PAGE, left)
            try:
                answer = session.call("get_changes", cursor=cursor, code=arguments.code, limit=limit, wait_s=WAIT_S, max_tokens=20_000)
            except Refused as no:
                if no.code != "cursor_expired":
                    raise
                # Old history was dropped under a slow reader, who goes on with what there is and is told.
                print(f"taskactors: {escaped(no.cause)}", file=sys.stderr)
                cursor = no.facts["next_cursor"]
                continue
            for event in answer["items"]:
                _show(event, arguments.json)
            sys.stdout.flush()
            cursor = answer["next_cursor"]
            left = None if left is None else left - len(answer["items"])
    return 0


def _show(event: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(event)
        return
    acting = f" for {event['acting_for']}" if event.get("acting_for") else ""
    told = ", ".join(f"{name}={value}" for name, value in event["data"].items() if value not in (None, "", []))
    print(escaped(f"{moment(event['at'])} #{event['seq']} {event['kind']} {event['subject']} by {event['by']}{acting}: {told}"))
