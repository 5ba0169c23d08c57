"""Planted bugs: mistakes that a server of this kind could have, each of which the machine has to find."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from taskactors.board import aftermath, inbox, layout
from taskactors.board.change import Change
from taskactors.board.view import View
from taskactors.domain import claiming, lifecycle, moving
from taskactors.domain.task import State
from taskactors.storage.clean_mark import MARK_FILE
from taskactors.storage.keys import split
from taskactors.storage.on_lmdb import DATA_FILE, LmdbEngine, open_lmdb
from taskactors.storage.transaction import Buffer
from tests.model import machine

Plant = Callable[[pytest.MonkeyPatch], None]


def a_claim_does_not_look_at_the_holder(plant: pytest.MonkeyPatch) -> None:
    claim = claiming.claim
    plant.setattr(claiming, "claim", lambda task, *rest: claim(evolve(task, state=State.CREATED, claim=None, owner_agent_name=None), *rest))


def a_limit_of_claims_is_not_kept(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(View, "held_by", lambda view, agent, limit: ())


def a_fence_is_not_looked_at(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(claiming, "require_fence", lambda task, fence: None)


def a_rev_is_not_looked_at(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Change, "require_rev", lambda *anything: None)


def anybody_may_do_anything(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(lifecycle, "_permit_person", lambda task, who, caller: None)


def no_reason_is_needed(plant: pytest.MonkeyPatch) -> None:
    permit = lifecycle.permit
    plant.setattr(moving, "permit", lambda task, to, caller, reason: permit(task, to, caller, reason or "none"))


def an_index_forgets_that_a_claim_ended(plant: pytest.MonkeyPatch) -> None:
    index = Change._index

    def keep(change: Change, before: frozenset[bytes], after: frozenset[bytes], value: bytes = b"") -> None:
        index(change, frozenset(entry for entry in before if split(entry)[0] != "held"), after, value)

    plant.setattr(Change, "_index", keep)


def an_expired_lease_is_no_failure(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(claiming, "failed", lambda task, failure, now: task)


def a_sign_of_life_is_not_heard(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(claiming, "last_sign_of_life", lambda task, *rest: task.claim.claimed_at)


def a_start_gives_no_grace(plant: pytest.MonkeyPatch) -> None:
    plant.setattr("tests.board.board.give_grace", lambda change: 0)


def delayed_work_is_offered(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(layout, "is_ready", lambda task: task.state is State.CREATED)


def nobody_is_told_that_a_blocker_is_done(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(aftermath, "carry_over", lambda change, before, after: ())


def what_a_role_is_told_is_lost(plant: pytest.MonkeyPatch) -> None:
    index = layout.index_of_message
    plant.setattr(layout, "index_of_message", lambda message: frozenset() if str(message.to).startswith("role:") else index(message))


def what_was_confirmed_comes_again(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(inbox, "_confirmed", lambda change, reader, passed_back, same_role: reader)


def direct_messages_are_shown_to_all(plant: pytest.MonkeyPatch) -> None:
    plant.setattr("taskactors.board.messages.may_read", lambda message, reader, is_person: True)


def an_answer_is_not_kept_for_a_repeat(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Change, "put", lambda change, entry, value: None)


def a_key_is_everybodys(plant: pytest.MonkeyPatch) -> None:
    reply = layout.reply
    plant.setattr(layout, "reply", lambda caller, tool, key: reply("anybody", tool, key))


def a_refusal_leaves_something_behind(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(Buffer, "_take_back", lambda buffer: None)


def an_assignment_is_no_event(plant: pytest.MonkeyPatch) -> None:
    append = Change._append

    def silent(change: Change, kind: Any, subject: str, data: dict[str, object]) -> None:
        if kind != "task_assigned":
            append(change, kind, subject, data)

    plant.setattr(Change, "_append", silent)


def a_start_loses_the_last_batch(plant: pytest.MonkeyPatch) -> None:
    commit = LmdbEngine._commit
    kept = "before-the-last-batch"

    def keeping(engine: LmdbEngine, transaction: Any) -> None:
        shutil.copyfile(engine._folder / DATA_FILE, engine._folder / kept)
        commit(engine, transaction)

    def going_back(folder: Path) -> LmdbEngine:
        if (folder / kept).exists():
            (folder / kept).replace(folder / DATA_FILE)
            (folder / MARK_FILE).unlink(missing_ok=True)
        return open_lmdb(folder)

    plant.setattr(LmdbEngine, "_commit", keeping)
    plant.setattr(machine, "open_lmdb", going_back)


PLANTED: tuple[Plant, ...] = (
    a_claim_does_not_look_at_the_holder,
    a_limit_of_claims_is_not_kept,
    a_fence_is_not_looked_at,
    a_rev_is_not_looked_at,
    anybody_may_do_anything,
    no_reason_is_needed,
    an_index_forgets_that_a_claim_ended,
    an_expired_lease_is_no_failure,
    a_sign_of_life_is_not_heard,
    a_start_gives_no_grace,
    delayed_work_is_offered,
    nobody_is_told_that_a_blocker_is_done,
    what_a_role_is_told_is_lost,
    what_was_confirmed_comes_again,
    direct_messages_are_shown_to_all,
    an_answer_is_not_kept_for_a_repeat,
    a_key_is_everybodys,
    a_refusal_leaves_something_behind,
    an_assignment_is_no_event,
    a_start_loses_the_last_batch,
)
