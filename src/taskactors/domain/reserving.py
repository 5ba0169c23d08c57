"""Reserving files: who may write what, so that no two agents edit the same file unawares."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from attrs import frozen

from .patterns import overlap
from .task import Instant, Seconds


class Mode(StrEnum):
    EXCLUSIVE = "exclusive"
    SHARED = "shared"


@frozen(kw_only=True)
class Reservation:
    """One agent's hold on files, or its place in the line for them while `granted_at` is None. Ids are the order of the line.

    Bound to a claim (`task_id` and `fence`) it ends with that; otherwise, and while it waits, at `ends_at`. `ttl_s` is how long
    one that stands alone was asked for.
    """

    id: int
    agent: str
    patterns: tuple[str, ...]
    mode: Mode
    asked_at: Instant
    granted_at: Instant | None = None
    ends_at: Instant | None = None
    task_id: int | None = None
    task_code: str | None = None
    fence: int | None = None
    reason: str | None = None
    ttl_s: Seconds | None = None


def conflict(one: Reservation, other: Reservation) -> bool:
    """Whether both cannot be held at once: by different agents, not both shared, with a file that both could mean."""
    if one.agent == other.agent or (one.mode is Mode.SHARED and other.mode is Mode.SHARED):
        return False
    return any(overlap(mine, theirs) for mine in one.patterns for theirs in other.patterns)


def in_the_way(of: Reservation, there: Iterable[Reservation]) -> tuple[Reservation, ...]:
    """What keeps a request from being granted: every conflicting holder, and every conflicting request that came earlier."""
    return tuple(each for each in there if each.id != of.id and (each.granted_at is not None or each.id < of.id) and conflict(of, each))


def grantable(there: Sequence[Reservation]) -> tuple[Reservation, ...]:
    """The requests that can be granted now, whole, first come first served."""
    return tuple(each for each in there if each.granted_at is None and not in_the_way(each, there))


def waiting_circle(of: Reservation, there: Sequence[Reservation]) -> tuple[str, ...]:
    """The agents that would wait for each other, beginning with whoever asks; empty when nobody would for ever."""

    def waits_for(agent: str) -> set[str]:
        waiting = [each for each in there if each.agent == agent and each.granted_at is None and each.id != of.id]
        asked = [of] if agent == of.agent else waiting
        return {other.agent for each in asked for other in in_the_way(each, there)}

    lines: list[tuple[str, ...]] = [(of.agent,)]
    seen: set[str] = set()
    while lines:
        line = lines.pop()
        for agent in sorted(waits_for(line[-1])):
            if agent == of.agent:
                return line
            if agent not in seen:
                seen.add(agent)
                lines.append((*line, agent))
    return ()
