"""Units of work on knowledge: keep it, and read what a search has to look through."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import frozen

from ..domain.errors import NotFound
from ..domain.events import EventKind, Fact
from ..domain.knowledge import Entry, Visibility, may_see
from ..domain.message import may_read
from ..storage.keys import split
from . import layout, wire
from .change import Change
from .requests.knowledge import AddKnowledge, Search
from .view import View

Answer = Mapping[str, Any]

TASKS, MESSAGES, KNOWLEDGE = "tasks", "messages", "knowledge"
CHARACTERS_AT_ONCE = 100_000
"""Of documents read in one go, and one document more: a millisecond or two of whoever reads them."""

OF_SUBJECT = {"task": TASKS, "message": MESSAGES, "entry": KNOWLEDGE}
"""Where what an event is about is searched for."""


@frozen
class Document:
    """One thing to be found: where it is, its id there, and its words."""

    within: str
    id: int
    title: str
    body: str


def add_knowledge(change: Change, request: AddKnowledge) -> Answer:
    """Keep an entry, maybe about a task, maybe in reply to another that the caller may see."""
    task = change.task_coded(request.code) if request.code else None
    me = change.acting()
    if request.reply_to is not None:
        answered = change.find_entry(request.reply_to)
        if answered is None or not may_see(answered, me.name, change.caller.may_act_for_others):
            raise NotFound(kind="entry", named=str(request.reply_to))
    entry = Entry(
        id=change.next_number("entry"),
        title=request.title.strip(),
        body=request.body,
        kind=request.kind,
        author=me.name,
        created_at=change.now,
        visibility=request.visibility,
        task_id=task.id if task else None,
        task_code=task.code if task else None,
        tags=tuple(dict.fromkeys(request.tags)),
        reply_to=request.reply_to,
    )
    return wire.entry(keep_entry(change, entry))


def keep_entry(change: Change, entry: Entry) -> Entry:
    """Store a new entry, with its event."""
    private = True if entry.visibility is Visibility.PRIVATE else None
    data = {"kind": entry.kind, "task": entry.task_code, "by": entry.author, "private": private}
    change.record(Fact(EventKind.KNOWLEDGE_ADDED, entry, {name: value for name, value in data.items() if value is not None}))
    return entry


def entries_about(view: View, task_id: int, limit: int) -> Iterator[Entry]:
    """The newest that the caller may see."""
    person = view.caller.may_act_for_others
    for found, _ in view.snapshot.range(*layout.entries_on_task(task_id), limit=limit, reverse=True):
        entry = view.find_entry(int(split(found)[-1]))
        if entry is not None and may_see(entry, view.caller.name, person):
            yield entry


def documents(view: View, subjects: Iterable[tuple[str, int]]) -> tuple[list[Document], int]:
    """These things as documents, and how many of them were looked at: fewer when they are long. What is not there is left out."""
    found: list[Document] = []
    looked_at, left = 0, CHARACTERS_AT_ONCE
    for within, number in subjects:
        looked_at += 1
        if (each := document(view, within, number)) is not None:
            found.append(each)
            left -= len(each.body)
        if left < 0:
            break
    return found, looked_at


def document(view: View, within: str, number: int) -> Document | None:
    """One thing as its words."""
    match within:
        case "tasks":
            task = view.find_task(number)
            if task is None:
                return None
            words = [task.description, *(note.text for note in task.notes), *(note.text for note in task.findings), *task.labels]
            result = [task.result.summary] if task.result else []
            return Document(within, number, f"{task.code} {task.name}", "\n".join([*words, *task.acceptance_criteria, *result]))
        case "messages":
            message = view.find_message(number)
            return Document(within, number, message.task_code or "", message.content) if message is not None else None
        case _:
            entry = view.find_entry(number)
            return Document(within, number, entry.title, "\n".join([entry.body, *entry.tags])) if entry is not None else None


def searched(view: View, request: Search | None = None) -> Mapping[str, int]:
    """What there is to be searched: the last number of each kind of thing, however many words are asked for."""
    return {TASKS: view.number("task"), MESSAGES: view.number("message"), KNOWLEDGE: view.number("entry")}


def shown(view: View, within: str, number: int, snippet: str) -> dict[str, Any] | None:
    """A match as it is answered, unless the caller may not see it."""
    person, name = view.caller.may_act_for_others, view.caller.name
    match within:
        case "tasks":
            task = view.find_task(number)
            return {"in": within, "code": task.code, "name": task.name, "state": task.state, "snippet": snippet} if task else None
        case "messages":
            message = view.find_message(number)
            if message is None or not may_read(message, name, person):
                return None
            about = {"code": message.task_code} if message.task_code else {}
            return {"in": within, "id": number, "author": message.author_agent_name, **about, "snippet": snippet}
        case _:
            entry = view.find_entry(number)
            if entry is None or not may_see(entry, name, person):
                return None
            about = {"code": entry.task_code} if entry.task_code else {}
            return {
                "in": within,
                "id": number,
                "title": entry.title,
                "kind": entry.kind,
                "author": entry.author,
                **about,
                "snippet": snippet,
            }
