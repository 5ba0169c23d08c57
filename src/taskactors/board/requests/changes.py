"""Requests about what happened: the log, and what it comes to."""

from typing import Annotated

from attrs import frozen
from msgspec import Meta

from ...domain.events import EventKind
from .fields import Code, Cursor, PageSize, Wait
from .request import Request


@frozen(kw_only=True)
class GetChanges(Request):
    """What happened since a cursor, in order; digest=true tells it in short, task by task. Goes on with next_cursor."""

    cursor: Annotated[
        Cursor | None,
        Meta(description="next_cursor of the last answer; now: only what is to come; latest: the last events; default: from the start"),
    ] = None
    kinds: Annotated[tuple[EventKind, ...], Meta(max_length=64, description="only these")] = ()
    code: Annotated[Code | None, Meta(description="only about this task")] = None
    digest: Annotated[bool, Meta(description="a summary instead of events")] = False
    limit: PageSize = 20
    max_tokens: Annotated[int, Meta(ge=50, le=20_000, description="size of the answer")] = 2_000
    wait_s: Wait = 0
