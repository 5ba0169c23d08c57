"""Admission: who may come in, and as whom; decided from the handshake before anything is accepted."""

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qs

from attrs import evolve, field, frozen

from ..actors.calls import Connection
from ..actors.profiles import PROFILES, WHOLE, of_role
from ..domain.caller import Kind
from ..domain.codes import agent_name_problem
from ..domain.token import Scope, Token
from .credentials import BEARER_PROTOCOL, TwoSecrets, secret_in
from .failures import Failures
from .refusal_log import Reason, RefusalLog

SUBPROTOCOL = "mcp"
PATH = re.compile(r"/mcp(?:/(?P<project>[a-z0-9][a-z0-9-]{0,38}))?")
DEFAULT_PROJECT = "default"
AGENT_HEADER = "x-taskactors-agent"
"""For clients that cannot add to the address."""

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

FROM_NO_OTHER_PAGE = ("same-origin", "none")
"""What a browser says of a request that our own page, or the person at the address bar, has made."""


@frozen
class Refused:
    """A handshake that is turned down: why, as an HTTP status, a sentence that says what to do, and headers that say it to programs."""

    reason: Reason
    status: int
    why: str
    headers: Mapping[str, str] = field(factory=dict)


REMEDY = "whoever runs the server makes one with `taskactors token add NAME`"
NO_TOKEN = Refused(
    Reason.NO_TOKEN,
    401,
    f"this server wants a token, as `Authorization: Bearer TOKEN`; {REMEDY}",
    {"www-authenticate": "Bearer"},
)
BAD_TOKEN = Refused(
    Reason.BAD_TOKEN,
    401,
    f"that token is unknown, was revoked or has run out; {REMEDY}",
    {"www-authenticate": 'Bearer error="invalid_token"'},
)
TOO_MANY = 429, "too many attempts without a good token; wait a minute", {"retry-after": "60"}


@frozen(kw_only=True)
class Handshake:
    """What a client asks for when it connects. `headers` are those besides Host, with lower-case names."""

    host: str
    target: str
    headers: Sequence[tuple[str, str]] = ()
    subprotocols: tuple[str, ...] = ()
    address: str = ""


@frozen(kw_only=True)
class Admission:
    """Who may connect. `names` are the host names a client may have used, at any port, for a tunnel may have another one;
    `origins` are the web pages that may connect. `holder` says whose a token is; without it nobody is asked for one.
    """

    names: tuple[str, ...] = LOOPBACK_NAMES
    origins: tuple[str, ...] = ()
    holder: Callable[[str], Token | None] | None = None
    failures: Failures = field(factory=Failures)
    refusals: RefusalLog = field(factory=RefusalLog)
    """Where everybody who is turned down is counted, and said now and then."""

    def at(self, host: str) -> "Admission":
        """The same, for a server that also listens at this host."""
        name = f"[{host}]" if ":" in host else host
        return self if name in self.names else evolve(self, names=(*self.names, name))

    def admit(self, handshake: Handshake) -> Connection | Refused:
        """The connection that a handshake asks for, or why it is refused."""
        if (turned_down := self.turned_down(handshake)) is not None:
            return turned_down
        token = self.identified(handshake)
        if isinstance(token, Refused):
            return token
        admitted = self._led_in(handshake, token)
        return self.noted(admitted, handshake) if isinstance(admitted, Refused) else admitted

    def _led_in(self, handshake: Handshake, token: Token | None) -> Connection | Refused:
        offered = [each for each in handshake.subprotocols if not each.startswith(BEARER_PROTOCOL)]
        if offered and SUBPROTOCOL not in offered:
            return Refused(Reason.REQUEST, 400, f"offer the WebSocket subprotocol {SUBPROTOCOL}, or none")
        path, _, query = handshake.target.partition("?")
        wanted = PATH.fullmatch(path)
        if wanted is None:
            return Refused(Reason.REQUEST, 404, "connect to /mcp or /mcp/PROJECT (lower-case letters, digits and hyphens, up to 39)")
        named = [value for name, value in handshake.headers if name == AGENT_HEADER]
        asked = _asked(wanted["project"] or DEFAULT_PROJECT, query, named)
        admitted = asked if isinstance(asked, Refused) or token is None else _as_holder(asked, token)
        return admitted if isinstance(admitted, Refused) or admitted.profile else evolve(admitted, profile=WHOLE)

    def identified(self, handshake: Handshake) -> Token | Refused | None:
        """Whose token a handshake has; None where none is asked for."""
        if self.holder is None:
            return None
        try:
            secret = secret_in(handshake.headers, handshake.subprotocols)
        except TwoSecrets:
            return self.noted(Refused(Reason.TWO_TOKENS, 400, "give one token only"), handshake)
        token = self.holder(secret) if secret is not None else None
        if token is not None:
            return token
        # Whoever has a good token is let in however many others at that address have none.
        no = BAD_TOKEN if secret is not None else NO_TOKEN
        return self.noted(no if self.failures.note(handshake.address) else Refused(no.reason, *TOO_MANY), handshake)

    def turned_down(self, handshake: Handshake) -> Refused | None:
        """Why whoever names this Host and these headers is not spoken to at all; None when they are."""
        no = self._not_spoken_to(handshake.host, handshake.headers)
        return None if no is None else self.noted(no, handshake)

    def noted(self, no: Refused, handshake: Handshake) -> Refused:
        """The same, counted among those who are turned down."""
        self.refusals.note(no.reason, handshake.address)
        return no

    def _not_spoken_to(self, host: str, given: Sequence[tuple[str, str]]) -> Refused | None:
        if not self._is_ours(host):
            return Refused(Reason.HOST, 421, "this server does not answer to that Host")
        origins = [value for name, value in given if name == "origin"]
        if any(origin not in self.origins for origin in origins):
            return Refused(Reason.ORIGIN, 403, "web pages of that Origin may not use this server")
        # A page's images, scripts and links are fetched without an Origin; a browser still says that another page is behind them.
        if not origins and any(name == "sec-fetch-site" and value not in FROM_NO_OTHER_PAGE for name, value in given):
            return Refused(Reason.ORIGIN, 403, "web pages of another site may not use this server")
        return None

    def _is_ours(self, host: str) -> bool:
        # Without this, a page that a browser was tricked into finding at our address could talk to us.
        return re.sub(r":\d+$", "", host).lower() in self.names


def _asked(project: str, query: str, named: Sequence[str]) -> Connection | Refused:
    """What a client asks for, whoever it is."""
    parameters = parse_qs(query, keep_blank_values=True)
    if unknown := sorted(parameters.keys() - {"agent", "patient", "tools"}):
        return Refused(Reason.REQUEST, 400, f"unknown parameter {unknown[0][:50]!r}; only agent, patient and tools may be given")
    if parameters.get("patient", ["yes"]) != ["yes"]:
        return Refused(Reason.REQUEST, 400, "patient may only be given as patient=yes, by a client that can wait an hour for an answer")
    agents = [*parameters.get("agent", []), *named]
    if len(agents) > 1:
        return Refused(Reason.REQUEST, 400, "give one agent only")
    if agents and (problem := agent_name_problem(agents[0])):
        return Refused(Reason.REQUEST, 400, problem)
    profile = parameters.get("tools", [""])
    if len(profile) > 1 or (profile[0] not in PROFILES and "tools" in parameters):
        return Refused(Reason.REQUEST, 400, f"tools may be one of {', '.join(PROFILES)}")
    return Connection(
        id=uuid.uuid4().hex,
        project=project,
        agent=agents[0] if agents else None,
        patient="patient" in parameters,
        profile=profile[0],
    )


def _as_holder(asked: Connection, token: Token) -> Connection | Refused:
    """What the holder of a token gets of what they ask for. Nobody is anybody else, but whoever runs the server."""
    if not token.may_enter(asked.project):
        return Refused(Reason.NOT_ITS_OWN, 403, f"that token is for {', '.join(token.projects or ())}, not for project {asked.project}")
    if asked.agent not in (None, token.name) and not token.may_act_for_others:
        return Refused(Reason.NOT_ITS_OWN, 403, f"that token is {token.name}'s, and {asked.agent} is somebody else; leave the agent out")
    mine = evolve(asked, token=token.id, scope=token.scope, role=token.role)
    if token.kind is Kind.AGENT:
        return evolve(mine, agent=token.name, profile=asked.profile or of_role(token.role, token.scope))
    if asked.agent is not None:
        # An agent on behalf of whom it works for is an agent like any other.
        return evolve(mine, scope=Scope.WRITE)
    return evolve(mine, person=token.name)
