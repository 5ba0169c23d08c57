"""taskactors agents: who is on the team, and who coordinates it."""

import argparse

from .server import Server, add_server_arguments
from .shown import escaped, show_json, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|promote")
    listing = actions.add_parser("list", help="show the team", allow_abbrev=False)
    add_server_arguments(listing)
    promote = actions.add_parser("promote", help="make an agent a coordinator", allow_abbrev=False)
    add_server_arguments(promote)
    promote.add_argument("name")
    promote.add_argument("--revoke", action="store_true", help="take it back")


def run(arguments: argparse.Namespace) -> int:
    server = Server(arguments)
    if arguments.action == "promote":
        answer = server.call("admin.promote_agent", agent_name=arguments.name, coordinator=not arguments.revoke)
        line = f"{answer['name']} is {'a coordinator' if answer.get('coordinator') else 'no coordinator'} now."
    else:
        answer = server.call("admin.list_agents")
        line = ""
    if arguments.json:
        show_json(answer)
    elif line:
        print(escaped(line))
    else:
        rows = [
            (
                agent["name"],
                agent["role"],
                "coordinator" if agent.get("coordinator") else "not registered yet" if agent.get("provisional") else "",
                ", ".join(agent["holding"]),
                ", ".join(agent["capabilities"]),
            )
            for agent in answer["items"]
        ]
        print(table(("NAME", "ROLE", "", "HOLDS", "CAN DO"), rows) if rows else "Nobody is on the team yet.")
    return 0
