"""The context of a task: what whoever takes it should know beyond its own fields, within a budget of tokens."""

from collections.abc import Iterator
from typing import Any

import msgspec

from ..domain.message import Message, may_read
from ..domain.task import Task
from ..storage.keys import split
from . import layout, wire
from .knowledge import entries_about
from .view import View

CHARACTERS_PER_TOKEN = 4
"""The usual rule of thumb for English and code."""

MESSAGES_SHOWN = 20
ENTRIES_SHOWN = 10


def context_of(view: View, task: Task, max_tokens: int) -> dict[str, Any]:
    """What its prerequisites left, and the newest of what was written on it; what does not fit any more is left out, and said so."""
    left = max_tokens * CHARACTERS_PER_TOKEN
    context: dict[str, Any] = {}
    for heading, item in _parts(view, task):
        left -= len(msgspec.json.encode(item))
        if left < 0:
            context["truncated"] = True
            break
        context.setdefault(heading, []).append(item)
    return context


def _parts(view: View, task: Task) -> Iterator[tuple[str, dict[str, Any]]]:
    for code in task.blockers:
        blocker = view.find_coded(code)
        if blocker is not None and blocker.result is not None:
            shown = wire.task(blocker)
            yield "prerequisites", {"code": blocker.code, "name": blocker.name, "by": blocker.implementer, "result": shown["result"]}
    for entry in entries_about(view, task.id, ENTRIES_SHOWN):
        yield "knowledge", wire.entry(entry)
    for message in _messages(view, task):
        yield "messages", wire.message(message)


def _messages(view: View, task: Task) -> Iterator[Message]:
    for entry, _ in view.snapshot.range(*layout.messages_on_task(task.id), limit=MESSAGES_SHOWN, reverse=True):
        message = view.find_message(int(split(entry)[-1]))
        if message is not None and may_read(message, view.caller.name, is_person=False):
            yield message
