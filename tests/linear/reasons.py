"""Why a history is rejected: one name for each way in which a server can be wrong."""

from enum import StrEnum


class Reason(StrEnum):
    GAP = "the log is not gapless"
    NO_CALL = "an event that nobody called for"
    NO_EVENT = "an answered change that is not in the log"
    WRONG_EVENT = "an event tells of something else than its call does"
    ACTED_TWICE = "one command acted twice"
    REFUSED_BUT_DONE = "what was refused was done"
    ORDER = "what was over before another call began comes after it in the log"
    TWO_WINNERS = "two holders of one task"
    FENCE_REUSED = "a fence was given out again"
    STALE_FENCE = "a stale fence was accepted"
    NOT_HOLDER = "accepted from somebody who does not hold the task"
    ACCEPTED_WRONGLY = "accepted though it had to be refused"
    REFUSED_THOUGH_FREE = "refused though nothing stood in the way"
    WRONG_REPLY = "an answer that was never true"
    FROM_THE_FUTURE = "an answer that became true only later"
    BACK_IN_TIME = "an answer that was not true any more"
    REPLAYED_OTHERWISE = "a repeat under the same key was told something else"
    CAME_AGAIN = "a message that was confirmed came again"
    MESSAGE_LOST = "a message was left out"
    TOO_EARLY = "a claim ended before its time"


class Rejected(AssertionError):
    """The run was not linearizable in the order of its log; `about` is what shows it."""

    def __init__(self, reason: Reason, *about: object) -> None:
        super().__init__("\n  ".join([reason.value, *map(str, about)]))
        self.reason = reason
