"""HTTP: the status of each request, by what the documentation says of doors, paths, methods and types, first thing first."""

import re
from urllib.parse import unquote

from attrs import evolve, frozen

from tests.fuzz.oracle.handshakes import NOT_FOUND, PATH, Asking, turned_down, unknown, wrong_wish

OK, ACCEPTED, BAD_REQUEST, METHOD_NOT_ALLOWED, TOO_LARGE, UNSUPPORTED_TYPE = 200, 202, 400, 405, 413, 415

BODY_BYTES = 1 << 20
JSON = "application/json"
HEALTH_OF = re.compile(r"/health/[a-z0-9][a-z0-9-]{0,38}")


@frozen(kw_only=True)
class Request:
    """One request, whose HTTP is well-formed."""

    asking: Asking
    method: str = "POST"
    types: tuple[str, ...] = (JSON,)
    body: bytes = b""
    session: str | None = None

    @property
    def verb(self) -> str:
        """The method as it is looked at: some servers take one in small letters for the same."""
        return self.method.upper()

    @property
    def path(self) -> str:
        """As it is looked at: over HTTP, what is escaped in a path is what it stands for."""
        return unquote(self.asking.target.partition("?")[0])

    @property
    def surface(self) -> str:
        """The first part of its path."""
        return "/" + self.path.split("/")[1] if self.path.startswith("/") else ""


def refused(request: Request) -> frozenset[int] | None:
    """The statuses that will do for a request that reaches no message; None for one whose message is looked at."""
    asking = request.asking
    if (status := turned_down(asking)) is not None:
        return frozenset({status})
    if request.path == "/health":
        return frozenset({OK} if request.verb in ("GET", "HEAD") else {OK, METHOD_NOT_ALLOWED})
    if request.path == "/metrics" or HEALTH_OF.fullmatch(request.path) is not None:
        return frozenset({unknown(asking) or OK, *(() if request.verb in ("GET", "HEAD") else (METHOD_NOT_ALLOWED,))})
    if PATH.fullmatch(request.path.removesuffix("/") if len(request.path) > 1 else request.path) is None:
        return frozenset({NOT_FOUND})
    if (status := unknown(asking) or wrong_wish(evolve(asking, target=unquote(asking.target, "latin-1")))) is not None:
        return frozenset({status})
    return _refused_message(request)


def _refused_message(request: Request) -> frozenset[int] | None:
    wants_session = request.surface == "/mcp" and request.verb in ("GET", "DELETE")
    if wants_session and request.session is None:
        return frozenset({BAD_REQUEST})
    if request.verb != "POST" and not wants_session:
        return frozenset({METHOD_NOT_ALLOWED})
    if request.verb == "POST" and not _is_json(request.types):
        return frozenset({UNSUPPORTED_TYPE})
    return frozenset({TOO_LARGE}) if len(request.body) > BODY_BYTES else None


def _is_json(types: tuple[str, ...]) -> bool:
    return len(types) == 1 and types[0].partition(";")[0].strip().lower() == JSON
