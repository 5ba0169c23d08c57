"""The board's part of a health check: what it counts is what is stored."""

from taskactors.board.settings import BoardSettings
from taskactors.domain.moments import text_of

from .board import NOW, Board, Seat


def test_an_empty_project_counts_nothing() -> None:
    board = Board(settings=BoardSettings(project="empty"))
    answer = board.as_agent("ada").health_check()
    assert answer == {"timestamp": text_of(NOW), "project": "empty", "total_tasks": 0, "tasks": {}, "agents": 0, "events": 0}


def test_it_counts_tasks_by_state_agents_and_events(board: Board, ada: Seat, bob: Seat) -> None:
    ada.task("T-1")
    ada.held("T-2")
    bob.held("T-3")
    bob.move("T-3", "Done")
    board.later(60)
    answer = ada.health_check()
    assert answer["tasks"] == {"Created": 1, "InProgress": 1, "Done": 1}
    assert (answer["total_tasks"], answer["agents"], answer["events"]) == (3, 2, len(board.events()))
    assert answer["timestamp"] == text_of(board.now)


def test_a_state_that_no_task_has_any_more_is_not_counted(ada: Seat) -> None:
    ada.held("T-1")
    ada.move("T-1", "Done")
    assert ada.health_check()["tasks"] == {"Done": 1}


def test_what_was_refused_is_not_counted(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    before = ada.health_check()
    board.write(ada.command("create_task", code="T-1", name="n", description="d"))
    assert ada.health_check() == before


def test_looking_changes_nothing(board: Board, ada: Seat) -> None:
    log = board.events()
    ada.health_check()
    assert board.events() == log
    assert board.view().find_agent("ada") is None
