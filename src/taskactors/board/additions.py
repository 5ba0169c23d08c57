"""Additions to a task: what can be appended without ever conflicting, within bounds."""

from ..domain.errors import LimitReached
from ..domain.evolving import evolve
from ..domain.task import Instant, Note, Task

INSTEAD = "use messages, or another task"

LIMITS = {"notes": 500, "artifacts": 256, "labels": 32}
"""A task with more notes than this is a conversation; messages are for that."""

NOTES_BYTES = 256 << 10
"""All notes of a task together: it is read and written whole with every change, and has to fit in an answer."""


def with_note(task: Task, by: str, text: str, now: Instant) -> Task:
    """The task with one more note. Raises LimitReached."""
    noted = _bounded(evolve(task, notes=(*task.notes, Note(now, by, text))), "notes")
    if sum(len(note.text.encode()) for note in noted.notes) > NOTES_BYTES:
        raise LimitReached(what=f"the size of all notes of {task.code}, in bytes,", limit=NOTES_BYTES, instead=INSTEAD)
    return noted


def with_artifacts(task: Task, more: tuple[str, ...]) -> Task:
    """The task with these artifacts too, each once. Raises LimitReached."""
    return _bounded(evolve(task, artifacts=tuple(dict.fromkeys((*task.artifacts, *more)))), "artifacts")


def with_labels(task: Task, labels: tuple[str, ...]) -> Task:
    """The task with these labels instead of its own. Raises LimitReached."""
    return _bounded(evolve(task, labels=labels), "labels")


def _bounded(task: Task, what: str) -> Task:
    if len(getattr(task, what)) > LIMITS[what]:
        raise LimitReached(what=f"the number of {what} of {task.code}", limit=LIMITS[what], instead=INSTEAD)
    return task
