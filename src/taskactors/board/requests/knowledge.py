"""Requests about what the team knows: keep something, find something."""

from typing import Annotated, Literal

from attrs import frozen
from msgspec import Meta

from ...domain.knowledge import EntryKind, Visibility
from .fields import Code, Cursor, Id, Labels, Line, PageSize, Text
from .request import Mutation, Request

Where = Literal["tasks", "messages", "knowledge"]


@frozen(kw_only=True)
class AddKnowledge(Mutation):
    """Keep what others should find later: a decision, an answer, a resolution. It comes with its task's context."""

    title: Line
    body: Text
    kind: Annotated[EntryKind, Meta(description="what it is")] = EntryKind.NOTE
    code: Annotated[Code | None, Meta(description="task it is about")] = None
    tags: Labels = ()
    visibility: Annotated[Visibility, Meta(description="private: for you and people")] = Visibility.TEAM
    reply_to: Annotated[Id | None, Meta(description="entry this answers")] = None


@frozen(kw_only=True)
class Search(Request):
    """Find words in tasks, messages and knowledge, best match first. All words have to be there; a* begins with a."""

    query: Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S", description="words")]
    within: Annotated[tuple[Where, ...], Meta(max_length=3, description="default everywhere")] = ()
    limit: PageSize = 10
    cursor: Annotated[Cursor | None, Meta(description="next_cursor of the page before")] = None
