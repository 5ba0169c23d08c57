"""Planted bugs beyond the spine: in handing on, planning, files, knowledge, workflows, each to be found by its family's machine."""

from typing import Any

import pytest
from attrs import evolve

from taskactors.actors.search_index import SearchIndex
from taskactors.board import aftermath, changes, circles, dependants, escalating, knowledge, layout, reservations, reserved, taking, view
from taskactors.board.view import View
from taskactors.domain import finishing, handing_off, reserving, session, waiting, workflow
from taskactors.domain.knowledge import Entry
from taskactors.domain.pausing import PROJECT
from taskactors.domain.task import Task

# the way of a task


def whoever_did_the_prerequisite_is_not_preferred(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(taking, "_implementers", lambda change, task: set())


def labels_are_not_looked_at(plant: pytest.MonkeyPatch) -> None:
    passes = taking._passes
    plant.setattr(taking, "_passes", lambda change, task, request: passes(change, task, evolve(request, labels=())))


def the_unsure_are_believed(plant: pytest.MonkeyPatch) -> None:
    complete = finishing.complete

    def believing(task: Task, caller: Any, fence: int, result: Any, now: int) -> Any:
        fact = complete(task, caller, fence, evolve(result, confidence=None), now)
        return evolve(fact, after=evolve(fact.after, result=result))

    plant.setattr(finishing, "complete", believing)


def progress_does_not_move_the_deadline(plant: pytest.MonkeyPatch) -> None:
    progress = finishing.progress

    def unmoved(task: Task, *rest: Any) -> Any:
        fact = progress(task, *rest)
        assert isinstance(fact.after, Task)
        assert task.claim is not None
        assert fact.after.claim is not None
        return evolve(fact, after=evolve(fact.after, claim=evolve(fact.after.claim, deadline=task.claim.deadline)))

    plant.setattr(finishing, "progress", unmoved)


# from hand to hand


def an_offer_outlives_its_task(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(aftermath, "_withdraw_offer", lambda change, before, after: None)


def an_accepted_task_keeps_its_fence(plant: pytest.MonkeyPatch) -> None:
    accept = handing_off.accept
    plant.setattr(handing_off, "accept", lambda task, *rest: accept(evolve(task, fence=task.fence - 1), *rest))


def an_offer_has_no_end(plant: pytest.MonkeyPatch) -> None:
    index = layout.index_of_handoff
    plant.setattr(layout, "index_of_handoff", lambda offer: frozenset(each for each in index(offer) if not each.startswith(layout.DUE[0])))


def help_goes_no_further(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(escalating, "ESCALATED_TO", ())


def an_answer_is_no_acknowledgement(plant: pytest.MonkeyPatch) -> None:
    plant.setattr("taskactors.board.messages.answered", lambda change, reply: None)


def a_pause_of_a_role_holds_nobody(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(view, "targets_of", lambda agent: (PROJECT, agent.name))


# plans


def a_whole_is_not_done_with_its_parts(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(dependants, "_finish_parent", lambda change, code: [])


def one_part_is_taken_for_all(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(View, "_is_fan_in_met", lambda view, each: any(waiting.meets(part) for part in view.parts_of(each.code)))


def a_circle_through_parts_is_not_seen(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(circles, "prerequisites", lambda view, task: iter(task.blockers))


def a_whole_is_set_free_by_its_last_blocker(plant: pytest.MonkeyPatch) -> None:
    freed = waiting._is_freed
    plant.setattr(waiting, "_is_freed", lambda task: freed(evolve(task, decomposed=False)))


# files


def somebody_slips_in_before_who_waits(plant: pytest.MonkeyPatch) -> None:
    in_the_way = reserving.in_the_way
    for module in (reserving, reservations):
        plant.setattr(module, "in_the_way", lambda of, there: tuple(each for each in in_the_way(of, there) if each.granted_at is not None))


def files_stay_behind_when_their_claim_ends(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(aftermath, "follow_claim", lambda change, before, after: None)


def a_circle_of_waiters_is_not_seen(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(reservations, "waiting_circle", lambda of, there: ())


def who_waited_has_the_usual_time(plant: pytest.MonkeyPatch) -> None:
    ends_at = reserved.ends_at
    plant.setattr(reserved, "ends_at", lambda change, each: ends_at(change, evolve(each, ttl_s=None)))


# what is known


def private_entries_are_found_by_all(plant: pytest.MonkeyPatch) -> None:
    def anybody(entry: Entry, reader: str, is_person: bool) -> bool:
        return True

    plant.setattr(knowledge, "may_see", anybody)


def the_log_tells_who_wrote_to_whom(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(changes, "_hidden", lambda view, event: None)


def the_log_of_a_task_is_without_what_was_said_on_it(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(changes, "is_about", lambda event, task: event.subject == f"task:{task.id}")


def what_was_added_later_is_not_found(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(SearchIndex, "_hear_of", lambda index, place, number: None)


# steps and sessions


def a_pause_counts_as_work(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(session, "resumed", lambda of, now: evolve(of, paused_at=None))


def a_session_outlives_its_claim(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(aftermath, "end_with_claim", lambda change, before, after: None)


def tasks_take_the_newest_steps(plant: pytest.MonkeyPatch) -> None:
    plant.setattr(View, "workflow_of", lambda view, position: view.workflow(position.name))


def what_a_step_needed_is_needed_ever_after(plant: pytest.MonkeyPatch) -> None:
    placed = workflow.placed

    def keeping(task: Task, *rest: Any) -> Task:
        after = placed(task, *rest)
        return evolve(after, required_capabilities=tuple(sorted({*task.required_capabilities, *after.required_capabilities})))

    plant.setattr(workflow, "placed", keeping)


FINISHING = (
    whoever_did_the_prerequisite_is_not_preferred,
    labels_are_not_looked_at,
    the_unsure_are_believed,
    progress_does_not_move_the_deadline,
)
HANDING = (
    an_offer_outlives_its_task,
    an_accepted_task_keeps_its_fence,
    an_offer_has_no_end,
    help_goes_no_further,
    an_answer_is_no_acknowledgement,
    a_pause_of_a_role_holds_nobody,
)
PLANNING = (
    a_whole_is_not_done_with_its_parts,
    one_part_is_taken_for_all,
    a_circle_through_parts_is_not_seen,
    a_whole_is_set_free_by_its_last_blocker,
)
FILES = (
    somebody_slips_in_before_who_waits,
    files_stay_behind_when_their_claim_ends,
    a_circle_of_waiters_is_not_seen,
    who_waited_has_the_usual_time,
)
KNOWING = (
    private_entries_are_found_by_all,
    the_log_tells_who_wrote_to_whom,
    the_log_of_a_task_is_without_what_was_said_on_it,
    what_was_added_later_is_not_found,
)
STEPPING = (
    a_pause_counts_as_work,
    a_session_outlives_its_claim,
    tasks_take_the_newest_steps,
    what_a_step_needed_is_needed_ever_after,
)
