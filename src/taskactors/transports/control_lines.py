"""Lines of the control socket: cutting what arrives into lines, reading a request from one, writing an answer as one."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from attrs import frozen

from ..actors.depth import TOO_DEEP, fits
from ..domain.codes import agent_name_problem
from ..domain.errors import Refusal

LINE_BYTES = 1 << 20
"""The largest request without its line break, as on every other way in."""

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
REFUSED = 1
"""The code of every refusal; its own stable code is in the data."""

SURROUNDINGS = "_"
"""The key of params that says for which project and as which agent a method is called."""

METHOD_SHOWN = 100
"""Characters of an unknown method's name that an answer repeats."""

TOO_LONG = None
"""What stands in the place of a line that was longer than LINE_BYTES; the line itself is not kept."""


@frozen(kw_only=True)
class ControlRequest:
    """One request that was on a line."""

    id: str | int
    method: str
    arguments: Mapping[str, Any]
    project: str
    agent: str | None


class NotTaken(Exception):
    """A line that is no request; the id is that of the line if it had one that can be answered to."""

    def __init__(self, code: int, message: str, request_id: str | int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.request_id = request_id


class LineCutter:
    """Cuts a stream of bytes into lines, and holds no more than one line of the largest size."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._skipping = False

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        """The lines that this chunk ends, without their line breaks; TOO_LONG once for each that is longer than allowed."""
        *ends, begun = chunk.split(b"\n")
        for end in ends:
            skipped = self._skipping or self._overruns(end)
            line = bytes(self._begun) + end
            told = self._skipping
            self._begin_anew()
            if not skipped:
                yield line
            elif not told:
                yield TOO_LONG
        if not self._skipping and self._overruns(begun):
            self._begun.clear()
            self._skipping = True
            yield TOO_LONG
        elif not self._skipping:
            self._begun += begun

    def unfinished(self) -> bytes:
        """What was left without a line break."""
        return bytes(self._begun)

    def _overruns(self, more: bytes) -> bool:
        return len(self._begun) + len(more) > LINE_BYTES

    def _begin_anew(self) -> None:
        self._begun.clear()
        self._skipping = False


def read_request(line: bytes) -> ControlRequest:
    """The request on a line. Raises NotTaken. Every request has an id: nothing here is done without an answer."""
    found = _decoded(line)
    request_id = found.get("id")
    if not isinstance(request_id, str | int) or isinstance(request_id, bool):
        raise NotTaken(INVALID_REQUEST, "Invalid Request: id must be a string or a whole number")
    method, params = found.get("method"), found.get("params", {})
    if not fits(found):
        raise NotTaken(INVALID_REQUEST, f"Invalid Request: {TOO_DEEP}", request_id)
    if found.get("jsonrpc") != "2.0":
        raise NotTaken(INVALID_REQUEST, 'Invalid Request: jsonrpc must be "2.0"', request_id)
    if not isinstance(method, str):
        raise NotTaken(INVALID_REQUEST, "Invalid Request: method must be a string", request_id)
    if not isinstance(params, dict):
        raise NotTaken(INVALID_PARAMS, "Invalid params: params must be an object", request_id)
    project, agent = _surroundings(params.pop(SURROUNDINGS, {}), request_id)
    return ControlRequest(id=request_id, method=method, arguments=params, project=project, agent=agent)


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise NotTaken(PARSE_ERROR, "Parse error: a line holds one JSON-RPC request") from None
    if isinstance(found, list):
        raise NotTaken(INVALID_REQUEST, "Invalid Request: no batches; send a line for each request")
    if not isinstance(found, dict):
        raise NotTaken(INVALID_REQUEST, "Invalid Request: a request is an object")
    return found


def _surroundings(given: object, request_id: str | int) -> tuple[str, str | None]:
    if not isinstance(given, dict) or given.keys() - {"project", "agent"}:
        raise NotTaken(INVALID_PARAMS, f"Invalid params: {SURROUNDINGS} is an object that may hold a project and an agent", request_id)
    project, agent = given.get("project", "default"), given.get("agent")
    if not isinstance(project, str) or not isinstance(agent, str | None):
        raise NotTaken(INVALID_PARAMS, f"Invalid params: project and agent in {SURROUNDINGS} must be strings", request_id)
    if agent is not None and (problem := agent_name_problem(agent)):
        raise NotTaken(INVALID_PARAMS, f"Invalid params: {SURROUNDINGS}.agent: {problem}", request_id)
    return project, agent


def answer_line(request_id: str | int, result: Mapping[str, Any]) -> bytes:
    """The answer of a tool."""
    return _line({"jsonrpc": "2.0", "id": request_id, "result": result})


def not_taken_line(no: NotTaken) -> bytes:
    """The answer to a line that is no request."""
    return _line({"jsonrpc": "2.0", "id": no.request_id, "error": {"code": no.code, "message": str(no)}})


def too_long() -> NotTaken:
    """Of a line that was skipped."""
    return NotTaken(INVALID_REQUEST, f"Invalid Request: a request has at most {LINE_BYTES} bytes")


def half_a_line() -> NotTaken:
    """Of what was left without a line break: it may be cut off, so it is not even read."""
    return NotTaken(PARSE_ERROR, "Parse error: the last line has no line break, so it was not taken")


def unknown_method(request_id: str | int, method: str) -> NotTaken:
    return NotTaken(METHOD_NOT_FOUND, f"Method not found: {method[:METHOD_SHOWN]}", request_id)


def refusal_line(request_id: str | int, refusal: Refusal) -> bytes:
    """The answer of a tool that said no: cause and remedy in the message for people, and apart in the data for programs."""
    cause, remedy = refusal.cause(), refusal.remedy()
    message = f"{cause}; {remedy}" if remedy else cause
    data = {"code": refusal.code, "cause": cause, "remedy": remedy, "facts": dict(refusal.facts())}
    return _line({"jsonrpc": "2.0", "id": request_id, "error": {"code": REFUSED, "message": message, "data": data}})


def _line(reply: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(reply) + b"\n"
