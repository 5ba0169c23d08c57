"""Requests of whoever runs the server, beside the tools that agents have."""

from typing import Annotated

from attrs import frozen
from msgspec import Meta

from .fields import Wait
from .request import Request

FolderPath = Annotated[str, Meta(min_length=1, max_length=4_096, pattern=r"^/", description="a folder, from the root")]


@frozen(kw_only=True)
class Verify(Request):
    """Check everything that must be true of the project's stored state."""


@frozen(kw_only=True)
class MakeBackup(Request):
    """Write a verified copy of the project's data, while it serves."""

    to: Annotated[FolderPath | None, Meta(description="folder to put it into; default the server's own for this project")] = None
    wait_s: Wait = 0
