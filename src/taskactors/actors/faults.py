"""Faults: bugs and broken things, logged whole under a reference, and told to the caller by that reference alone."""

import secrets
from traceback import walk_tb

import trio
from attrs import Factory, define, field

from ..loglines import Log
from .refusals import Internal

FIRST_PAUSE_S, LONGEST_PAUSE_S = 60.0, 3_600.0
"""A fault that is met again within a minute is only counted, then for twice as long each time, up to an hour."""

PLACES_LIMIT = 256
"""Places in the code that are remembered to be broken; the oldest is forgotten, and logged whole once more."""

log = Log(__name__)


@define
class _Broken:
    """A place that is known to be broken: the reference of its line in the log, and since when and how often it was met after that."""

    reference: str = Factory(lambda: secrets.token_hex(4))
    pause_s: float = FIRST_PAUSE_S
    until: float = field(init=False)
    left_out: int = 0

    def __attrs_post_init__(self) -> None:
        self.until = trio.current_time() + self.pause_s


@define
class _Faults:
    """Those of one run: how many there were, and the places that are known to be broken."""

    met: int = 0
    known: dict[tuple[str, str], _Broken] = Factory(dict)


_run: trio.lowlevel.RunVar[_Faults] = trio.lowlevel.RunVar("faults")


def _faults() -> _Faults:
    faults = _run.get(_Faults())
    _run.set(faults)
    return faults


def faults_met() -> int:
    """How many faults there were since the start, also those that were left out of the log."""
    return _faults().met


def internal(error: BaseException, what: str, **facts: object) -> Internal:
    """Log a fault with its traceback; the refusal that a caller gets says only where to find it.

    One that is met over and over is logged now and then, with how often it was left out, and its callers get the reference of the line
    that is there.
    """
    faults = _faults()
    faults.met += 1
    place, now = (what, whence(error)), trio.current_time()
    broken = faults.known.pop(place, None)
    if broken is not None and now < broken.until:
        broken.left_out += 1
        faults.known[place] = broken
        return Internal(broken.reference)
    again = {"left_out": broken.left_out} if broken is not None and broken.left_out else {}
    pause_s = min(2 * broken.pause_s, LONGEST_PAUSE_S) if broken is not None and again else FIRST_PAUSE_S
    faults.known[place] = broken = _Broken(pause_s=pause_s)
    if len(faults.known) > PLACES_LIMIT:
        del faults.known[next(iter(faults.known))]
    log.error(what, reference=broken.reference, exc_info=error, **facts, **again)
    return Internal(broken.reference)


def whence(error: BaseException) -> str:
    """What an error is and where it was raised, without its own words: those may repeat what a client has sent."""
    while (below := error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error.__cause__) is not None:
        error = below
    where = [f" in {frame.f_globals.get('__name__')}:{line}" for frame, line in walk_tb(error.__traceback__)]
    return type(error).__name__ + (where[-1] if where else "")
