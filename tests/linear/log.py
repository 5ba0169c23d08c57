"""The log as it is told over the wire: what happened, in one order, and by which command."""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from tests.linear.history import Ask
from tests.linear.seen import moment

SERVER = "server"
PAGE = 100


@frozen
class Event:
    """One line. `at` is in milliseconds."""

    seq: int
    at: int
    kind: str
    by: str
    subject: str
    command: str
    data: Mapping[str, Any] = field(factory=dict, eq=False)

    def __str__(self) -> str:
        return f"{self.seq}: {self.kind} of {self.subject} by {self.by} in {self.command}: {dict(self.data)}"


async def read_log(ask: Ask) -> list[Event]:
    """All of it, asked for by a person, who alone is told the commands."""
    events: list[Event] = []
    cursor: dict[str, str] = {}
    while True:
        page = await ask("get_changes", limit=PAGE, max_tokens=20_000, **cursor)
        events += [from_wire(each) for each in page["items"]]
        if not page["items"]:
            return events
        cursor = {"cursor": page["next_cursor"]}


def from_wire(item: Mapping[str, Any]) -> Event:
    """An event as get_changes shows it to people."""
    return Event(item["seq"], moment(item["at"]), item["kind"], item["by"], item["subject"], item["command"], item["data"])
