"""Redaction: a secret is gone from everything that is stored, and the log is whole and says who did it, never what it was."""

import pytest

from taskactors.board import chain, layout
from taskactors.board.redaction import PLACES_LIMIT
from taskactors.board.stored import EVENT
from taskactors.domain.errors import LimitReached, NotAllowed, NotFound
from taskactors.domain.redacting import INSTEAD

from .board import Board, Seat

SECRET = 'hunter2"\\\n-žluť'
"""With characters that are written in another way within JSON, and in yet another within JSON within JSON."""


def where_it_is(board: Board, secret: str = "hunter2") -> list[bytes]:
    """Everything stored that has a trace of it."""
    everything = board.engine.read(lambda snapshot: snapshot.range(*layout.EVERYTHING, limit=1 << 30))
    return [entry for entry, stored in everything if secret.encode() in stored or secret.encode() in entry]


@pytest.fixture
def spilt(board: Board, ada: Seat, bob: Seat, person: Seat) -> Board:
    """The secret in every kind of record, in events and in stored answers."""
    text = f"the key is {SECRET}, keep it"
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["python"], description=text)
    ada.create_task(code="T-1", name=f"use {SECRET}", description=text, acceptance_criteria=[text], labels=["plain"], idempotency_key="k-1")
    fence = ada.call("claim_task", code="T-1")["claim"]["fence"]
    ada.report_progress(code="T-1", fence=fence, note=text, idempotency_key="k-2")
    session = ada.start_work_session(code="T-1")["session_id"]
    ada.end_work_session(session_id=session, notes=text)
    ada.send_message(to="bob", content=text, code="T-1", idempotency_key="k-3")
    ada.add_knowledge(title=text[:40], body=text, tags=["keys"], visibility="private")
    offered = ada.offer_handoff(code="T-1", fence=fence, to="bob", summary=text, next_steps=text)["handoff_id"]
    bob.answer_handoff(handoff_id=offered, accept=False, reason=text)
    ada.release_task(code="T-1", fence=fence, reason=text)
    ada.reserve_files(patterns=["src/**"], ttl_s=600, reason=text)
    person.set_pause(target="role:qa", paused=True, reason=text)
    person.define_workflow(name="ship", steps=[{"id": "go", "name": "go", "exit_conditions": [text]}])
    assert len(where_it_is(board)) > 12
    return board


def test_a_secret_is_gone_from_every_record_event_and_stored_answer_and_the_rest_stays(spilt: Board, ada: Seat, person: Seat) -> None:
    answer = person.call("admin.redact", text=SECRET)
    assert where_it_is(spilt) == []
    assert answer["left"] == []
    assert {subject.split(":")[0] for subject in answer["redacted"]} == {
        "agent", "task", "session", "message", "entry", "handoff", "reservation", "pause", "workflow",
    }  # fmt: skip
    assert answer["events"] == 3
    assert answer["replies"] == 3
    task = ada.get_task_by_code(code="T-1", detail="full")
    assert (task["name"], task["description"]) == (f"use {INSTEAD}", f"the key is {INSTEAD}, keep it")
    assert spilt.findings() == []


def test_the_log_says_who_removed_what_from_where_and_not_what_it_was(spilt: Board, person: Seat) -> None:
    before = spilt.events()
    redacted = person.call("admin.redact", text=SECRET)["redacted"]
    new = spilt.events(after=before[-1].seq)
    assert {(event.kind, event.by) for event in new} == {("text_redacted", "local")}
    assert set(redacted) <= {event.subject for event in new}
    assert next(event for event in new if event.subject.startswith("task:")).data == {
        "fields": ["name", "description", "acceptance_criteria", "notes"]
    }
    kept = spilt.events()[: len(before)]
    assert [(event.seq, event.kind, event.at) for event in kept] == [(event.seq, event.kind, event.at) for event in before]


def test_a_repeat_under_its_key_is_answered_without_the_secret(spilt: Board, ada: Seat, person: Seat) -> None:
    person.call("admin.redact", text=SECRET)
    again = ada.send_message(to="bob", content=f"the key is {SECRET}, keep it", code="T-1", idempotency_key="k-3")
    assert (again["replayed"], again["content"]) == (True, f"the key is {INSTEAD}, keep it")


def test_a_task_that_was_redacted_has_a_new_rev(spilt: Board, person: Seat) -> None:
    rev = spilt.task("T-1").rev
    person.call("admin.redact", text=SECRET)
    assert spilt.task("T-1").rev == rev + 1


def test_two_secrets_in_one_event_can_both_be_removed(board: Board, ada: Seat, person: Seat) -> None:
    code = ada.held("T-1")
    ada.release_task(code=code, reason="first-secret and second-secret")
    for secret in ("first-secret", "second-secret"):
        person.call("admin.redact", text=secret)
        assert board.findings() == []
    [released] = [event for event in board.events() if event.kind == "task_released"]
    assert released.data["reason"] == f"{INSTEAD} and {INSTEAD}"


def test_what_is_nowhere_too_common_or_asked_by_an_agent_is_refused_and_changes_nothing(board: Board, ada: Seat, person: Seat) -> None:
    ada.task("T-1", description="a secret-word here")
    seq = len(board.events())
    with pytest.raises(NotFound) as no:
        person.call("admin.redact", text="never-written")
    assert "never-written" not in no.value.cause()
    with pytest.raises(NotAllowed):
        ada.call("admin.redact", text="secret-word")
    board.write(*(ada.command("create_task", code="C", name="n", description="common-word") for _ in range(PLACES_LIMIT + 1)))
    with pytest.raises(LimitReached):
        person.call("admin.redact", text="common-word")
    assert {event.kind for event in board.events(after=seq)} == {"task_created"}
    assert board.task("T-1").description == "a secret-word here"


def test_a_secret_that_is_somebodys_name_stays_there_and_is_said_to_be_left(board: Board, person: Seat) -> None:
    spy = board.as_agent("hunter2-agent")
    spy.task("T-1", description="by hunter2-agent")
    answer = person.call("admin.redact", text="hunter2-agent")
    assert board.task("T-1").description == f"by {INSTEAD}"
    assert board.agent("hunter2-agent").name == "hunter2-agent"
    assert answer["left"]
    assert not any("hunter2" in place for place in answer["left"])


def test_an_event_that_was_changed_without_a_voucher_or_after_it_is_found_out(spilt: Board, person: Seat) -> None:
    person.call("admin.redact", text=SECRET)
    [paused] = [event for event in spilt.events() if event.kind == "pause_set"]
    where = layout.event(paused.seq)
    stored = spilt.engine.read(lambda snapshot: snapshot.get(where))
    assert stored is not None
    forged = chain.hash_of(stored) + chain.body_of(stored).replace(INSTEAD.encode(), b"[rewritten]")
    assert EVENT.decode(chain.body_of(forged)).data != paused.data
    spilt.tampered = True
    spilt.write(lambda transaction: transaction.put(where, forged))
    assert spilt.findings() == [f"event {paused.seq} does not fit the hash chain"]
    spilt.write(lambda transaction: transaction.put(where, stored))
    assert spilt.findings() == []
    spilt.write(lambda transaction: transaction.delete(layout.voucher(paused.seq)))
    assert spilt.findings() == [f"event {paused.seq} does not fit the hash chain"]


def test_a_redacted_event_can_be_dropped_like_any_other(spilt: Board, person: Seat) -> None:
    person.call("admin.redact", text=SECRET)
    spilt.later(100 * 24 * 3600)
    spilt.as_agent("bob").read_inbox(cursor=spilt.as_agent("bob").read_inbox()["next_cursor"])
    spilt.as_agent("ada").read_inbox(cursor=spilt.as_agent("ada").read_inbox()["next_cursor"])
    assert person.call("admin.retain", keep_days=1, keep_events=1)["dropped"] > 10
    assert spilt.findings() == []
    assert spilt.engine.read(lambda snapshot: snapshot.range(*layout.family("voucher"), limit=10)) == []
