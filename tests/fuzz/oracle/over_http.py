"""MCP over HTTP: what the headers of a message change of what it may get, and with which status it comes."""

import base64

from attrs import evolve, frozen

from tests.fuzz.oracle.json_text import has_half_character, read
from tests.fuzz.oracle.messages import MODERN_VERSION, Era, Oracle
from tests.fuzz.oracle.replies import HEADER_MISMATCH, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR, UNSUPPORTED_VERSION, Allowed

OK, ACCEPTED, BAD_REQUEST, NOT_FOUND, NOT_ACCEPTABLE = 200, 202, 400, 404, 406
HEADER_MISMATCH_STATUS = BAD_REQUEST

LEGACY_VERSION = "2025-11-25"
BOM = "\ufeff".encode()

LONGEST_SAID = 3_000
"""Characters of a name that are put into a header, which has an end."""

NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""The methods whose object is named in a header."""


@frozen(kw_only=True)
class Headers:
    """What the headers of a message say of it. `twice` is one that is there two times."""

    version: str
    method: str | None = None
    name: str | None = None
    accept: str = "application/json, text/event-stream"
    twice: str | None = None

    @classmethod
    def of(cls, body: bytes, era: Era) -> "Headers":
        """Those that agree with a body."""
        if era is Era.LEGACY:
            return cls(version=LEGACY_VERSION)
        found = read(body).value
        message = found if isinstance(found, dict) else {}
        params = message.get("params")
        method = message.get("method")
        named = params.get(NAMED[method]) if isinstance(params, dict) and isinstance(method, str) and method in NAMED else None
        return cls(version=MODERN_VERSION, method=_written(method), name=_written(named))

    def agree_with(self, body: bytes) -> bool:
        """Whether they are those that would agree."""
        right = Headers.of(body, Era.MODERN)
        told = (self.version, self.method, self.name, self.twice) == (right.version, right.method, right.name, None)
        return told and _can_be_told(body)

    def lines(self) -> list[tuple[str, str]]:
        """As they are sent."""
        given = {"Mcp-Protocol-Version": self.version, "Mcp-Method": self.method, "Mcp-Name": self.name}
        lines = [(name, value) for name, value in given.items() if value is not None]
        return [*lines, *(line for line in lines if line[0] == self.twice)]

    @property
    def accepts(self) -> bool:
        """Whether an answer of either kind is."""
        kinds = [kind.partition(";")[0].strip() for kind in self.accept.split(",")]
        return "*/*" in kinds or {"application/json", "text/event-stream"} <= set(kinds)


def _written(value: object) -> str | None:
    """A value as a header can hold it."""
    if not isinstance(value, str) or len(value) > LONGEST_SAID:
        return None
    if value.isascii() and value.isprintable() and value == value.strip() and not value.startswith("=?base64?"):
        return value
    return f"=?base64?{base64.b64encode(value.encode('utf-8', 'replace')).decode()}?="


def allowed_of(oracle: Oracle, body: bytes, era: Era, headers: Headers) -> Allowed:
    """What a body may get with these headers."""
    allowed = oracle.of(body.removeprefix(BOM), era, is_stream=False)
    if not allowed.answered:
        # Every request over HTTP is answered; one that is owed nothing is acknowledged, or turned away as no message.
        return evolve(allowed, answered=True, codes=frozenset({PARSE_ERROR, INVALID_REQUEST, UNSUPPORTED_VERSION}))
    codes, ids = set(allowed.codes), allowed.ids
    if body.startswith(BOM) or (era is Era.LEGACY and has_half_character(read(body).value)):
        # What a reader may pass over, and what the one of the older era cannot read.
        codes, ids = codes | {PARSE_ERROR}, (*ids, None)
    if era is Era.MODERN and not headers.agree_with(body):
        codes, ids = codes | {HEADER_MISMATCH, UNSUPPORTED_VERSION}, (*ids, None)
    return evolve(allowed, codes=frozenset(codes), ids=ids)


def _can_be_told(body: bytes) -> bool:
    """Whether method and name can be said in a header, and the version is the one that is."""
    found = read(body).value
    message = found if isinstance(found, dict) else {}
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    version = meta.get("io.modelcontextprotocol/protocolVersion") if isinstance(meta, dict) else None
    method = message.get("method")
    named = params.get(NAMED[method]) if isinstance(params, dict) and isinstance(method, str) and method in NAMED else None
    can_be_named = (named is None or _written(named) is not None) and not has_half_character(params)
    return version == MODERN_VERSION and isinstance(method, str) and _written(method) == method and can_be_named


def statuses_of(allowed: Allowed, era: Era, headers: Headers, is_owed_nothing: bool) -> frozenset[int]:
    """The statuses that may come with it."""
    if is_owed_nothing:
        return frozenset({ACCEPTED, BAD_REQUEST, *(() if headers.accepts else (NOT_ACCEPTABLE,))})
    right: set[int] = {BAD_REQUEST} if allowed.codes else set()
    if METHOD_NOT_FOUND in allowed.codes:
        right.add(NOT_FOUND)
    if allowed.result or allowed.refusals is None or allowed.refusals or era is Era.LEGACY:
        right.add(OK)
    if not headers.accepts:
        right |= {NOT_ACCEPTABLE}
    return frozenset(right)
