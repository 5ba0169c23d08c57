"""Happenings: what an agent did or what befell it, as told by whoever did or saw it, and in words."""

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from attrs import asdict, frozen


class Kind(StrEnum):
    """What happened. Everything but the last six is told by an agent, once the server has answered it."""

    JOINED = "joined"
    WAITS = "waits"
    RESERVED = "reserved"
    IN_LINE = "in_line"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    READ = "read"
    CLAIMED = "claimed"
    HALFWAY = "halfway"
    ASKED = "asked"
    ANSWERED = "answered"
    BLOCKED = "blocked"
    HELPED = "helped"
    WENT_ON = "went_on"
    FAILED = "failed"
    HANDED_IN = "handed_in"
    SENT_BACK = "sent_back"
    RESUMED = "resumed"
    APPROVED = "approved"
    DONE = "done"
    ARCHIVED = "archived"
    LOST = "lost"
    PUT_ASIDE = "put_aside"
    DECIDED = "decided"
    CREATED = "created"
    KILLED = "killed"
    EXPIRED = "expired"
    ENDED = "ended"


@frozen(kw_only=True)
class Happening:
    """One thing that happened: by or to whom, on which task, and the words that were used, if any were.

    `messages` is how many messages were sent for it.
    """

    kind: Kind
    who: str
    task: str = ""
    text: str = ""
    other: str = ""
    number: int = 0
    messages: int = 0

    def to_json(self) -> dict[str, Any]:
        """As a JSON object, without what is empty."""
        return {name: value for name, value in asdict(self).items() if value not in ("", 0)}

    def to_bytes(self) -> bytes:
        return json.dumps(self.to_json()).encode()

    def in_words(self) -> str:
        """What happened, as a sentence whose subject is `who`."""
        return _WORDS[self.kind](self)


def from_bytes(line: bytes) -> Happening:
    """What `to_bytes` wrote."""
    known: dict[str, Any] = json.loads(line)
    return Happening(**{**known, "kind": Kind(known["kind"])})


Tell = Callable[[Happening], None]
"""Where an agent says what it did."""

_WORDS: Mapping[Kind, Callable[[Happening], str]] = {
    Kind.JOINED: lambda it: f"joins as {it.other}",
    Kind.CLAIMED: lambda it: f"claims {it.task}" + (f", the claim number {it.number} on it" if it.number > 1 else ""),
    Kind.WAITS: lambda it: "waits for work, parked on the server",
    Kind.RESERVED: lambda it: f"has {it.text} reserved for {it.task}",
    Kind.IN_LINE: lambda it: f"stands in line for {it.text}, which {it.other} has, for {it.task}",
    Kind.OFFERED: lambda it: f"offers {it.task} to {it.other}: {it.text}",
    Kind.ACCEPTED: lambda it: f"takes {it.task} over from {it.other}",
    Kind.READ: lambda it: f"reads what {it.other} left on {it.task}: {it.text}",
    Kind.PUT_ASIDE: lambda it: f"see {it.task} put aside after {it.number} failed attempts",
    Kind.DECIDED: lambda it: f"let {it.task} go on: {it.text}",
    Kind.HALFWAY: lambda it: f"is halfway through {it.task}: {it.text}",
    Kind.ASKED: lambda it: f"asks {it.other} about {it.task}: {it.text}",
    Kind.ANSWERED: lambda it: f"answers {it.other} about {it.task}: {it.text}",
    Kind.BLOCKED: lambda it: f"is stuck on {it.task} and turns to {it.other}: {it.text}",
    Kind.HELPED: lambda it: f"helps {it.other} with {it.task}: {it.text}",
    Kind.WENT_ON: lambda it: f"goes on with {it.task}",
    Kind.FAILED: lambda it: f"gives {it.task} back: {it.text}",
    Kind.HANDED_IN: lambda it: f"hands {it.task} in for review",
    Kind.SENT_BACK: lambda it: f"sends {it.task} back to {it.other}: {it.text}",
    Kind.RESUMED: lambda it: f"takes {it.task} up again",
    Kind.APPROVED: lambda it: f"approves {it.task} by {it.other}",
    Kind.DONE: lambda it: f"finishes {it.task}",
    Kind.ARCHIVED: lambda it: f"archives {it.task}",
    Kind.LOST: lambda it: f"has to let go of {it.task}: {it.text}",
    Kind.CREATED: lambda it: f"plan {it.number} tasks: {it.text}",
    Kind.KILLED: lambda it: f"is killed in the middle of {it.task} (SIGKILL to process {it.number})",
    Kind.EXPIRED: lambda it: f"has lost {it.task}: the lease ran out, and it is open to others",
    Kind.ENDED: lambda it: f"has gone: {it.text}",
}
