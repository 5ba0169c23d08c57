"""Wires as the surfaces see them: frames in and out, whatever carries them."""

from collections.abc import Callable
from typing import Protocol


class WireClosed(Exception):
    """The other end is gone."""


Taken = Callable[[str | bytes], bool]
"""Takes a frame at once, if it can; whether it did."""


class Wire(Protocol):
    """A two-way stream of frames, as a transport provides it."""

    async def receive(self, taken: Taken | None = None) -> str | bytes | None:
        """The next frame that `taken` does not take; None when no more shall be taken but answers still go out. Raises WireClosed.

        It comes only when there is room for sending, so that whoever does not read answers has no more of them made.
        `taken` is called wherever a frame is there first, which spares a task that only waits its turn; it must not wait.
        """
        ...

    async def send(self, frame: str | bytes) -> None:
        """Queue a frame for sending; waits while the queue is full. Raises WireClosed."""
        ...

    def post(self, frame: bytes) -> None:
        """Queue a frame at once, the answer to one that was received. Nothing when the other end is gone: who receives hears of that."""
        ...
