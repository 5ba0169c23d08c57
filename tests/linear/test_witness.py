"""What the witness check lets pass and what not, in histories that are short enough to read."""

from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest
import trio
from attrs import Factory, define

from tests.linear.history import Call, History
from tests.linear.log import SERVER, Event
from tests.linear.model import step
from tests.linear.reasons import Reason, Rejected
from tests.linear.state import State
from tests.linear.witness import check
from tests.support.agent_client import Refused

TASK = {"code": "T-1", "description": "d"}


@define(eq=False)
class Story:
    """Calls as they are told, on a model that writes the log: `does` is when a call acts, which may be long after it was made."""

    state: State = Factory(State)
    calls: list[Call] = Factory(list)
    log: list[Event] = Factory(list)
    keys: "count[int]" = Factory(lambda: count(1))

    def does(self, client: str, tool: str, key: str | None = None, **given: Any) -> tuple[str, Mapping[str, Any]]:
        """The call acts now; its key and its reply, which nobody has heard yet."""
        key = key or f"key-{next(self.keys)}"
        outcome = step(self.state, client, tool, given, key)
        self.state = outcome.state
        for kind, subject, facts in outcome.events:
            self.log.append(Event(len(self.log) + 1, 0, kind, client, subject or "", key, facts))
        return key, outcome.reply

    def heard(self, client: str, tool: str, said: tuple[str, Mapping[str, Any]], between: tuple[float, float | None], **given: Any) -> None:
        """What was called and answered, and when."""
        key, reply = said
        begun, ended = between
        self.calls.append(Call(client, tool, given, begun, ended, reply if ended is not None else None, key=key, line=len(self.calls)))

    def call(self, at: float, client: str, tool: str, key: str | None = None, **given: Any) -> Mapping[str, Any]:
        """A call that is over at once."""
        said = self.does(client, tool, key, **given)
        self.heard(client, tool, said, (at, at + 0.5), **given)
        return said[1]

    def reason(self) -> Reason | None:
        """Why it is rejected, if it is."""
        try:
            check(self.calls, self.log)
        except Rejected as rejected:
            return rejected.reason
        return None


@pytest.fixture
def story() -> Story:
    told = Story()
    told.call(0, "ada", "create_task", **TASK)
    return told


def test_a_read_may_see_what_happens_while_it_is_under_way_or_not_yet(story: Story) -> None:
    early = story.does("bob", "get_task_by_code", code="T-1")
    taken = story.does("ada", "claim_task", code="T-1")
    late = story.does("bob", "get_task_by_code", code="T-1")
    story.heard("ada", "claim_task", taken, (1, 4), code="T-1")
    story.heard("bob", "get_task_by_code", early, (2, 3), code="T-1")
    story.heard("cy", "get_task_by_code", late, (2, 3), code="T-1")
    assert story.reason() is None


def test_two_reads_one_after_the_other_may_not_go_back(story: Story) -> None:
    early = story.does("bob", "get_task_by_code", code="T-1")
    taken = story.does("ada", "claim_task", code="T-1")
    late = story.does("bob", "get_task_by_code", code="T-1")
    story.heard("ada", "claim_task", taken, (1, 9), code="T-1")
    story.heard("bob", "get_task_by_code", late, (2, 3), code="T-1")
    story.heard("cy", "get_task_by_code", early, (4, 5), code="T-1")
    assert story.reason() is Reason.BACK_IN_TIME


def test_nobody_may_see_half_of_what_one_call_does(story: Story) -> None:
    before = len(story.log)
    sent = story.does("bob", "send_message", to="bob")
    story.heard("bob", "send_message", sent, (1, 2), to="bob")
    story.heard("ada", "get_changes", ("", {"head": before + 1}), (1.2, 1.4), cursor="now")
    assert story.reason() is Reason.WRONG_REPLY


def test_what_nobody_heard_of_has_happened_or_not_as_the_log_has_it(story: Story) -> None:
    story.heard("bob", "claim_task", ("never done", {}), (1, None), code="T-1")
    taken = story.does("cy", "claim_task", code="T-1")
    story.heard("cy", "claim_task", taken, (1, None), code="T-1")
    assert story.call(2, "ada", "claim_task", code="T-1") == {"refused": "not_claimable"}
    assert story.reason() is None


def test_what_nobody_heard_of_does_not_happen_after_the_server_died() -> None:
    for late, reason in ((False, None), (True, Reason.ORDER)):
        story, history = Story(), History()
        place = history.begun("ada", "create_task", TASK | {"idempotency_key": "k"}, 0)
        history.died()
        over = history.calls[place].until
        if not late:
            story.does("ada", "create_task", "k", **TASK)
        story.call(over + 1, "bob", "create_task", code="T-2")
        if late:
            story.does("ada", "create_task", "k", **TASK)
        story.calls.append(history.calls[place])
        assert story.reason() is reason


def test_a_place_in_the_inbox_may_have_moved_by_a_reading_that_nobody_heard_of(story: Story) -> None:
    for at in (1, 2):
        story.call(at, "bob", "send_message", to="ada")
    story.call(3, "ada", "read_inbox", limit=1)
    lost = story.does("ada", "read_inbox", cursor=1)
    story.heard("ada", "read_inbox", lost, (4, None), cursor=1)
    assert story.call(5, "ada", "read_inbox")["items"] == (2,)
    assert story.reason() is None
    story.calls = [call for call in story.calls if call.answered is not None]
    assert story.reason() is Reason.MESSAGE_LOST


def test_a_repeat_tells_what_became_of_a_call_that_nobody_heard_of(story: Story) -> None:
    story.call(1, "ada", "claim_task", code="T-1")
    lost = story.does("ada", "renew_claim", "again", code="T-1", fence=1)
    story.heard("ada", "renew_claim", lost, (2, None), code="T-1", fence=1)
    story.call(3, "bob", "update_task", code="T-1", add_note="n")
    assert story.call(4, "ada", "renew_claim", "again", code="T-1", fence=1)["replayed"] is True
    assert story.reason() is None


def test_a_repeat_with_other_arguments_is_refused_and_does_nothing(story: Story) -> None:
    story.call(1, "ada", "claim_task", "once", code="T-1")
    assert story.call(2, "ada", "claim_task", "once", code="T-2") == {"refused": "idempotency_key_reused"}
    assert story.reason() is None


def test_a_refusal_that_promises_that_nothing_changed_is_held_to_it(story: Story) -> None:
    for refused in ("overloaded", "stopping", "store_full", "internal"):
        story.heard("ada", "claim_task", (refused, {"refused": refused}), (1, 2), code="T-1")
    assert story.reason() is None
    done, _ = story.does("bob", "claim_task", code="T-1")
    story.heard("bob", "claim_task", (done, {"refused": "stopping"}), (3, 4), code="T-1")
    assert story.reason() is Reason.REFUSED_BUT_DONE


def test_a_lease_that_was_renewed_does_not_end_when_it_would_have(story: Story) -> None:
    story.call(1, "ada", "claim_task", code="T-1")
    story.calls[-1] = told_end(story.calls[-1], 1_000)
    story.call(2, "ada", "renew_claim", code="T-1", fence=1)
    story.calls[-1] = told_end(story.calls[-1], 5_000)
    outcome = step(story.state, SERVER, "expire", {"code": "T-1"})
    (kind, subject, facts), *_ = outcome.events
    for at, reason in ((5_000, None), (4_999, Reason.TOO_EARLY), (1_000, Reason.TOO_EARLY)):
        expired = Event(len(story.log) + 1, at, kind, SERVER, str(subject), "time", facts)
        story.log.append(expired)
        assert story.reason() is reason
        story.log.pop()


def told_end(call: Call, ends: int) -> Call:
    return Call(call.client, call.tool, call.given, call.invoked, call.answered, call.reply, call.key, ends, line=call.line)


async def test_a_recorder_keeps_what_was_answered_refused_and_never_heard_of() -> None:
    history = History()

    async def ask(tool: str, **given: Any) -> Mapping[str, Any]:
        await trio.lowlevel.checkpoint()
        if tool == "claim_task":
            raise Refused({"code": "not_claimable", "cause": "c", "facts": {}})
        if tool == "renew_claim":
            raise Refused({"code": "unknown_outcome", "cause": "c", "facts": {}})
        return {"id": 1, "target_agent_name": given["to"]}

    me = history.around("ada", ask)
    await me.call("send_message", to="bob", content="c")
    for tool in ("claim_task", "renew_claim"):
        with pytest.raises(Refused):
            await me.call(tool, code="T-1")
    with trio.CancelScope() as gone:
        gone.cancel()
        await me.call("send_message", to="bob", content="c")
    assert [call.reply for call in history.calls] == [{"id": 1, "to": "bob"}, {"refused": "not_claimable"}, None, None]
    stamps = [at for call in history.calls for at in (call.invoked, call.answered) if at is not None]
    assert stamps == sorted(set(stamps))
    assert len({call.key for call in history.calls}) == 4
