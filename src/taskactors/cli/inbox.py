"""taskactors inbox: read your messages, and confirm what was shown."""

import argparse

from .server import Server, add_server_arguments
from .shown import escaped, moment, show_json

SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument("--limit", type=int, default=SHOWN)
    parser.add_argument("--all", action="store_true", help="everything kept, also what was read; confirms nothing")
    parser.add_argument("--keep", action="store_true", help="do not confirm: the same is shown again next time")


def run(arguments: argparse.Namespace) -> int:
    server = Server(arguments)
    answer = server.call("read_inbox", limit=arguments.limit, unread_only=not arguments.all)
    if arguments.json:
        show_json(answer)
    else:
        for message in answer["items"]:
            about = f" [{message['task_code']}]" if message.get("task_code") else ""
            urgent = f" ({message['importance']})" if message.get("importance") else ""
            head = f"#{message['id']} {moment(message['created_at'])} {message['author_agent_name']} → {message['target_agent_name']}"
            print(escaped(f"{head} {message['message_type']}{urgent}{about}"))
            print("  " + escaped(message["content"], lines=True).replace("\n", "\n  "))
        if not answer["items"]:
            print("Nothing new.")
    if answer["items"] and not arguments.all and not arguments.keep:
        # After it was shown: what nobody saw must not count as read.
        server.call("read_inbox", cursor=answer["next_cursor"], limit=1)
    return 0
