"""taskactors inbox: read your messages, and confirm what was shown."""

from __future__ import annotations

import argparse
import sys

from .arguments import add_server_arguments, positive
from .errors import CliError, Usage
from .escaping import escaped
from .server import Session
from .shown import moment, show_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SHOWN = 20
PAGE = 100
"""The most that one call answers."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument("--limit", type=positive, help=f"show so many at most (default: {SHOWN}; with --all no limit)")
    parser.add_argument("--all", action="store_true", help="everything kept, also what was read; confirms nothing")
    parser.add_argument("--keep", action="store_true", help="do not confirm: the same is shown again next time")
    parser.add_argument(
        "--hook", action="store_true", help="as a coding agent's hook: tell it of new mail in its own form; confirms nothing"
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.hook:
        return _run_hook(arguments)
    if not arguments.all and (arguments.limit or 0) > PAGE:
        # A cursor confirms all before it, so a second page could only be had by confirming the first one unseen.
        raise Usage(
            f"--limit {arguments.limit} is more than one answer holds", f"use --limit {PAGE} and run it again for the rest, or --all"
        )
    with Session(arguments) as session:
        answer = _everything(session, arguments.limit) if arguments.all else session.call("read_inbox", limit=arguments.limit or SHOWN)
        _show(answer, arguments)
        if answer["items"] and not arguments.all and not arguments.keep:
            _confirm(session, answer["next_cursor"], arguments.json)
    return 0


def _run_hook(arguments: argparse.Namespace) -> int:
    from .inbox_hook import run_hook

    if arguments.all or arguments.keep or arguments.json:
        # Not the code for wrong usage: clients take that one for an order to hold the agent up.
        raise CliError("--hook goes with none of --all, --keep and --json", "leave those out: a hook confirms nothing, and answers JSON")
    return run_hook(arguments, min(arguments.limit or SHOWN, PAGE))


def _confirm(session: Session, cursor: str, as_json: bool) -> None:
    # Out of our hands first: what nobody saw must not count as read.
    sys.stdout.flush()
    after = session.call("read_inbox", cursor=cursor, limit=1)
    if after["items"] and not as_json:
        print("There is more: run it again.")


def _show(answer: dict[str, Any], arguments: argparse.Namespace) -> None:
    if arguments.json:
        show_json(answer)
    elif answer["items"]:
        for message in answer["items"]:
            _show_message(message)
    else:
        print("Nothing is kept." if arguments.all else "Nothing new.")


def _everything(session: Session, limit: int | None) -> dict[str, Any]:
    items: list[Any] = []
    cursor = None
    while limit is None or len(items) < limit:
        asked = PAGE if limit is None else min(PAGE, limit - len(items))
        answer = session.call("read_inbox", unread_only=False, limit=asked, cursor=cursor)
        items += answer["items"]
        cursor = answer["next_cursor"]
        if len(answer["items"]) < asked:
            break
    return {"items": items, "next_cursor": cursor}


def _show_message(message: dict[str, Any]) -> None:
    about = f" [{message['task_code']}]" if message.get("task_code") else ""
    urgent = f" ({message['importance']})" if message.get("importance") else ""
    answers = f", answers #{message['reply_to_message_id']}" if message.get("reply_to_message_id") else ""
    who = f"{message['author_agent_name']} → {message['target_agent_name']}"
    print(escaped(f"#{message['id']} {moment(message['created_at'])} {who} {message['message_type']}{urgent}{about}{answers}"))
    print("  " + escaped(message["content"], lines=True).replace("\n", "\n  "))
