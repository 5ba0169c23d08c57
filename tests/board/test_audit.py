"""The audit: finds nothing in a store that the rules kept, and every kind of damage that was planted in one."""

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from taskactors.board import chain, layout
from taskactors.board.audit_indexes import OWNED
from taskactors.board.stored import EVENT, REPLY, TASK, Reply
from taskactors.domain.matching import Lane
from taskactors.domain.task import Dependency, State, Task
from taskactors.storage.engine import Transaction
from taskactors.storage.keys import key, split

from .board import Board, Seat


@pytest.fixture
def lived(board: Board, ada: Seat, bob: Seat, person: Seat) -> Board:
    """A board on which everything has happened once, about to be broken."""
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["python"])
    ada.task("READY-1", required_capabilities=["python"], parent_code=None)
    ada.held("HELD-1")
    ada.start_work_session(code="HELD-1")
    ada.held("DONE-1")
    ada.task("FREED-1", depends_on=["DONE-1"])
    ada.move("DONE-1", "Done")
    ada.task("WAITS-1", depends_on=["READY-1", "HELD-1"])
    ada.task("OFF-1")
    ada.task("STUCK-1", depends_on=["OFF-1"])
    ada.move("OFF-1", "Cancelled")
    ada.held("OFFERED-1")
    ada.offer_handoff(code="OFFERED-1", fence=1, to="bob", summary="half of it is done")
    bob.held("REVIEW-1")
    bob.move("REVIEW-1", "Review")
    bob.send_message(to="ada", content="hello", code="HELD-1", idempotency_key="k-1")
    person.task("LATER-1", not_before="2030-01-01T00:00:00Z", parent_code="READY-1")
    ada.task("PARTS-1", depends_on=[{"code": "READY-1", "kind": "waits-for-all"}])
    bob.send_message(to="ada", content="see to it", ack_by_s=3600)
    ada.add_knowledge(title="why", body="because", code="HELD-1")
    board.later(60)
    ada.held("OVER-1")
    ada.move("OVER-1", "Done", "Archived")
    return board


def plant(board: Board, damage: Callable[[Transaction], object]) -> list[str]:
    """What the audit says after the store was written to behind the board's back."""
    board.tampered = True
    board.outcome(board.write(damage)[0])
    return board.findings()


def replaced(board: Board, code: str, **changes: Any) -> list[str]:
    """What the audit says after a task's record was changed, and nothing with it."""
    broken: Task = evolve(board.task(code), **changes)
    return plant(board, lambda transaction: transaction.put(layout.task(broken.id), TASK.encode(broken)))


def test_nothing_is_found_where_only_the_rules_have_written(lived: Board) -> None:
    assert lived.findings() == []
    lived.later(7 * 24 * 3600).sweep_all()
    lived.restart()
    assert lived.findings() == []


def test_an_empty_project_is_in_order(board: Board) -> None:
    assert board.findings() == []


def test_a_missing_event_is_found_as_a_gap_and_a_broken_chain(lived: Board) -> None:
    found = plant(lived, lambda transaction: transaction.delete(layout.event(3)))
    assert found == ["the event log has a gap: 2 is followed by 4", "event 4 does not fit the hash chain"]


def test_a_missing_last_event_is_found_by_the_head(lived: Board) -> None:
    last = lived.events()[-1].seq
    found = plant(lived, lambda transaction: transaction.delete(layout.event(last)))
    assert found == [f"the log ends at event {last - 1}, but its head says {last}"]


def test_a_changed_event_is_found_and_only_that_one(lived: Board) -> None:
    def forge(transaction: Transaction) -> None:
        stored = transaction.get(layout.event(3))
        assert stored is not None
        forged = evolve(EVENT.decode(chain.body_of(stored)), by="somebody-else")
        transaction.put(layout.event(3), chain.hash_of(stored) + EVENT.encode(forged))

    assert plant(lived, forge) == ["event 3 does not fit the hash chain"]


def test_two_events_that_changed_places_are_found(lived: Board) -> None:
    def swap(transaction: Transaction) -> None:
        third, fourth = transaction.get(layout.event(3)), transaction.get(layout.event(4))
        assert third is not None
        assert fourth is not None
        transaction.put(layout.event(3), fourth)
        transaction.put(layout.event(4), third)

    found = plant(lived, swap)
    assert {"event 3 does not fit the hash chain", "event 3 says that it is another", "event 4 says that it is another"} <= set(found)


def test_an_event_beyond_the_head_is_found(lived: Board) -> None:
    head = lived.engine.read(chain.read_head)
    body = EVENT.encode(evolve(lived.events()[-1], seq=head.seq + 1))

    def append(transaction: Transaction) -> None:
        transaction.put(layout.event(head.seq + 1), chain.linked(head.next(body), body))

    assert plant(lived, append) == [f"the log ends at event {head.seq + 1}, but its head says {head.seq}"]


def test_a_log_without_its_beginning_is_found(lived: Board) -> None:
    assert "the event log has a gap: 0 is followed by 2" in plant(lived, lambda transaction: transaction.delete(layout.event(1)))


@pytest.mark.parametrize(
    ("code", "changes", "finding"),
    [
        ("HELD-1", {"claim": None, "owner_agent_name": None}, "HELD-1 is InProgress but its lease says otherwise"),
        ("READY-1", {"state": State.IN_PROGRESS}, "READY-1 is InProgress but its lease says otherwise"),
        ("HELD-1", {"owner_agent_name": "bob"}, "HELD-1 is held by ada with fence 1, but says bob and 1"),
        ("HELD-1", {"fence": 2}, "HELD-1 is held by ada with fence 1, but says ada and 2"),
        ("WAITS-1", {"state": State.CREATED}, "WAITS-1 is ready although it waits for 2 others"),
        ("DONE-1", {"done_at": None}, "DONE-1 is Done but never became so"),
        ("READY-1", {"done_at": 1}, "READY-1 is Created but became Done"),
        ("WAITS-1", {"unmet": 1}, "WAITS-1 waits for 2 others but counts 1"),
        ("FREED-1", {"unmet": 1}, "FREED-1 waits for 0 others but counts 1"),
        ("STUCK-1", {"cancelled_blockers": 0}, "STUCK-1 waits for 1 that were called off but counts 0"),
        ("WAITS-1", {"cancelled_blockers": 1}, "WAITS-1 waits for 0 that were called off but counts 1"),
        ("FREED-1", {"depends_on": (Dependency("NOWHERE-1"),)}, "FREED-1 waits for 1 others but counts 0"),
    ],
)
def test_a_task_that_contradicts_itself_or_its_blockers_is_found(lived: Board, code: str, changes: dict[str, Any], finding: str) -> None:
    assert finding in replaced(lived, code, **changes)


def test_a_lease_that_runs_where_it_should_be_stopped_is_found(lived: Board) -> None:
    claim = lived.task("REVIEW-1").claim
    assert claim is not None
    found = replaced(lived, "REVIEW-1", claim=evolve(claim, expires_at=lived.now))
    assert "REVIEW-1 is Review but its lease says otherwise" in found


@pytest.mark.parametrize("family", list(OWNED))
def test_an_index_entry_that_is_missing_is_found_whatever_the_index(lived: Board, family: str) -> None:
    (entry, _), *_ = lived.engine.read(lambda snapshot: snapshot.range(*layout.family(family), limit=1))
    found = plant(lived, lambda transaction: transaction.delete(entry))
    assert found[0] == f"an index lacks {split(entry)}"
    assert not any(finding.startswith("an index has") for finding in found)


@pytest.mark.parametrize("family", list(OWNED))
def test_an_index_entry_too_many_is_found_whatever_the_index(lived: Board, family: str) -> None:
    found = plant(lived, lambda transaction: transaction.put(key(family, "nobody", 99), b""))
    assert found == [f"an index has ('{family}', 'nobody', 99), which no {OWNED[family]} has"]


@pytest.mark.parametrize("what", [layout.LEASE, layout.START, layout.HANDOFF, layout.ACKNOWLEDGEMENT])
def test_a_moment_that_time_would_miss_or_find_nothing_at_is_found(lived: Board, what: str) -> None:
    due = lived.engine.read(lambda snapshot: snapshot.range(*layout.DUE, limit=100))
    entry = next(entry for entry, _ in due if split(entry)[2] == what)

    def move(transaction: Transaction) -> None:
        transaction.delete(entry)
        transaction.put(layout.due(1, what, 99), b"")

    found = plant(lived, move)
    assert len(found) == 2
    assert found[0].startswith("an index lacks ('due'")
    assert found[1].startswith("an index has ('due'")


def test_a_lane_that_nobody_registered_and_one_that_is_empty_are_found(lived: Board) -> None:
    one, *_ = lived.engine.read(lambda snapshot: snapshot.range(*layout.LANES, limit=10))
    assert plant(lived, lambda transaction: transaction.delete(one[0])) == ["FREED-1 is ready in a lane that is not registered"]
    assert plant(lived, lambda transaction: transaction.put(one[0], (3).to_bytes(8, "big"))) == [
        "the lane ('', '', '') counts 3 ready tasks, and there are 1"
    ]
    # As lanes were written before they were counted.
    assert plant(lived, lambda transaction: transaction.put(one[0], b"")) == []
    assert plant(lived, lambda transaction: transaction.put(layout.lane(Lane("zoe", "", ())), b"")) == [
        "the lane ('zoe', '', '') is registered, but nothing is ready in it"
    ]


def test_a_count_that_is_wrong_is_found(lived: Board) -> None:
    (finding,) = plant(lived, lambda transaction: transaction.put(layout.state_count("Done"), (7).to_bytes(8, "big")))
    assert "'Done': 7" in finding
    assert "'Done': 1" in finding


def test_a_stored_answer_that_nothing_will_drop_and_one_that_is_not_there_are_found(lived: Board) -> None:
    def damage(transaction: Transaction) -> None:
        transaction.put(layout.reply("ada", "claim_task", "kept"), REPLY.encode(Reply("d", "{}", 1)))
        transaction.put(layout.due(1, layout.REPLY, "ada", "claim_task", "gone"), b"")

    found = plant(lived, damage)
    assert len(found) == 2
    assert all(finding.startswith("the stored answer ('ada', 'claim_task', ") for finding in found)


def test_a_task_that_is_missing_leaves_its_traces(lived: Board) -> None:
    held = lived.task("HELD-1").id
    found = plant(lived, lambda transaction: transaction.delete(layout.task(held)))
    assert any("('code', 'HELD-1'" in finding for finding in found)
    assert any("('held', 'ada'" in finding for finding in found)
    assert any(finding.startswith("the counters say") for finding in found)


def test_an_offer_of_a_task_that_is_gone_or_stands_elsewhere_is_found(lived: Board) -> None:
    offered = lived.task("OFFERED-1")
    assert "handoff 1 of OFFERED-1 is open, but the task is Blocked" in replaced(lived, "OFFERED-1", state=State.BLOCKED)
    found = plant(lived, lambda transaction: transaction.delete(layout.task(offered.id)))
    assert "handoff 1 is of OFFERED-1, which is gone" in found


def test_what_cannot_be_read_is_a_finding_and_the_rest_is_still_looked_at(lived: Board) -> None:
    first = lived.task("READY-1").id

    def damage(transaction: Transaction) -> None:
        transaction.put(layout.task(first), b"\x01no record")
        transaction.put(key("state", "Done", "not a number"), b"")
        transaction.put(layout.agent("ada"), b"")
        transaction.put(b"\x09no key of ours", b"")

    found = plant(lived, damage)
    assert any(each.startswith(f"('task', {first}) cannot be made sense of: a task record") for each in found)
    assert any(each.startswith("('state', 'Done', 'not a number') cannot be made sense of") for each in found)
    assert any(each.startswith("('agent', 'ada') cannot be made sense of") for each in found)
