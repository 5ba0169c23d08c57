"""Planted bugs: mistakes that a server of this kind could have, each of which the simulation has to find."""

from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from taskactors.actors import waiting
from taskactors.actors.clock import Clock
from taskactors.actors.in_hand import Batch
from taskactors.actors.store import Store
from taskactors.actors.waiting import Waiting
from taskactors.board import inbox, layout, reservations
from taskactors.board.change import Change
from taskactors.board.watching import Ready, topics_of
from taskactors.domain import claiming, finishing, lifecycle
from taskactors.domain.events import EventKind
from taskactors.domain.task import RUNNING, SUSPENDED, Claim, State, Task
from taskactors.runtime import Letter
from taskactors.runtime.mailbox import Mailbox
from taskactors.storage.keys import split
from taskactors.storage.transaction import Buffer

Plant = Callable[[pytest.MonkeyPatch], None]


def a_fence_is_not_looked_at(plant: pytest.MonkeyPatch) -> None:
    for module in (claiming, finishing):
        plant.setattr(module, "require_fence", lambda task, fence: None)


def a_holder_is_not_looked_at(plant: pytest.MonkeyPatch) -> None:
    claim = claiming.claim
    plant.setattr(claiming, "claim", lambda task, *rest: claim(evolve(task, state=State.CREATED, claim=None, owner_agent_name=None), *rest))


def a_key_stays_in_the_index_of_ready_work(plant: pytest.MonkeyPatch) -> None:
    index = Change._index

    def keep(change: Change, before: frozenset[bytes], after: frozenset[bytes], value: bytes = b"") -> None:
        index(change, frozenset(entry for entry in before if split(entry)[0] != "ready"), after, value)

    plant.setattr(Change, "_index", keep)


def nobody_is_woken_for_work(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(waiting, "topics_of", lambda told: () if isinstance(told, Ready) else topics_of(told))


def what_is_left_after_a_try_is_offered_to_nobody(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Waiting, "_offer", lambda us, left, after=-1: None)


def what_somebody_took_who_had_left_stays_taken(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Waiting, "_hand_over", lambda us, waiter, answer: waiter.letter.answer(answer))


def the_store_answers_before_it_commits(plant: pytest.MonkeyPatch) -> None:
    async def early(store: Store, batch: Batch) -> None:
        writes = await store._drafted(batch)
        store._committed(batch)
        store.in_hand.batch = batch
        if writes:
            await store.off_loop(store._engine.commit, writes, batch.id)
        store.in_hand.batch = None

    plant.setattr(Store, "_write", early)


def an_answer_is_not_kept_for_a_repeat(plant: pytest.MonkeyPatch) -> None:
    put = Change.put
    plant.setattr(Change, "put", lambda change, entry, value: None if split(entry)[0] == "reply" else put(change, entry, value))


def what_is_in_doubt_is_run_again_as_something_new(plant: pytest.MonkeyPatch) -> None:
    settle = Store._settle

    async def as_new(store: Store, batch: Batch) -> None:
        batch.id = bytes(16)
        await settle(store, batch)

    plant.setattr(Store, "_settle", as_new)


def a_release_is_no_event(plant: pytest.MonkeyPatch) -> None:
    append = Change._append

    def silent(change: Change, kind: EventKind, subject: str, data: dict[str, object]) -> None:
        if kind is not EventKind.TASK_RELEASED:
            append(change, kind, subject, data)

    plant.setattr(Change, "_append", silent)


def a_lease_runs_on_while_its_task_is_reviewed(plant: pytest.MonkeyPatch) -> None:
    claim_in = lifecycle._claim_in

    def running(task: Task, to: State, now: int) -> Claim | None:
        return task.claim if to in SUSPENDED else claim_in(task, to, now)

    plant.setattr(lifecycle, "_claim_in", running)
    plant.setattr(layout, "RUNNING", RUNNING | SUSPENDED)


def a_refusal_leaves_something_behind(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Buffer, "_take_back", lambda buffer: None)


def a_cursor_moves_too_far(plant: pytest.MonkeyPatch) -> None:
    confirmed = inbox._confirmed
    plant.setattr(inbox, "_confirmed", lambda change, reader, passed_back, same_role: confirmed(change, reader, passed_back + 1, same_role))


def what_was_confirmed_comes_again(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(inbox, "_confirmed", lambda change, reader, passed_back, same_role: reader)


def files_are_given_to_two(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(reservations, "in_the_way", lambda of, there: ())


def a_restart_gives_no_grace(plant: pytest.MonkeyPatch) -> None:
    plant.setattr("taskactors.actors.project.give_grace", lambda change: 0)


def time_goes_back_with_the_clock_on_the_wall(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Clock, "not_before", lambda clock, moment: None)


def letters_are_lost_when_their_actor_crashes(plant: pytest.MonkeyPatch) -> None:
    deliver = Mailbox.deliver

    def lossy(box: Mailbox, letter: Letter[Any], urgent: bool = False) -> None:
        # Nobody reads it, so whoever crashed is just coming back.
        if box._reader is not None or box.owner not in ("backend", "store"):
            deliver(box, letter, urgent)

    plant.setattr(Mailbox, "deliver", lossy)


PLANTED: tuple[Plant, ...] = (
    a_fence_is_not_looked_at,
    a_holder_is_not_looked_at,
    a_key_stays_in_the_index_of_ready_work,
    nobody_is_woken_for_work,
    what_is_left_after_a_try_is_offered_to_nobody,
    what_somebody_took_who_had_left_stays_taken,
    the_store_answers_before_it_commits,
    an_answer_is_not_kept_for_a_repeat,
    what_is_in_doubt_is_run_again_as_something_new,
    a_release_is_no_event,
    a_lease_runs_on_while_its_task_is_reviewed,
    a_refusal_leaves_something_behind,
    a_cursor_moves_too_far,
    what_was_confirmed_comes_again,
    files_are_given_to_two,
    a_restart_gives_no_grace,
    time_goes_back_with_the_clock_on_the_wall,
    letters_are_lost_when_their_actor_crashes,
)
