"""Wires as the surfaces see them: frames in and out, whatever carries them."""

from typing import Protocol


class WireClosed(Exception):
    """The other end is gone."""


class Wire(Protocol):
    """A two-way stream of frames, as a transport provides it."""

    async def receive(self) -> str | bytes | None:
        """The next frame; None when no more shall be taken but answers still go out. Raises WireClosed.

        It comes only when there is room for sending, so that whoever does not read answers has no more of them made.
        """
        ...

    async def send(self, frame: str | bytes) -> None:
        """Queue a frame for sending; waits while the queue is full. Raises WireClosed."""
        ...

    def post(self, frame: bytes) -> None:
        """Queue a frame at once, the answer to one that was received. Nothing when the other end is gone: who receives hears of that."""
        ...
