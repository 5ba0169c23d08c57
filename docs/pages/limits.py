"""The page of limits: what is bounded for those who use and run a server, with the values that the code has."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from taskactors.actors import access, depth, in_hand, pace, patience, project, projects
from taskactors.actors.argument_schema import input_schema
from taskactors.actors.tools import TOOLS
from taskactors.board import additions, change, circles, commands, crowding, graph, listing, messages, reservations, tasks
from taskactors.board.requests import fields
from taskactors.domain import claiming, failing, finishing
from taskactors.domain.task import DEPENDENCIES_LIMIT
from taskactors.mcp_server import bodies, connection, over_http, peer, pushing
from taskactors.transports import asgi, control, control_lines, failures, guarded_stream, http, http_guards, websocket, websocket_guards
from taskactors.transports import websocket_wire as wire

MS = 1000

NAMED = 4
"""So many tools are named; whatever more of them have alike nearly all have."""

INVALID = "`invalid_arguments`, with the argument's path"
REACHED = "`limit_reached`"
OVERLOADED = "`overloaded`, with when to come again"


@frozen
class Row:
    """One limit: of what, how much, and what happens to whoever goes past it."""

    what: str
    limit: str
    past: str


def page() -> str:
    """The whole page, as Markdown."""
    assert websocket_guards.MESSAGE_BYTES == asgi.BODY_BYTES == bodies.BODY_BYTES == control_lines.LINE_BYTES
    lines = [
        "# Limits",
        "",
        "What is at a limit is taken. What is past it is refused at once, in words, with nothing changed, unless it says otherwise here.",
        "They are far above what a team of a hundred agents does, and are there so that no client is felt by another. None is an option.",
    ]
    for title, rows in (("In one call", in_one_call()), ("In one project", in_one_project()), ("At the doors", at_the_doors())):
        lines += ["", f"## {title}", "", *_table(rows)]
    return "\n".join([*lines, "", *_arguments()])


def in_one_call() -> Iterator[Row]:
    """What one message may be."""
    yield Row(
        "a message, at every door",
        _bytes(websocket_guards.MESSAGE_BYTES),
        "WebSocket closes with 1009, HTTP answers 413, a line is refused",
    )
    yield Row("its depth", f"{depth.DEPTH_LIMIT} levels", "JSON-RPC error -32600")
    yield Row("fragments of a WebSocket message", f"{websocket_guards.FRAGMENTS_LIMIT:,}", "close 1008")
    yield Row("texts, lists and numbers among the arguments", "[each its own](#arguments)", INVALID)
    yield Row("`idempotency_key`", "64 of `A-Z a-z 0-9 . _ : -`", INVALID)
    yield Row("a page of a list", "100", INVALID)
    yield Row(
        "what a page of tasks, of messages looks at",
        f"{_bytes(listing.READ_BYTES)}; {_bytes(messages.READ_CHARACTERS)}",
        "it ends early, with a cursor",
    )
    yield Row("`lease_s`", f"{claiming.LEASE_LIMITS_S[0]} s to {_seconds(claiming.LEASE_LIMITS_S[1])}", INVALID)
    usual = f"{patience.USUAL_WAIT_S} s; {_seconds(fields.WAIT_LIMIT_S)} for clients connected with `?patient=yes`"
    yield Row("`wait_s`", usual, INVALID)
    yield Row("an answer without `wait_s`", f"comes within {projects.CALL_WITHIN_S:g} s", "`timed_out`")


def in_one_project() -> Iterator[Row]:
    """What there may be in one project."""
    yield Row("dependencies of a task", f"{DEPENDENCIES_LIMIT:,}", REACHED)
    yield Row("tasks that wait for one; direct parts of one", f"{crowding.DEPENDANTS_LIMIT:,}", REACHED)
    yield Row("tasks that one waits for, through others", f"{circles.EXAMINED_LIMIT:,}; no circles", f"{REACHED}; `dependency_cycle`")
    yield Row("parts of parts", f"{tasks.PARENTS_LIMIT:,} deep", REACHED)
    kept = additions.LIMITS
    yield Row("notes of a task", f"{kept['notes']:,}, {_bytes(additions.NOTES_BYTES)} together", REACHED)
    yield Row("artifacts, labels of a task", f"{kept['artifacts']:,}, {kept['labels']:,}", REACHED)
    yield Row("findings of reviews of a task", f"{finishing.FINDINGS_LIMIT:,}", REACHED)
    yield Row("failed attempts at a task", f"{failing.ATTEMPTS_LIMIT:,}", "it is put aside (`Quarantined`)")
    yield Row("combinations of owner, role and capabilities among ready tasks", f"{change.LANES_LIMIT:,}", REACHED)
    yield Row("reservations of files, held and waiting", f"{reservations.RESERVATIONS_LIMIT:,}", REACHED)
    yield Row("tasks in `get_dependency_graph`", f"{graph.NODES_LIMIT:,}", "`stopped_after` in the answer")
    yield Row("a repeat under its key", f"{_seconds(commands.REPLY_KEPT_MS // MS)} after the first", "it is a new call")
    yield Row("calls that wait for one desk", f"{project.BOX:,} or {_bytes(project.BOX_BYTES)}", OVERLOADED)
    ends = "completing, renewing, releasing, moving and what else ends work goes on"
    yield Row("of that room for other calls than those that end work", f"{project.BOX - project.KEPT_FREE:,}", f"{OVERLOADED}; {ends}")
    yield Row("changes in one commit", f"{in_hand.BATCH_LIMIT} or {_bytes(in_hand.BATCH_BYTES)}", "the rest is in the next")


def at_the_doors() -> Iterator[Row]:
    """What one client, one token and one server may have open."""
    both = f"{websocket.CONNECTIONS_LIMIT:,} over WebSocket, {http_guards.CONNECTIONS_LIMIT:,} over HTTP"
    yield Row("connections", f"{both}, {control.CONNECTIONS_LIMIT} at the control socket", "503")
    yield Row(
        "connections, and HTTP requests under way, with one agent's token", f"{websocket.PER_TOKEN_LIMIT}; {http.PER_TOKEN_LIMIT}", "429"
    )
    yield Row(
        "HTTP sessions of the older era, in all and with one agent's token",
        f"{over_http.SESSIONS_LIMIT:,}; {over_http.PER_TOKEN_LIMIT}",
        "the one of yours that rested longest ends",
    )
    yield Row(
        "requests of one connection under way",
        f"{connection.IN_FLIGHT_LIMIT}",
        f"JSON-RPC error {connection.TOO_MANY}, with when to come again",
    )
    yield Row(
        "streams of changes of one client; resources in one",
        f"{peer.LISTENS_LIMIT}; {pushing.WANTED_LIMIT}",
        "JSON-RPC error; those left out are not confirmed",
    )
    yield Row("calls of one caller", f"{pace.CALLS_PER_S:,} a second, {pace.BURST:,} at once", "`too_many_calls`, with when to come again")
    yield Row(
        "failed attempts of one address without a good token",
        f"{failures.LIMIT} in {failures.WINDOW_S:g} s",
        "429; a good token is let in all the same",
    )
    yield Row(
        "handshake, or headers",
        f"{_bytes(guarded_stream.HANDSHAKE_BYTES)}; {websocket.HANDSHAKE_WITHIN_S:g} s",
        "431; the connection is cut",
    )
    yield Row("a body", f"{asgi.BODY_WITHIN_S:g} s", "408")
    yield Row(
        "an answer that a client does not take", f"{wire.WRITE_WITHIN_S:g} s", "the connection is cut; nothing that was answered is lost"
    )
    every_s = websocket.PING_EVERY_S
    silent = f"{2 * every_s:g} s over WebSocket (a ping every {every_s:g} s); {http_guards.KEEP_ALIVE_S:g} s over HTTP"
    yield Row("silence", silent, "the connection is cut")
    yield Row("projects made by naming them", f"{projects.PROJECTS_LIMIT}", "`no_such_project`")
    yield Row("a project's name", f"`{projects.SLUG.pattern}`", "404")
    yield Row("tokens", f"{access.TOKENS_LIMIT:,}", "`too_many_tokens`")


def _table(rows: Iterator[Row]) -> Iterator[str]:
    yield "| what | limit | past it |"
    yield "|---|---|---|"
    for row in rows:
        yield f"| {row.what} | {row.limit} | {row.past} |"


def _arguments() -> Iterator[str]:
    """The bounds of every text and list, by argument, since most of them are the same wherever they occur."""
    found: dict[tuple[str, str], list[str]] = {}
    for tool in TOOLS.values():
        for name, schema in input_schema(tool.request)["properties"].items():
            if name not in tool.request.spellings and (bound := _bound(schema)):
                found.setdefault((name, bound), []).append(f"`{tool.name}`")
    yield "## Arguments"
    yield ""
    yield "Characters are counted, not bytes."
    yield ""
    yield "| argument | at most | of |"
    yield "|---|---|---|"
    for (name, bound), tools in sorted(found.items()):
        yield f"| `{name}` | {bound} | {', '.join(tools) if len(tools) <= NAMED else f'{len(tools)} tools'} |"


def _bound(schema: Mapping[str, Any]) -> str:
    said: list[str] = []
    if "maxItems" in schema:
        inner = _bound(schema["items"])
        said.append(f"{schema['maxItems']:,} entries" + (f" of {inner}" if inner else ""))
    if "maxLength" in schema:
        said.append(f"{schema['maxLength']:,} characters")
    return " or ".join([*said, *(filter(None, map(_bound, schema.get("anyOf", ()))))])


def _bytes(number: int) -> str:
    return f"{number >> 20} MiB" if number >= 1 << 20 else f"{number >> 10} KiB"


def _seconds(number: float) -> str:
    return f"{number / 3600:g} h" if number >= 3600 else f"{number:g} s"
