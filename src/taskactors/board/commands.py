"""Running a command: its unit of work once, however often it is sent under the same idempotency key."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from attrs import asdict

from ..domain.caller import Caller
from ..domain.errors import KeyReused
from ..storage.engine import Transaction
from . import layout
from .change import Change
from .requests.request import Mutation, Request
from .settings import BoardSettings
from .stored import REPLY, Reply
from .watching import Nothing

REPLY_KEPT_MS = 24 * 3600 * 1000
"""How long a stored answer is replayed: longer than any client retries."""

Answer = Mapping[str, Any]
ChangeUnit = Callable[[Change, Any], Answer]


def run_command(
    transaction: Transaction, tool: str, request: Request, caller: Caller, command: str, unit: ChangeUnit, settings: BoardSettings
) -> Answer:
    """One command as one unit of work. Raises Refusal, KeyReused among them; then nothing of it is stored."""
    key = request.idempotency_key if isinstance(request, Mutation) else None
    # A repeat under its key is the same command, so the key is what its events go by.
    change = Change(transaction, caller, key or command, settings)
    if key is None:
        return unit(change, request)
    where = layout.reply(caller.name, tool, key)
    digest = _digest(request)
    stored = transaction.get(where)
    if stored is not None:
        first = REPLY.decode(stored)
        if first.digest != digest:
            raise KeyReused(key=key, tool=tool)
        return {**msgspec.json.decode(first.answer), "replayed": True}
    answer = unit(change, request)
    if isinstance(answer, Nothing):
        return answer
    text = msgspec.json.encode(answer).decode()
    change.put(where, REPLY.encode(Reply(digest=digest, answer=text, at=change.now)))
    change.put(layout.due(change.now + REPLY_KEPT_MS, layout.REPLY, caller.name, tool, key), b"")
    return answer


def _digest(request: Request) -> str:
    # Without what is at its default: an argument that a later version adds must not make a repeat look like another request.
    given = asdict(request, filter=lambda argument, value: value != argument.default)
    return hashlib.blake2b(msgspec.json.encode(given, order="deterministic"), digest_size=16).hexdigest()
