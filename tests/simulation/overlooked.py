"""Overlooked waiters: whether somebody was left waiting while what they waited for was there."""

from collections.abc import Mapping
from typing import Any

import trio
from attrs import evolve

from taskactors.actors.arguments import Arguments
from taskactors.actors.calls import Connection
from taskactors.actors.identity import speaker
from taskactors.actors.tools import TOOLS
from taskactors.board.commands import run_command
from taskactors.board.requests.request import Mutation, Request
from taskactors.board.settings import BoardSettings
from taskactors.board.view import View
from taskactors.board.watching import Nothing
from taskactors.domain.errors import Refusal
from taskactors.storage.engine import Done, Failed, Snapshot, Transaction
from taskactors.storage.in_memory import InMemoryEngine
from tests.simulation.disk import tried
from tests.simulation.history import Op
from tests.simulation.machine import LEASE_S, STALL_AFTER_S, Machine
from tests.support.reading import read_whole

NOTICED_WITHIN_S = 5.0
"""From the commit that makes something ready to the answer of whoever waited for it; a slow disk is well within it."""

SERVED_IN_S = 2.0
"""What was served in the end may have been decided that long before its answer came."""

SETTINGS = BoardSettings(lease_s=LEASE_S, stall_after_s=STALL_AFTER_S)


_made: dict[type[Request], Arguments[Request]] = {}


def arguments_of(request: type[Request]) -> Arguments[Request]:
    """The check of the arguments of one kind of request; made once."""
    if request not in _made:
        _made[request] = Arguments(request)
    return _made[request]


def overlooked(op: Op, began: float, machine: Machine) -> str | None:
    """A finding when there was something for a waiter all through the last seconds, and nobody told them."""
    now = trio.current_time()
    if not op.arguments.get("wait_s") or now - began <= NOTICED_WITHIN_S or op.is_replayed:
        return None
    since, until = now - NOTICED_WITHIN_S, now - SERVED_IN_S
    if machine.awake_since > since:
        return None
    in_force = [each for each in machine.disk.moments if since < each.at <= until]
    first = next((each for each in reversed(machine.disk.moments) if each.at <= since), None)
    wall_ms = round(machine.wall() * 1000)
    for moment in (*([first] if first else []), *in_force):
        if not _has_something(op, moment.engine, wall_ms - round((now - moment.at) * 1000)):
            return None
    return f"#{op.number} {op.tool} of {op.who} waited on for {NOTICED_WITHIN_S:g} s while there was something for it"


def _has_something(op: Op, stored: InMemoryEngine, now_ms: int) -> bool:
    """Whether the same call, made then, would have had an answer."""
    tool = TOOLS[op.tool]
    request = arguments_of(tool.request).structure(op.arguments, op.tool)
    if isinstance(request, Mutation):
        request = evolve(request, idempotency_key=None)
    agent = None if op.who == "local" else op.who
    caller = speaker(Connection(id="", project="", agent=agent), request, op.tool)

    def look(snapshot: Snapshot) -> Mapping[str, Any]:
        return read_whole(tool, View(snapshot, now_ms, caller, SETTINGS), request)

    def unit(transaction: Transaction) -> Mapping[str, Any]:
        return run_command(transaction, op.tool, request, caller, "look", tool.unit, SETTINGS)

    if tool.reads:
        return not isinstance(stored.read(look), Nothing)
    match tried(stored, unit, now_ms):
        case Done(value):
            return not isinstance(value, Nothing)
        case Failed(Refusal()):
            # That they would be refused by now is nothing that anybody is woken for.
            return False
        case Failed(error):
            raise error
