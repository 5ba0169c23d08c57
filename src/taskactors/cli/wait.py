"""taskactors wait: block until there is work, mail or news; for hooks and shells, where waiting costs nothing."""

from __future__ import annotations

import argparse

from .arguments import add_server_arguments, positive
from .errors import FAILED
from .escaping import escaped
from .server import ANSWER_WITHIN_S, Session
from .shown import show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LONGEST_S = 3600

WORK, MAIL, NEWS = "work", "mail", "news"
METHODS = {"discover_work": WORK, "read_inbox": MAIL, "get_changes": NEWS}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument(
        "--for",
        dest="wanted",
        action="append",
        choices=(WORK, MAIL, NEWS),
        help="what to wait for; may be given again (default: work and mail)",
    )
    parser.add_argument("--within", type=positive, default=LONGEST_S, metavar="S", help="give up after so many seconds (default: 3600)")


def run(arguments: argparse.Namespace) -> int:
    """0 when something came, 1 when the time was over first. Nothing is taken and no mail is confirmed."""
    within_s = min(arguments.within, LONGEST_S)
    wanted = arguments.wanted or [WORK, MAIL]
    asked: dict[str, dict[str, Any]] = {
        "discover_work": {"max_tasks": 5, "wait_s": within_s},
        "read_inbox": {"limit": 5, "wait_s": within_s},
        "get_changes": {"cursor": "now", "limit": 5, "wait_s": within_s},
    }
    with Session(arguments, within_s + ANSWER_WITHIN_S) as session:
        method, answer = session.first_of(*((name, given) for name, given in asked.items() if METHODS[name] in wanted))
    came = METHODS[method] if answer["items"] else None
    if arguments.json:
        show_json({"came": came, "items": answer["items"]})
    else:
        _show(came, answer["items"])
    return 0 if came else FAILED


def _show(came: str | None, items: list[dict[str, Any]]) -> None:
    match came:
        case "work":
            print("Work: " + escaped(", ".join(f"{task['code']} ({task['name']})" for task in items)))
        case "mail":
            print("Mail: " + escaped(", ".join(f"{message['message_type']} from {message['author_agent_name']}" for message in items)))
        case "news":
            print("News: " + escaped(", ".join(f"{event['kind']} of {event['subject']} by {event['by']}" for event in items)))
        case _:
            print("Nothing came.")
