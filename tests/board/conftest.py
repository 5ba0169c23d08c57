"""A board for every test, looked through by the audit when the test is over."""

from collections.abc import Iterator

import pytest

from .board import Board, Seat


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board()
    yield board
    if not board.tampered:
        assert board.findings() == []


@pytest.fixture
def ada(board: Board) -> Seat:
    return board.as_agent("ada")


@pytest.fixture
def bob(board: Board) -> Seat:
    return board.as_agent("bob")


@pytest.fixture
def person(board: Board) -> Seat:
    return board.as_person()
