"""The arguments that several commands share."""

from __future__ import annotations

import argparse


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the server is, for which project, and as whom to speak."""
    parser.add_argument("--url", help="the server: its data folder, control socket or ws:// address (default: found from here)")
    parser.add_argument("--project", help="project (default: $TASKACTORS_PROJECT, else default)")
    parser.add_argument("--agent", help="speak as this agent (default: $TASKACTORS_AGENT, else you, the person here)")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")


def positive(text: str) -> int:
    """A whole number from 1 up."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return number
