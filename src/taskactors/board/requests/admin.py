"""Requests of whoever runs the server, beside the tools that agents have."""

from typing import Annotated

from attrs import frozen
from msgspec import Meta

from .fields import Wait
from .request import Request

KEPT_DAYS = 90
KEPT_EVENTS = 10_000
"""A quarter of a year, and in a quiet project what happened before it too."""

LONGEST_DAYS = 36_500

FolderPath = Annotated[str, Meta(min_length=1, max_length=4_096, pattern=r"^/", description="a folder, from the root")]


@frozen(kw_only=True)
class Verify(Request):
    """Check everything that must be true of the project's stored state."""


@frozen(kw_only=True)
class MakeBackup(Request):
    """Write a verified copy of the project's data, while it serves."""

    to: Annotated[FolderPath | None, Meta(description="folder to put it into; default the server's own for this project")] = None
    wait_s: Wait = 0


@frozen(kw_only=True)
class DropHistory(Request):
    """Drop the oldest events that nobody needs any more: older than so many days, and not among the last so many."""

    keep_days: Annotated[int, Meta(ge=1, le=LONGEST_DAYS)] = KEPT_DAYS
    keep_events: Annotated[int, Meta(ge=1, le=2**53)] = KEPT_EVENTS


@frozen(kw_only=True)
class Redact(Request):
    """Remove a secret from everything that was written: it must be gone, while the rest of the text stays."""

    text: Annotated[str, Meta(min_length=6, max_length=4_096, pattern=r"\S", description="exactly what is to be removed")]
