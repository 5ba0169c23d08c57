"""taskactors send: tell an agent, a role or everybody."""

import argparse

from .server import Server, add_server_arguments
from .shown import escaped, show_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument("to", help="an agent, role:qa, or all")
    parser.add_argument("text")
    parser.add_argument("--code", help="task it is about")
    parser.add_argument("--type", help="question, comment, handoff, … (default: comment)")
    parser.add_argument("--importance", choices=("low", "normal", "high", "urgent"))
    parser.add_argument("--reply-to", type=int, metavar="ID")


def run(arguments: argparse.Namespace) -> int:
    answer = Server(arguments).call(
        "send_message",
        to=arguments.to,
        content=arguments.text,
        code=arguments.code,
        message_type=arguments.type,
        importance=arguments.importance,
        reply_to=arguments.reply_to,
    )
    if arguments.json:
        show_json(answer)
    else:
        print(escaped(f"Message {answer['id']} is in the inbox of {answer['target_agent_name']}."))
    return 0
