"""Tokens at the door: who shows a good one is its holder, whatever else they say; everybody else stays outside."""

import base64

import pytest
import trio.testing
from attrs import evolve

from taskactors.actors.calls import Connection
from taskactors.domain.caller import LOCAL_PERSON, Kind
from taskactors.domain.token import Scope, Token, digest_of, local_token, secret_of
from taskactors.transports.admission import Admission, Handshake, Refused
from taskactors.transports.credentials import TwoSecrets, secret_in
from taskactors.transports.failures import ADDRESSES_LIMIT, LIMIT, WINDOW_S, Failures

ADA, MARIA, LOCAL = (secret_of(name, bytes([number]) * 32) for number, name in enumerate(("ada", "maria", LOCAL_PERSON)))
TOKENS = {
    ADA: Token(id="t-ada", name="ada", digest=digest_of(ADA), created_at=0, projects=("default", "web"), role="qa"),
    MARIA: Token(id="t-maria", name="maria", digest=digest_of(MARIA), created_at=0, kind=Kind.HUMAN),
    LOCAL: local_token(LOCAL, 0),
}
GOOD = Handshake(host="127.0.0.1:8765", target="/mcp", subprotocols=("mcp",), address="127.0.0.1")


@pytest.fixture
def admission() -> Admission:
    return Admission(holder=TOKENS.get, failures=Failures(clock=lambda: 0.0))


def with_token(secret: str, target: str = "/mcp") -> Handshake:
    return evolve(GOOD, target=target, headers=[("authorization", f"Bearer {secret}")])


def admitted(admission: Admission, handshake: Handshake) -> Connection:
    found = admission.admit(handshake)
    assert isinstance(found, Connection), found
    return found


def status(admission: Admission, handshake: Handshake) -> int:
    found = admission.admit(handshake)
    assert isinstance(found, Refused), found
    assert "ta_" not in found.why
    return found.status


def test_an_agent_is_who_its_token_says(admission: Admission) -> None:
    it = admitted(admission, with_token(ADA))
    assert (it.agent, it.token, it.scope, it.role, it.operator) == ("ada", "t-ada", Scope.WRITE, "qa", False)
    assert admitted(admission, with_token(ADA, "/mcp?agent=ada")).agent == "ada"


@pytest.mark.parametrize("secret", [ADA, MARIA])
def test_nobody_is_somebody_else(admission: Admission, secret: str) -> None:
    assert status(admission, with_token(secret, "/mcp?agent=bob")) == 403
    named = evolve(with_token(secret), headers=[("authorization", f"Bearer {secret}"), ("x-taskactors-agent", "bob")])
    assert status(admission, named) == 403


def test_whoever_runs_the_server_may_lead_any_agent_in_and_it_gets_no_more_rights_than_an_agent(admission: Admission) -> None:
    it = admitted(admission, with_token(LOCAL, "/mcp?agent=bob"))
    assert (it.agent, it.scope) == ("bob", Scope.WRITE)
    it = admitted(admission, with_token(LOCAL))
    assert (it.agent, it.person, it.scope) == (None, LOCAL_PERSON, Scope.ADMIN)


def test_a_person_is_who_their_token_says_and_nobodys_agent(admission: Admission) -> None:
    it = admitted(admission, with_token(MARIA))
    assert (it.agent, it.person, it.scope) == (None, "maria", Scope.WRITE)


def test_a_token_opens_the_projects_it_names_and_no_other(admission: Admission) -> None:
    assert admitted(admission, with_token(ADA, "/mcp/web")).project == "web"
    assert status(admission, with_token(ADA, "/mcp/api")) == 403
    assert admitted(admission, with_token(MARIA, "/mcp/api")).project == "api"


def test_what_is_listed_follows_the_role_that_a_token_gives_unless_the_client_asks_for_something_else(admission: Admission) -> None:
    assert admitted(admission, with_token(ADA)).profile == "reviewer"
    assert admitted(admission, with_token(ADA, "/mcp?tools=worker")).profile == "worker"
    assert admitted(admission, with_token(MARIA)).profile == "full"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("authorization", "")],
        [("authorization", "Bearer")],
        [("authorization", "Bearer ta_ada_nonsense")],
        [("authorization", f"Bearer {ADA}x")],
        [("authorization", ADA)],
        [("authorization", f"Digest {ADA}")],
        [("authorization", "Basic !!!")],
        [("authorization", "Basic " + base64.b64encode(ADA.encode()).decode())],
        [("x-authorization", f"Bearer {ADA}")],
        [("cookie", f"token={ADA}")],
    ],
)
def test_without_a_good_token_nobody_comes_in(admission: Admission, headers: list[tuple[str, str]]) -> None:
    refused = admission.admit(evolve(GOOD, headers=headers))
    assert isinstance(refused, Refused)
    assert refused.status == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert "taskactors token add" in refused.why


def test_a_token_in_an_address_is_no_token(admission: Admission) -> None:
    for parameter in ("token", "access_token", "authorization"):
        assert status(admission, evolve(GOOD, target=f"/mcp?{parameter}={ADA}")) == 401


def test_a_token_comes_as_a_header_a_password_or_a_subprotocol() -> None:
    basic = base64.b64encode(f"ada:{ADA}".encode()).decode()
    assert secret_in([("authorization", f"bearer  {ADA} ")]) == ADA
    assert secret_in([("authorization", f"Basic {basic}")]) == ADA
    assert secret_in([], ("mcp", f"bearer.{ADA}")) == ADA
    assert secret_in([("origin", "x")], ("mcp",)) is None


def test_more_than_one_token_is_refused_rather_than_chosen_from(admission: Admission) -> None:
    twice = [("authorization", f"Bearer {ADA}"), ("authorization", f"Bearer {MARIA}")]
    with pytest.raises(TwoSecrets):
        secret_in(twice)
    with pytest.raises(TwoSecrets):
        secret_in(twice[:1], ("mcp", f"bearer.{MARIA}"))
    assert status(admission, evolve(GOOD, headers=twice)) == 400


def test_a_token_as_a_subprotocol_needs_our_own_beside_it_when_there_is_another(admission: Admission) -> None:
    assert admitted(admission, evolve(GOOD, subprotocols=("mcp", f"bearer.{ADA}"))).agent == "ada"
    assert admitted(admission, evolve(GOOD, subprotocols=(f"bearer.{ADA}",))).agent == "ada"
    assert status(admission, evolve(GOOD, subprotocols=("chat", f"bearer.{ADA}"))) == 400


def test_origin_and_host_are_looked_at_before_any_token(admission: Admission) -> None:
    page = [("authorization", f"Bearer {ADA}"), ("origin", "https://evil.example")]
    assert status(admission, evolve(GOOD, headers=page)) == 403
    assert status(admission, evolve(with_token(ADA), host="evil.example")) == 421


def test_too_many_failures_are_answered_shortly_and_keep_nobody_out_who_has_a_good_token(admission: Admission) -> None:
    found = [status(admission, with_token("ta_x_y")) for _ in range(LIMIT + 5)]
    assert found == [401] * LIMIT + [429] * 5
    assert admitted(admission, with_token(ADA)).agent == "ada"
    assert status(admission, evolve(with_token("ta_x_y"), address="10.0.0.9")) == 401


async def test_failures_are_forgotten_after_a_while_and_their_memory_is_bounded(autojump_clock: trio.testing.MockClock) -> None:
    failures = Failures()
    for _ in range(LIMIT):
        assert failures.note("a")
    assert not failures.note("a")
    autojump_clock.jump(WINDOW_S + 1)
    assert failures.note("a")
    for number in range(2 * ADDRESSES_LIMIT):
        failures.note(f"address {number}")
    assert len(failures._counted) == ADDRESSES_LIMIT
