"""What can go wrong between actors, as opposed to inside the work they do."""

from __future__ import annotations

import trio


class RuntimeFault(Exception):
    """The family: a letter could not be served, or an actor could not be kept alive."""


class ActorCrashed(RuntimeFault):
    """The actor serving your letter crashed; what it did before that is unknown. The crash is the cause. Never retried for you."""

    def __init__(self, actor: str) -> None:
        super().__init__(f"{actor} crashed while serving this letter")
        self.actor = actor


class ActorGone(RuntimeFault):
    """The actor's place is closed, or was cut short at its end; nobody will serve this letter."""

    def __init__(self, actor: str) -> None:
        super().__init__(f"{actor} is gone")
        self.actor = actor


class MailboxFull(RuntimeFault):
    """The box has no room for this letter, which was not let in: nothing has happened, and it may be tried again."""

    def __init__(self, actor: str, retry_after_ms: int) -> None:
        super().__init__(f"{actor} has no room for another letter; try again in {retry_after_ms} ms")
        self.actor = actor
        self.retry_after_ms = retry_after_ms


class AskTimedOut(RuntimeFault):
    """No answer came in time. The letter may still be served; its answer will then be nothing to do."""

    def __init__(self, actor: str, within_s: float) -> None:
        super().__init__(f"{actor} did not answer within {within_s:g} s")
        self.actor = actor
        self.within_s = within_s


class NoLettersHere(RuntimeFault):
    """The actor lives at this address but takes no letters (a supervisor, a listener)."""

    def __init__(self, actor: str) -> None:
        super().__init__(f"{actor} takes no letters")
        self.actor = actor


class ReturnedEarly(RuntimeFault):
    """The child returned though nobody had asked it to stop; this counts as a crash, so that no actor ends in silence."""

    def __init__(self, actor: str) -> None:
        super().__init__(f"{actor} returned without having been stopped")
        self.actor = actor


class TooManyRestarts(RuntimeFault):
    """A supervisor's budget is spent and it gave up; the crash that was one too many is the cause."""

    def __init__(self, supervisor: str, child: str, crash: BaseException) -> None:
        super().__init__(f"{supervisor} gave up: {child} crashed once more than its restart budget allows: {describe(crash)}")
        self.supervisor = supervisor
        self.child = child
        self.__cause__ = crash


class StartFailed(RuntimeFault):
    """A child failed, returned or took too long on its first start; the reason is the cause."""

    def __init__(self, supervisor: str, child: str, crash: BaseException) -> None:
        super().__init__(f"{supervisor} could not start {child}: {describe(crash)}")
        self.supervisor = supervisor
        self.child = child
        self.__cause__ = crash


def describe(error: BaseException) -> str:
    """One line for an error, with its type unless it is ours and speaks for itself."""
    return str(error) if isinstance(error, RuntimeFault) else f"{type(error).__name__}: {error}"


def cause_of(error: BaseException) -> BaseException | None:
    """What really went wrong: cancellations left out and groups of one unwrapped. None: it was nothing but a cancellation."""
    if isinstance(error, trio.Cancelled):
        return None
    if not isinstance(error, BaseExceptionGroup):
        return error
    _, rest = error.split(trio.Cancelled)
    if rest is None:
        return None
    return cause_of(rest.exceptions[0]) if len(rest.exceptions) == 1 else rest
