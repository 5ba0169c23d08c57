"""What others may hold of an actor: ask with a deadline, tell, or hand a letter on."""

from __future__ import annotations

from typing import Any

import trio

from taskactors.runtime.errors import AskTimedOut
from taskactors.runtime.mailbox import Letter, Mailbox


class Address:
    """Valid before the actor starts and over its restarts; once its place has ended, everything sent raises ActorGone."""

    __slots__ = ("_mailbox", "name")

    def __init__(self, name: str, mailbox: Mailbox) -> None:
        self.name = name
        self._mailbox = mailbox

    def __repr__(self) -> str:
        return f"<address of {self.name}>"

    async def ask(self, message: object, within_s: float, urgent: bool = False, size: int = 0) -> Any:
        """The actor's answer to `message`, which holds about `size` bytes of memory; or whatever it was refused with.

        MailboxFull and ActorGone come at once, AskTimedOut after `within_s` seconds; a caller that times out or is cancelled
        leaves its letter unwanted. Who is cancelled already, or has no time at all, sends nothing.
        """
        asker = _Asker()
        with trio.move_on_after(within_s):
            await trio.lowlevel.checkpoint_if_cancelled()
            letter = Letter(message, asker.hear, urgent, size)
            self._mailbox.deliver(letter)
            return await asker.wait(letter)
        raise AskTimedOut(self.name, within_s)

    def tell(self, message: object, urgent: bool = False) -> None:
        """Deliver `message` and want no answer. Raises MailboxFull or ActorGone when it was not let in."""
        self._mailbox.deliver(Letter(message, None, urgent))

    def post(self, letter: Letter[Any], urgent: bool = False) -> None:
        """Deliver a letter that you made or kept; one you have in hand is forwarded instead. Raises like `tell`."""
        self._mailbox.deliver(letter, urgent)


class _Asker:
    """One task waiting for one answer."""

    __slots__ = ("_error", "_heard", "_task", "_value")

    def __init__(self) -> None:
        self._task: trio.lowlevel.Task | None = None
        self._heard = False
        self._value: object = None
        self._error: BaseException | None = None

    def hear(self, value: object, error: BaseException | None) -> None:
        self._heard, self._value, self._error = True, value, error
        if self._task is not None:
            trio.lowlevel.reschedule(self._task)

    async def wait(self, letter: Letter[Any]) -> object:
        def leave(_: object) -> trio.lowlevel.Abort:
            letter.withdraw()
            return trio.lowlevel.Abort.SUCCEEDED

        if not self._heard:
            self._task = trio.lowlevel.current_task()
            await trio.lowlevel.wait_task_rescheduled(leave)
        error, self._error = self._error, None
        if error is None:
            return self._value
        try:
            raise error
        finally:
            del error  # else it and this frame hold each other until the next full garbage collection
