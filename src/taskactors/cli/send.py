"""taskactors send: tell an agent, a role or everybody."""

from __future__ import annotations

import argparse

from .arguments import add_server_arguments, positive
from .escaping import escaped
from .server import Session


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_server_arguments(parser)
    parser.add_argument("to", help="an agent, role:qa, or all")
    parser.add_argument("text")
    parser.add_argument("--code", help="task it is about")
    parser.add_argument("--type", help="question, comment, handoff, … (default: comment)")
    parser.add_argument("--importance", choices=("low", "normal", "high", "urgent"))
    parser.add_argument("--reply-to", type=positive, metavar="ID", help="message that this answers")


def run(arguments: argparse.Namespace) -> int:
    with Session(arguments) as session:
        answer = session.call(
            "send_message",
            to=arguments.to,
            content=arguments.text,
            code=arguments.code,
            message_type=arguments.type,
            importance=arguments.importance,
            reply_to=arguments.reply_to,
        )
    if arguments.json:
        from .shown import show_json

        show_json(answer)
    else:
        print(escaped(f"Message {answer['id']} is kept for {answer['target_agent_name']} until it is read."))
    return 0
