"""Knowledge: what a team has found out and wants to keep beyond the task at hand."""

from enum import StrEnum

from attrs import frozen

from .task import Instant


class EntryKind(StrEnum):
    NOTE = "note"
    DECISION = "decision"
    QUESTION = "question"
    ANSWER = "answer"
    HANDOFF = "handoff"
    STEP_OUTPUT = "step_output"
    BLOCKER = "blocker"
    RESOLUTION = "resolution"
    ARTIFACT = "artifact"


class Visibility(StrEnum):
    """`private` entries are for their author and people alone."""

    PUBLIC = "public"
    TEAM = "team"
    PRIVATE = "private"


@frozen(kw_only=True)
class Entry:
    """One piece of knowledge, maybe about a task, maybe in reply to another."""

    id: int
    title: str
    body: str
    kind: EntryKind
    author: str
    created_at: Instant
    visibility: Visibility = Visibility.TEAM
    task_id: int | None = None
    task_code: str | None = None
    tags: tuple[str, ...] = ()
    reply_to: int | None = None


def may_see(entry: Entry, reader: str, is_person: bool) -> bool:
    """Private entries are shown to their author and to people; all others to the team."""
    return entry.visibility is not Visibility.PRIVATE or is_person or reader == entry.author
