"""Messages: who is addressed, and who may read."""

import pytest

from taskactors.domain.agent import ROLES
from taskactors.domain.message import Message, may_read, role_addressed
from taskactors.domain.session import Session

from .values import NOW


def a_message(direct: bool, to: str = "bob") -> Message:
    return Message(id=1, author_agent_name="ada", to=to, message_type="comment", content="c", created_at=NOW, direct=direct)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_addressed_by_its_name(role: str) -> None:
    assert role_addressed(f"role:{role}") == role


@pytest.mark.parametrize("to", ["ada", "qa", "all", "role:", "role:boss", "role:QA", "role:role:qa", "ROLE:qa"])
def test_nothing_else_is_a_role(to: str) -> None:
    assert role_addressed(to) is None


def test_a_direct_message_is_for_its_two_ends_and_people_only() -> None:
    message = a_message(direct=True)
    assert [name for name in ("ada", "bob", "cyd") if may_read(message, name, is_person=False)] == ["ada", "bob"]
    assert may_read(message, "local", is_person=True)


def test_every_other_message_is_the_teams() -> None:
    assert may_read(a_message(direct=False), "cyd", is_person=False)


def test_a_session_counts_minutes_to_its_end_or_to_now() -> None:
    session = Session(id=1, task_id=1, task_code="T-1", agent_name="ada", started_at=NOW)
    assert session.active_minutes(NOW + 90_000) == 1.5
    ended = Session(id=1, task_id=1, task_code="T-1", agent_name="ada", started_at=NOW, ended_at=NOW + 60_000)
    assert ended.active_minutes(NOW + 10**9) == 1.0
