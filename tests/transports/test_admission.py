"""Admission: everybody who should not be here is turned away with a reason, before anything is accepted."""

import pytest
from attrs import evolve

from taskactors.actors.calls import Connection
from taskactors.transports.admission import Admission, Handshake, Refused

GOOD = Handshake(host="127.0.0.1:8765", target="/mcp", subprotocols=("mcp",))


def admitted(handshake: Handshake, admission: Admission | None = None) -> Connection:
    found = (admission or Admission()).admit(handshake)
    assert isinstance(found, Connection), found
    return found


def refused(handshake: Handshake, admission: Admission | None = None) -> Refused:
    found = (admission or Admission()).admit(handshake)
    assert isinstance(found, Refused)
    assert found.why
    return found


@pytest.mark.parametrize(
    ("target", "project", "agent"),
    [
        ("/mcp", "default", None),
        ("/mcp?", "default", None),
        ("/mcp/default", "default", None),
        ("/mcp/a", "a", None),
        ("/mcp/" + "a" * 39, "a" * 39, None),
        ("/mcp/team-7?agent=backend-2", "team-7", "backend-2"),
        ("/mcp?agent=a%64a", "default", "ada"),
    ],
)
def test_path_and_query_say_project_and_agent(target: str, project: str, agent: str | None) -> None:
    connection = admitted(evolve(GOOD, target=target))
    assert (connection.project, connection.agent, connection.operator) == (project, agent, False)


def test_an_endpoint_lists_the_tools_of_the_profile_it_names_and_all_unless_it_does() -> None:
    assert admitted(GOOD).profile == "full"
    assert admitted(evolve(GOOD, target="/mcp?tools=worker&agent=ada")).profile == "worker"
    for query in ("tools=", "tools=boss", "tools=worker&tools=full", "tools=worker,planner"):
        assert "worker, planner, reviewer, axon, full" in refused(evolve(GOOD, target=f"/mcp?{query}")).why


def test_every_connection_has_an_id_of_its_own() -> None:
    assert admitted(GOOD).id != admitted(GOOD).id


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "",
        "/mcp/",
        "/mcpx",
        "/MCP",
        "/mcp/A",
        "/mcp/-a",
        "/mcp/a_b",
        "/mcp/a/b",
        "/mcp/" + "a" * 40,
        "/mcp/%61",
        "/mcp/a\n",
        "//[x",
        "*",
        "/mcp#x",
    ],
)
def test_any_other_path_is_not_found(target: str) -> None:
    assert refused(evolve(GOOD, target=target)).status == 404


@pytest.mark.parametrize(
    "name", ["", "Ada", "a_b", "-a", "all", "team", "local", "a:b", "a" * 51, "é", "a%20b", "%0a", "%00", "%FF", "ada%0A"]
)
def test_an_agent_name_that_cannot_be_is_refused_with_the_reason(name: str) -> None:
    found = refused(evolve(GOOD, target=f"/mcp?agent={name}"))
    assert found.status == 400
    assert "agent name" in found.why or "reserved" in found.why


@pytest.mark.parametrize("query", ["agent=a&agent=b", "agnt=a", "agent=a&x=1", "x"])
def test_a_query_that_says_anything_else_is_refused(query: str) -> None:
    assert refused(evolve(GOOD, target=f"/mcp?{query}")).status == 400


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "localhost", "LOCALHOST:8765", "[::1]", "[::1]:8765"])
def test_names_of_this_machine_are_ours_at_any_port(host: str) -> None:
    admitted(evolve(GOOD, host=host))


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8765",
        "127.0.0.1.evil.example",
        "localhost.",
        "127.0.0.2",
        "::1",
        "[::1",
        "localhost:",
        "localhost:80:80",
    ],
)
def test_any_other_host_is_misdirected(host: str) -> None:
    assert refused(evolve(GOOD, host=host)).status == 421


@pytest.mark.parametrize(("at", "host"), [("127.0.0.5", "127.0.0.5:8765"), ("::2", "[::2]:8765"), ("::1", "[::1]:8765")])
def test_the_host_that_is_listened_at_is_ours_too(at: str, host: str) -> None:
    admitted(evolve(GOOD, host=host), Admission().at(at))


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:8765", "http://127.0.0.1:8765", ""])
def test_no_page_of_any_origin_is_let_in(origin: str) -> None:
    assert refused(evolve(GOOD, headers=[("origin", origin)])).status == 403


def test_an_origin_that_was_allowed_is_let_in_and_no_other() -> None:
    admission = Admission(origins=("https://board.example",))
    admitted(evolve(GOOD, headers=[("origin", "https://board.example")]), admission)
    assert refused(evolve(GOOD, headers=[("origin", "https://board.example.evil")]), admission).status == 403
    both = [("origin", "https://board.example"), ("origin", "http://evil.example")]
    assert refused(evolve(GOOD, headers=both), admission).status == 403


@pytest.mark.parametrize("offered", [(), ("mcp",), ("graphql-ws", "mcp")])
def test_mcp_or_no_subprotocol_at_all_is_accepted(offered: tuple[str, ...]) -> None:
    admitted(evolve(GOOD, subprotocols=offered))


@pytest.mark.parametrize("offered", [("graphql-ws",), ("MCP",), ("",)])
def test_another_subprotocol_is_refused(offered: tuple[str, ...]) -> None:
    assert refused(evolve(GOOD, subprotocols=offered)).status == 400


def test_who_is_at_the_wrong_host_learns_nothing_else() -> None:
    assert refused(Handshake(host="evil.example", target="/nowhere", headers=[("origin", "x")], subprotocols=("x",))).status == 421
