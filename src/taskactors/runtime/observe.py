"""The one hook that every letter, crash, restart, start and stop passes: for metrics, traces and the dashboard."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

_log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of a letter in the hands of the actor that took it."""

    ANSWERED = "answered"
    REFUSED = "refused"
    FORWARDED = "forwarded"
    KEPT = "kept"  # parked, or held over a crash; whoever keeps it answers it
    OPEN = "open"  # asked, and not yet answered when the handler returned
    DONE = "done"  # told: there was nothing to answer
    CRASHED = "crashed"  # in hand, and not settled, when the actor crashed
    CUT = "cut"  # in hand, and not settled, when the actor was cancelled


@dataclass(frozen=True, slots=True)
class LetterHandled:
    """An actor took a letter and its handler ended. In a batch, `took_s` is the whole batch's."""

    actor: str
    message_type: str
    waited_s: float | None  # in the box; None when it was let in before anybody observed
    took_s: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class LetterTurnedAway:
    """A letter was not let in: the box was full or closed."""

    actor: str
    message_type: str
    error: Exception


@dataclass(frozen=True, slots=True)
class ActorStarted:
    """A child said for the first time that it is ready."""

    actor: str
    took_s: float


@dataclass(frozen=True, slots=True)
class ActorCrashedEvent:
    """A child crashed, at any time: while starting, running or stopping."""

    actor: str
    error: BaseException


@dataclass(frozen=True, slots=True)
class ActorRestarted:
    """A child is ready again after a crash."""

    actor: str
    took_s: float


@dataclass(frozen=True, slots=True)
class ActorStopped:
    """A child ended because it was asked to."""

    actor: str
    cut: bool  # it did not end in its time, and was cancelled
    abandoned: int  # letters still queued, each answered ActorGone


@dataclass(frozen=True, slots=True)
class BudgetSpent:
    """A supervisor gives up, for this child's crash."""

    supervisor: str
    actor: str
    error: BaseException


Observed: TypeAlias = LetterHandled | LetterTurnedAway | ActorStarted | ActorCrashedEvent | ActorRestarted | ActorStopped | BudgetSpent
Observer: TypeAlias = Callable[[Observed], None]


def silent(event: Observed) -> None:
    """Observes nothing; letters are then not even timed."""


class ButLetters:
    """The same observer, who hears nothing of letters that were handled: on a busy path that costs more than the handling."""

    __slots__ = ("observe",)

    def __init__(self, observe: Observer) -> None:
        self.observe = observe

    def __call__(self, event: Observed) -> None:
        self.observe(event)


def hears_letters(observe: Observer) -> bool:
    """Whether it is told of each letter that was handled; else letters are not even timed."""
    return observe is not silent and not isinstance(observe, ButLetters)


def guarded(observe: Observer) -> Observer:
    """The same observer, whose failures hurt nobody: the first is logged, later ones only would bury it."""
    if observe is silent:
        return silent
    if isinstance(observe, ButLetters):
        return ButLetters(guarded(observe.observe))
    complained = False

    def watch(event: Observed) -> None:
        nonlocal complained
        try:
            observe(event)
        except Exception:
            if not complained:
                complained = True
                _log.exception("an observer failed on %s; its later failures are not logged", type(event).__name__)

    return watch
