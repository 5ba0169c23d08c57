"""The refusal log: says who is turned away and why, in so few lines that no client can fill a disk with them."""

import ipaddress
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from enum import StrEnum

import trio
from attrs import Factory, define

from ..loglines import Log

FIRST_PAUSE_S, LONGEST_PAUSE_S = 60.0, 3_600.0
"""After its first line a client that goes on is told of after a minute, then after twice as long each time, up to an hour."""

BEGUN_LIMIT, BEGUN_WITHIN_S = 10, 60.0
"""So many networks get a line of their own within a minute; of the rest one line for each reason says how many they were."""

NETWORKS_LIMIT = 256
"""Networks that are remembered at once: their lines, one an hour each in the end, are what a day of attacks from everywhere costs."""

IPV4_BITS, IPV6_BITS = 24, 48
"""What one attacker usually has; with each address by itself there would be no end of lines."""

ELSEWHERE, UNKNOWN = "elsewhere", "unknown"
CONTROL = "control socket"
"""Stands for an address where there is none."""

log = Log(__name__)


class Reason(StrEnum):
    """Why a client was turned away. The words are labels of a metric too, so there are few and none has anything of a client's in it."""

    NO_TOKEN = "no token"
    BAD_TOKEN = "bad token"
    TWO_TOKENS = "two tokens"
    NOT_ITS_OWN = "token of another agent or project"
    HOST = "unknown host"
    ORIGIN = "page of another origin"
    REQUEST = "no such path or parameter"
    TLS = "no TLS handshake"
    MALFORMED = "malformed handshake"
    SLOW = "handshake not in time"
    CROWDED = "too many connections"
    CROWDED_TOKEN = "too many connections with one token"
    BUSY_TOKEN = "too many requests with one token"
    BROKEN = "connection ended with an error"


@define
class _Streak:
    """Refusals of one network for one reason: until when they are only counted, and how many have been."""

    until: float
    pause_s: float = FIRST_PAUSE_S
    left_out: int = 0


@define(eq=False)
class RefusalLog:
    """The first refusal of a network for a reason is said at once; those that follow are counted, and said together.

    Lines have the network and the reason, and nothing that a client has sent.
    """

    clock: Callable[[], float] = time.monotonic
    counted: Counter[Reason] = Factory(Counter)
    """Every one since the start."""
    _streaks: dict[tuple[Reason, str], _Streak] = Factory(dict)
    _begun: deque[float] = Factory(lambda: deque(maxlen=BEGUN_LIMIT))
    _news: trio.Event = Factory(trio.Event)

    def note(self, reason: Reason, address: str, **facts: str) -> None:
        """One more client was turned away. The facts are for the first line only, and must be the server's own words."""
        self.counted[reason] += 1
        key = reason, network_of(address)
        if key not in self._streaks and not self._may_begin():
            key = reason, ELSEWHERE
        if (streak := self._streaks.get(key)) is not None:
            streak.left_out += 1
            return
        self._streaks[key] = _Streak(self.clock() + FIRST_PAUSE_S)
        self._news.set()
        log.warning("a client was turned away", reason=str(reason), network=key[1], **facts)

    def counts(self) -> Mapping[Reason, int]:
        """How many there were for each reason that there is, for whoever watches."""
        return {reason: self.counted[reason] for reason in Reason}

    async def keep_telling(self) -> None:
        """Say how many were left out, each time when a pause is over; and at the end, when cancelled, what is still unsaid."""
        try:
            while True:
                self._news = trio.Event()
                until = min((each.until for each in self._streaks.values()), default=float("inf"))
                with trio.move_on_after(max(0.0, until - self.clock())):
                    await self._news.wait()
                self._tell(self.clock())
        finally:
            self._tell(float("inf"))

    def _tell(self, now: float) -> None:
        for (reason, network), streak in list(self._streaks.items()):
            if streak.until > now:
                continue
            if not streak.left_out:
                del self._streaks[reason, network]
                continue
            log.warning("clients were turned away again", reason=str(reason), network=network, times=streak.left_out)
            streak.left_out, streak.pause_s = 0, min(2 * streak.pause_s, LONGEST_PAUSE_S)
            streak.until = self.clock() + streak.pause_s

    def _may_begin(self) -> bool:
        now = self.clock()
        if len(self._streaks) >= NETWORKS_LIMIT or (len(self._begun) == BEGUN_LIMIT and now - self._begun[0] < BEGUN_WITHIN_S):
            return False
        self._begun.append(now)
        return True


def tls_fault(error: BaseException) -> str | None:
    """What went wrong with somebody's TLS, in the words of the library and not of the client; None when it was something else."""
    cause = error.__cause__
    return (cause.reason or "UNKNOWN") if isinstance(cause, ssl.SSLError) else None


def network_of(address: str) -> str:
    """The network that an address is in, as small as one attacker's usually is; text that is no address belongs to none."""
    if address == CONTROL:
        return CONTROL
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    bits = IPV4_BITS if found.version == 4 else IPV6_BITS
    return str(ipaddress.ip_network((found, bits), strict=False))
