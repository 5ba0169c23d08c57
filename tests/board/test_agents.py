"""The team: joining it, changing one's own entry, names that nobody may have, coordinators."""

import pytest

from taskactors.board.settings import BoardSettings
from taskactors.domain.agent import RESERVED_NAMES, ROLES
from taskactors.domain.errors import AlreadyRegistered, InvalidArguments, NotAllowed, NotFound
from taskactors.domain.moments import text_of
from taskactors.storage.engine import Done, Failed

from .board import NOW, Board, Seat


def test_whoever_registers_is_on_the_team_with_everything_they_said(board: Board, ada: Seat) -> None:
    answer = ada.register_agent(
        agent_name="ada",
        agent_type="claude-code",
        capabilities=["sql", "python", "sql"],
        description="knows the schema",
        role="database",
        max_concurrent_tasks=3,
    )
    assert (answer["name"], answer["role"], answer["capabilities"]) == ("ada", "database", ["python", "sql"])
    assert (answer["description"], answer["max_concurrent_tasks"]) == ("knows the schema", 3)
    assert answer["registered_at"] == text_of(NOW)
    assert (answer["prompt"], answer["ai_tool_type"], answer["dependencies"]) == ("Agent: ada, Type: claude-code", "claude-code", [])
    assert not board.agent("ada").provisional
    (event,) = board.events()
    assert (event.kind, event.subject, event.by) == ("agent_registered", "agent:ada", "ada")


@pytest.mark.parametrize(
    ("name", "agent_type", "role", "becomes"),
    [
        ("ada", "claude-code", None, "backend"),
        ("ada", "qa", None, "qa"),
        ("docs", "claude-code", None, "docs"),
        ("docs", "qa", None, "qa"),
        ("docs", "qa", "architect", "architect"),
    ],
)
def test_a_role_is_the_one_asked_for_else_that_of_the_type_else_of_the_name(
    board: Board, name: str, agent_type: str, role: str | None, becomes: str
) -> None:
    answer = board.as_agent(name).register_agent(agent_name=name, agent_type=agent_type, capabilities=[], role=role)
    assert answer["role"] == becomes


def test_registering_again_in_the_same_words_changes_nothing(board: Board, ada: Seat) -> None:
    first = ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["a"])
    log = board.events()
    board.later(60)
    assert ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["a"]) == first
    assert board.events() == log


def test_an_agent_changes_its_own_entry_and_keeps_what_it_holds(board: Board, ada: Seat) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["a"])
    ada.held("T-1")
    answer = ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["b"], role="qa")
    assert (answer["capabilities"], answer["role"], answer["rev"]) == (["b"], "qa", 2)
    assert board.task("T-1").holder == "ada"
    *_, event = board.events()
    assert event.kind == "agent_updated"


def test_nobody_registers_another(board: Board, ada: Seat, bob: Seat) -> None:
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=["a"])
    for name in ("ada", "zoe"):
        with pytest.raises(NotAllowed):
            bob.register_agent(agent_name=name, agent_type="dev", capabilities=[])
    assert board.view().find_agent("zoe") is None
    assert board.agent("ada").capabilities == ("a",)


def test_a_person_registers_newcomers_but_does_not_overwrite_who_is_there(board: Board, ada: Seat, person: Seat) -> None:
    person.register_agent(agent_name="ada", agent_type="dev", capabilities=["a"])
    assert board.agent("ada").capabilities == ("a",)
    with pytest.raises(AlreadyRegistered) as no:
        person.register_agent(agent_name="ada", agent_type="dev", capabilities=["b"])
    assert (no.value.agent, no.value.role) == ("ada", "backend")
    assert "ada" in str(no.value)
    assert board.agent("ada").capabilities == ("a",)
    assert board.as_person(acting_for="ada").register_agent(agent_name="ada", agent_type="dev", capabilities=["b"])["capabilities"] == ["b"]


def test_a_name_seen_for_the_first_time_joins_on_the_spot_with_an_event_saying_so(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    joined, _ = board.events()
    assert (joined.kind, joined.data["provisional"]) == ("agent_registered", True)
    assert board.agent("ada").role == "backend"
    ada.register_agent(agent_name="ada", agent_type="qa", capabilities=[])
    assert (board.agent("ada").provisional, board.agent("ada").role) == (False, "qa")


def test_where_newcomers_are_not_let_in_a_name_has_to_register_first() -> None:
    board = Board(settings=BoardSettings(open_registration=False))
    ada = board.as_agent("ada")
    with pytest.raises(NotFound) as no:
        ada.task("T-1")
    assert no.value.kind == "agent"
    assert board.events() == []
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=[])
    assert ada.task("T-1") == "T-1"
    with pytest.raises(NotFound) as unknown:
        ada.assign_task(code="T-1", new_owner="adda")
    assert unknown.value.nearest == ("ada",)
    assert board.findings() == []


@pytest.mark.parametrize("name", [*sorted(RESERVED_NAMES), "role:qa", "Ada", "a_b", "-a", "a-", "a--b", "---", "", "a" * 51, "ä", "a\n"])
def test_a_name_that_nobody_may_have_is_refused(board: Board, person: Seat, name: str) -> None:
    with pytest.raises(InvalidArguments) as no:
        person.register_agent(agent_name=name, agent_type="dev", capabilities=[])
    assert no.value.problems[0].startswith("agent_name: ")
    assert board.events() == []


@pytest.mark.parametrize("name", ["a", "7", "a" * 50, "backend-2", *ROLES])
def test_a_name_at_the_edge_of_the_rules_is_taken(board: Board, person: Seat, name: str) -> None:
    assert person.register_agent(agent_name=name, agent_type="dev", capabilities=[])["name"] == name


def test_only_people_make_and_unmake_coordinators(board: Board, ada: Seat, person: Seat) -> None:
    lead = board.as_coordinator("lead")
    ada.register_agent(agent_name="ada", agent_type="dev", capabilities=[])
    for seat in (ada, lead):
        with pytest.raises(NotAllowed):
            seat.call("admin.promote_agent", agent_name="ada")
    assert not board.agent("ada").coordinator
    log = board.events()
    assert person.call("admin.promote_agent", agent_name="lead")["coordinator"]
    assert board.events() == log
    with pytest.raises(NotFound):
        person.call("admin.promote_agent", agent_name="nobody")


def test_whoever_acts_for_an_agent_has_that_agents_rights_and_no_more(board: Board, ada: Seat) -> None:
    ada.task("T-1")
    ada.move("T-1", "Quarantined")
    with pytest.raises(NotAllowed):
        board.as_person(acting_for="bob").move("T-1", "Created")


def test_many_register_in_one_batch_and_each_of_two_of_a_name_by_itself(board: Board) -> None:
    names = [f"agent-{number}" for number in range(100)]
    seats = [board.as_agent(name) for name in names]
    units = [seat.command("register_agent", agent_name=seat.caller.name, agent_type="dev", capabilities=[]) for seat in seats]
    twice = board.as_person().command("register_agent", agent_name="agent-7", agent_type="other", capabilities=[])
    *registered, refused = board.write(*units, twice)
    assert all(isinstance(outcome, Done) for outcome in registered)
    assert isinstance(refused, Failed)
    assert sorted(agent.name for agent in board.view().agents()) == sorted(names)
