"""Progressing: tells a client that asked for it, while its call waits, how long it has waited. It changes nothing else about the call."""

from collections.abc import Awaitable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import anyio
import trio

from ..actors.calls import UnknownTool
from ..domain.errors import Refusal
from .asking import Context

TOLD_EVERY_S = 5
"""Often enough for a client that gives up on calls that are silent for ten seconds, and nine times in the longest usual wait."""

WAITING = "wait_s"

T = TypeVar("T")


def is_told_of(arguments: Mapping[str, Any], token: object) -> bool:
    """Whether a client that gave this token hears how long such a call has waited."""
    wait_s = arguments.get(WAITING)
    return bool(token) and isinstance(wait_s, int) and wait_s > TOLD_EVERY_S


async def telling(context: Context, arguments: Mapping[str, Any], answer: Awaitable[T]) -> T:
    """The answer; while it is waited for, how many seconds that was, every few seconds and never after the answer.

    Nothing is told of a call that does not wait, and to nobody who did not ask.
    """
    if not is_told_of(arguments, (context.meta or {}).get("progress_token")):
        return await answer
    refused: Refusal | UnknownTool | None = None
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_tell, context, arguments[WAITING])
        try:
            return await answer
        except (Refusal, UnknownTool) as no:
            # Raised in here it would come out as one of a group.
            refused = no
        finally:
            nursery.cancel_scope.cancel()
    raise refused


async def _tell(context: Context, wait_s: int) -> None:
    # Not at the end of the wait: clients meet the last word beside the answer, and then do not know whose it is.
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        for waited in range(TOLD_EVERY_S, wait_s, TOLD_EVERY_S):
            await trio.sleep(TOLD_EVERY_S)
            await context.session.report_progress(waited, wait_s, "waiting")
