"""Wires as the surfaces see them: frames in and out, whatever carries them."""

from typing import Protocol


class WireClosed(Exception):
    """The other end is gone."""


class Wire(Protocol):
    """A two-way stream of frames, as a transport provides it."""

    async def receive(self) -> str | bytes | None:
        """The next frame; None when no more shall be taken but answers still go out. Raises WireClosed."""
        ...

    async def send(self, frame: str) -> None:
        """Queue a frame for sending; waits while the queue is full. Raises WireClosed."""
        ...
