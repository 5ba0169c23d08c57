"""Agents that mostly wait: parked until something happens, and pairs of which one makes it happen for the other."""

import time

from attrs import define

from .asking import Call, Pause, Turn
from .timing import Timing
from .work import a_task

# As long as the server lets anybody wait.
WAIT_S = 45
# Long enough for the other to be parked again, on a server that is busy.
BETWEEN_S = 0.1
LOOK_S = 0.005


def parked(_: str) -> Turn:
    """Wait for a message that never comes."""
    yield Call("read_inbox", {"wait_s": WAIT_S})
    return ""


@define
class Pair:
    """One makes something happen, the other is parked and hears of it; timed from that call to the other's answer."""

    timing: Timing
    made_at: float | None = None
    cursor: str | None = None

    def make(self, call: Call) -> Turn:
        while self.made_at is not None:
            yield Pause(LOOK_S)
        yield Pause(BETWEEN_S)
        self.made_at = time.perf_counter()
        yield call
        return ""

    def await_it(self, tool: str, **which: object) -> Turn:
        answer = yield Call(tool, {"wait_s": WAIT_S, **which, **({"cursor": self.cursor} if self.cursor else {})})
        now = time.perf_counter()
        self.cursor = answer.next_cursor or self.cursor
        if answer.items and self.made_at is not None:
            self.timing.add(self.made_at, now)
            self.made_at = None
        return ""


@define
class InboxPair:
    """A message, and its reader."""

    pair: Pair
    reader: str

    def send(self, _: str) -> Turn:
        return (yield from self.pair.make(Call("send_message", {"to": self.reader, "content": "now"})))

    def arrive(self) -> Turn:
        """Be known, so that there is an inbox."""
        yield Call("read_inbox", {})
        return ""

    def read(self, _: str) -> Turn:
        return (yield from self.pair.await_it("read_inbox"))


@define
class ChangesPair:
    """A change of one task, and who follows it."""

    pair: Pair
    code: str = ""

    def a_task(self) -> Turn:
        self.code = yield from a_task()
        return self.code

    def change(self, code: str) -> Turn:
        # Each time to something else: what changes nothing is no event.
        return (yield from self.pair.make(Call("update_task", {"code": code, "description": f"changed at {time.time()}"})))

    def follow(self, _: str) -> Turn:
        self.pair.cursor = self.pair.cursor or "now"
        return (yield from self.pair.await_it("get_changes", code=self.code))
