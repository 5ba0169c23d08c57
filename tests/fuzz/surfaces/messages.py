"""Messages: JSON-RPC in both eras over a WebSocket, right but for a mistake, and then anything at all."""

import json
from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
from attrs import frozen

from tests.fuzz.attack import Attack, sent_as
from tests.fuzz.oracle.json_text import id_of, read
from tests.fuzz.oracle.messages import CAPABILITIES_KEY, METHODS, UNSERVED, VERSION_KEY, Era
from tests.fuzz.oracle.replies import Allowed
from tests.fuzz.place import ENVELOPE, OPEN, STILL, Place
from tests.fuzz.sockets import ANSWER_WITHIN_S
from tests.fuzz.values import deep_values, json_values, nearly_fitting, odd_values, scalars, texts
from tests.fuzz.websocket_line import WebSocketLine
from tests.support.raw_websocket import BINARY, TEXT, frame

LISTEN = "subscriptions/listen"
WAITS = "wait_s"

BEHIND_WITHIN_S = 5.0
"""How long an answer may take longer than that to a question that was asked after it."""

NOT_WAITED = (0, -1, 46, 3601, 10**9, "0", None, True, [0])
"""What is asked to be waited for: nothing, or what has to be refused. An attack that waits only waits."""


@frozen(kw_only=True)
class MessageAttack(Attack):
    """One message on a line that was open before and has to stay so."""

    surface = "messages"
    text: str
    era: Era
    opcode: int = TEXT

    def play(self, place: Place) -> str | None:
        allowed = place.oracle.of(self.text, self.era)
        line = place.line(self.era, OPEN if allowed.result else STILL)
        line.send(frame(self.text.encode(), self.opcode) + probe(self.era, "first"))
        place.neighbours.meanwhile()
        if self._may_last(allowed):
            line.send(self._ending() + probe(self.era, "second"))
            return self._problem(allowed, _replies(line, "second"), may_be_silent=True)
        return self._problem(allowed, _replies(line, "first", and_another=allowed.answered))

    def _problem(self, allowed: Allowed, replies: list[Any], may_be_silent: bool = False) -> str | None:
        if not replies:
            return None if may_be_silent or not allowed.answered else "it was never answered"
        if len(replies) > 1:
            return f"it was answered {len(replies)} times: {ascii(replies)[:300]}"
        return allowed.problem(replies[0])

    def _may_last(self, allowed: Allowed) -> bool:
        return allowed.result and self.era is Era.MODERN and read(self.text).value.get("method") == LISTEN

    def _ending(self) -> bytes:
        cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id_of(read(self.text).value)}}
        return frame(json.dumps(cancelled).encode())


def probe(era: Era, name: str) -> bytes:
    """A request whose answer shows that everything before it was read."""
    method, params = ("ping", {}) if era is Era.LEGACY else ("probe/probe", {"_meta": ENVELOPE})
    return frame(json.dumps({"jsonrpc": "2.0", "id": f"probe {name}", "method": method, "params": params}).encode())


def _replies(line: WebSocketLine, probed: str, and_another: bool = False) -> list[Any]:
    """What comes besides the answers to probes, up to that of this probe, and to another one if there has to be one."""
    found: list[Any] = []
    is_over = False
    while not is_over or (and_another and not found):
        # What came before the probe was read before it, and its answer cannot be far.
        line.socket.settimeout(BEHIND_WITHIN_S if is_over else ANSWER_WITHIN_S)
        reply = line.next_message()
        if not isinstance(reply, dict) or "method" not in reply:
            if isinstance(reply, dict) and str(reply.get("id")).startswith("probe "):
                is_over |= reply["id"] == f"probe {probed}"
            else:
                found.append(reply)
    return found


# How they are made: a right one, mistakes, and how it is written.

ids = st.integers() | st.text(max_size=8) | st.sampled_from((0, -1, 2**53, 2**80, "1", "", "\ud83d", "x" * 500))
bad_ids = st.sampled_from((None, True, False, 1.5, 1e300, [], {}, [1], {"id": 1}))
methods = st.sampled_from(sorted({*METHODS[Era.MODERN], *METHODS[Era.LEGACY], *UNSERVED})) | st.sampled_from(
    ("", "rpc.discover", "admin.verify", "x" * 2_000, "tools", "tools/", "TOOLS/CALL", "tools/call\x00", "$/cancelRequest", "\ud800")
)
notifications = st.sampled_from(
    (
        "notifications/cancelled",
        "notifications/progress",
        "notifications/initialized",
        "notifications/roots/list_changed",
        "notifications/x",
    )
)


@st.composite
def parameters(draw: st.DrawFn, method: str, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Of a method, some that are right or nearly so."""
    match method:
        case "tools/call":
            return draw(calls(schemas))
        case "resources/read" | "resources/subscribe" | "resources/unsubscribe":
            known = st.sampled_from(
                ("tasks://project/overview", "tasks://task/A-1", "tasks://", "tasks://task/", "file:///etc/passwd", "http://[")
            )
            return {"uri": draw(known | texts)}
        case "prompts/get":
            return {
                "name": draw(st.sampled_from(("next", "review", "plan")) | texts),
                "arguments": draw(st.dictionaries(texts, scalars, max_size=2)),
            }
        case "completion/complete":
            ref = draw(
                st.sampled_from(({"type": "ref/prompt", "name": "next"}, {"type": "ref/resource", "uri": "tasks://task/{code}"}))
                | json_values
            )
            return {"ref": ref, "argument": {"name": draw(st.sampled_from(("code", "role"))), "value": draw(texts)}}
        case "initialize":
            return {"protocolVersion": draw(texts), "capabilities": {}, "clientInfo": {"name": "x", "version": draw(texts)}}
        case "subscriptions/listen":
            kinds = st.sampled_from(({"toolsListChanged": True}, {"resourceSubscriptions": ["tasks://project/overview"]}, {}))
            return {"notifications": draw(kinds | json_values)}
        case _:
            return draw(st.sampled_from(({}, {"cursor": "x"})))


@st.composite
def calls(draw: st.DrawFn, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """A call of a tool, with arguments that nearly fit its schema."""
    tool = draw(st.sampled_from(sorted(schemas)))
    return {"name": tool, "arguments": harmless(tool, draw(nearly_fitting(schemas[tool])), draw(st.sampled_from(NOT_WAITED)))}


def harmless(tool: str, arguments: dict[str, Any], waited: Any) -> dict[str, Any]:
    """The same, but for what would only hold up the attacks that come after it."""
    if WAITS in arguments:
        arguments[WAITS] = waited
    if tool == "set_pause" and arguments.get("paused") is not False:
        arguments["paused"] = False
    return arguments


@st.composite
def messages(draw: st.DrawFn, era: Era, schemas: Mapping[str, Any]) -> Any:
    """A message that is right but for up to two mistakes."""
    if draw(st.integers(0, 9)) == 0:
        message: dict[str, Any] = {
            "jsonrpc": "2.0",
            "method": draw(notifications),
            "params": draw(st.dictionaries(texts, json_values, max_size=2)),
        }
    else:
        method = "tools/call" if draw(st.booleans()) else draw(methods)
        message = {"jsonrpc": "2.0", "id": draw(ids), "method": method, "params": draw(parameters(method, schemas))}
    if era is Era.MODERN:
        message["params"]["_meta"] = dict(ENVELOPE)
    for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        message = draw(mistaken(message))
    return message


@st.composite
def mistaken(draw: st.DrawFn, message: Any) -> Any:
    """A message with one mistake more."""
    if not isinstance(message, dict):
        return [message]
    message = dict(message)
    params = message.get("params")
    match draw(
        st.sampled_from(("drop", "id", "version", "method", "params", "param", "meta", "envelope", "add", "batch", "answer", "deep"))
    ):
        case "drop" if message:
            message.pop(draw(st.sampled_from(sorted(message))))
        case "id":
            message["id"] = draw(bad_ids)
        case "version":
            message["jsonrpc"] = draw(st.sampled_from(("1.0", "2", 2.0, None, "2.0 ", [])))
        case "method":
            message["method"] = draw(odd_values)
        case "params":
            message["params"] = draw(odd_values)
        case "param" if isinstance(params, dict) and params:
            message["params"] = {**params, draw(st.sampled_from(sorted(params))): draw(odd_values)}
        case "meta" if isinstance(params, dict):
            message["params"] = {**params, "_meta": draw(st.none() | json_values)}
        case "envelope" if isinstance(params, dict):
            message["params"] = {**params, "_meta": draw(envelopes())}
        case "batch":
            return [message] * draw(st.sampled_from((0, 1, 2, 20)))
        case "answer":
            return draw(answers())
        case "deep" if isinstance(params, dict):
            message["params"] = {**params, "deep": draw(deep_values)}
        case _:
            message[draw(texts)] = draw(json_values)
    return message


@st.composite
def envelopes(draw: st.DrawFn) -> dict[str, Any]:
    """The _meta of a request, with a mistake in it."""
    envelope: dict[str, Any] = dict(ENVELOPE)
    match draw(st.sampled_from(("drop", "version", "kind of version", "capabilities", "token", "more"))):
        case "drop":
            envelope.pop(draw(st.sampled_from(sorted(envelope))))
        case "version":
            envelope[VERSION_KEY] = draw(st.sampled_from(("1900-01-01", "2025-11-25", "", "2026-07-28 ", "\ud800")))
        case "kind of version":
            envelope[VERSION_KEY] = draw(json_values.filter(lambda value: not isinstance(value, str)))
        case "capabilities":
            envelope[CAPABILITIES_KEY] = draw(json_values)
        case "token":
            envelope["progressToken"] = draw(scalars)
        case _:
            envelope[draw(texts)] = draw(json_values)
    return envelope


def answers() -> st.SearchStrategy[dict[str, Any]]:
    """Answers to requests that nobody made."""
    said = st.sampled_from(
        ({"result": {}}, {"result": 3}, {"error": {"code": 1, "message": "x"}}, {"error": "no"}, {"result": {}, "error": {}})
    )
    return st.builds(lambda number, outcome: {"jsonrpc": "2.0", "id": number, **outcome}, ids | bad_ids, said)


@st.composite
def written(draw: st.DrawFn, message: Any) -> str:
    """JSON text, nearly always."""
    text = json.dumps(message, ensure_ascii=draw(st.booleans()))
    match draw(st.integers(0, 30)):
        case 0:
            at = draw(st.integers(0, len(text)))
            return text[:at]
        case 1:
            at = draw(st.integers(0, len(text)))
            return text[:at] + draw(st.sampled_from(("\x00", "}", ",", '"', "\\", "\ufeff", "NaN", "1" * 5_000))) + text[at:]
        case 2:
            return draw(
                st.sampled_from((text * 2, f" \n{text}\t", f"\ufeff{text}", f"{text}\x00", f"// note\n{text}", text.replace(":", "=", 1)))
            )
        case _:
            return text


not_messages = st.one_of(
    st.text(max_size=60),
    json_values.map(json.dumps),
    st.sampled_from(("[" * 100_000, '{"a":' * 50_000, "9" * 5_000, "Infinity", "-", '"\\ud800"', "{}", "[]", "", "[" * 400 + "]" * 400)),
)


def attacks(schemas: Mapping[str, Any]) -> st.SearchStrategy[MessageAttack]:
    """Every kind of message, in both eras, now and then in a binary frame."""

    @st.composite
    def attack(draw: st.DrawFn) -> MessageAttack:
        era = draw(st.sampled_from(Era))
        if draw(st.integers(0, 7)) == 0:
            kind, text = "no message", draw(not_messages)
        else:
            kind, text = "a message", draw(written(draw(messages(era, schemas))))
        return MessageAttack(
            kind=f"{kind} of {era}", text=sent_as(text).decode(), era=era, opcode=draw(st.sampled_from((TEXT, TEXT, TEXT, BINARY)))
        )

    return attack()
