"""The model's log: what happened, in order, and who may know between whom."""

from typing import Any

PERSON = "local"
SERVER = "server"

Event = dict[str, Any]


class No(Exception):
    """The model refuses, with the code that the server has to refuse with."""


class Log:
    """The moment it is, who acts now, and everything that happened."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.who = SERVER
        self.log: list[Event] = []

    def happened(self, kind: str, subject: str, about: str | None = None, between: tuple[str, ...] | None = None) -> None:
        """One event. `about` is the code of the task that it is about, `between` who alone may know more than that it was."""
        self.log.append({"kind": kind, "subject": subject, "by": self.who, "about": about, "between": between})

    def get_changes(
        self, by: str, after: int, limit: int, kinds: tuple[str, ...] = (), code: str | None = None, digest: bool = False
    ) -> dict[str, Any]:
        """One page: the numbers and what is seen of each event, or the digest; `cursor` is the number of the last one looked at."""
        subject, code = self.subject_of(code) if code else (None, None)
        items: list[dict[str, Any]] = []
        fitting = []
        last = after
        for number, event in enumerate(self.log[after:], after + 1):
            last = number
            if kinds and event["kind"] not in kinds:
                continue
            if subject is not None and subject != event["subject"] and code != event["about"]:
                continue
            fitting.append(event)
            items.append({"seq": number, "kind": event["kind"], "subject": event["subject"], "by": self.seen_by(event, by)})
            if len(items) == limit and not digest:
                break
        if digest:
            return {"digest": self._digest(fitting), "events": len(fitting), "cursor": len(self.log)}
        return {"items": items, "cursor": last}

    def seen_by(self, event: Event, reader: str) -> str:
        """Who did it, as far as this reader may know."""
        known = event["between"] is None or reader == PERSON or reader in event["between"]
        return str(event["by"]) if known else ""

    def subject_of(self, code: str) -> tuple[str, str]:
        """What events of a task have as their subject, and its code as it is written."""
        raise NotImplementedError

    @staticmethod
    def _digest(events: list[Event]) -> list[tuple[str, dict[str, int]]]:
        """By subject, the latest first, how often what happened; what is of no task comes last and together."""
        of: dict[str, dict[str, int]] = {}
        other: dict[str, int] = {}
        for event in events:
            counted = other
            if event["subject"].startswith("task:"):
                counted = of[event["subject"]] = of.pop(event["subject"], {})
            counted[event["kind"]] = counted.get(event["kind"], 0) + 1
        return [*reversed(of.items()), *([("other", other)] if other else [])]
