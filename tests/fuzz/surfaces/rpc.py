"""Plain JSON-RPC at /rpc: bodies of every kind, and calls whose arguments nearly fit."""

import json
from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
from attrs import evolve, frozen

from tests.fuzz.attack import sent_as
from tests.fuzz.http_line import Response
from tests.fuzz.oracle import http, rpc
from tests.fuzz.oracle.handshakes import Asking, Secret
from tests.fuzz.oracle.replies import Allowed
from tests.fuzz.place import OPEN, STILL, Place
from tests.fuzz.surfaces.messages import bad_ids, calls, ids, methods, not_messages, written
from tests.fuzz.surfaces.requests import RequestAttack
from tests.fuzz.values import json_values, odd_values, texts


@frozen(kw_only=True)
class RpcAttack(RequestAttack):
    """One body, of who may call."""

    surface = "rpc"

    def play(self, place: Place) -> str | None:
        project = OPEN if self._allowed(place).result else STILL
        to_project = evolve(self.request, asking=evolve(self.request.asking, target=f"/rpc/{project}"))
        return RequestAttack.play(evolve(self, request=to_project), place)

    def wrong(self, place: Place, response: Response) -> str | None:
        if response.status == http.TOO_LARGE:
            return None if len(self.request.body) > http.BODY_BYTES else "too large, it is said"
        allowed = self._allowed(place)
        if not allowed.answered:
            is_right = response.status == http.ACCEPTED and not response.body
            return None if is_right else f"a notification was answered: {response.status} {response.body[:200]!r}"
        if response.status != http.OK:
            return f"answered with {response.status}: {response.body[:200]!r}"
        return _wrong_reply(allowed, json.loads(response.body))

    def right(self) -> None:
        return None

    def _allowed(self, place: Place) -> Allowed:
        return rpc.of(self.request.body, place.oracle.published.tools, may_only_read=self.request.asking.secret is Secret.READER)


def _wrong_reply(allowed: Allowed, reply: Any) -> str | None:
    """An answer may be of any kind here: a bare list, a bare task, nothing."""
    if isinstance(reply, dict) and "result" in reply and allowed.result and not isinstance(reply["result"], dict):
        reply = {**reply, "result": {}}
    return allowed.problem(reply)


@st.composite
def bodies(draw: st.DrawFn, schemas: Mapping[str, Any]) -> bytes:
    """One body."""
    match draw(st.sampled_from(("call", "call", "call", "method", "no message", "bytes"))):
        case "no message":
            return sent_as(draw(not_messages))
        case "bytes":
            return draw(
                st.binary(max_size=60) | st.sampled_from((b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b"{" * 70_000, b" " * ((1 << 20) + 1)))
            )
        case "method":
            request: Any = {"jsonrpc": "2.0", "id": draw(ids), "method": draw(methods | texts), "params": draw(json_values)}
        case _:
            call = draw(calls(schemas))
            request = {"jsonrpc": "2.0", "id": draw(ids), "method": call["name"], "params": call["arguments"]}
    for _ in range(draw(st.integers(0, 1))):
        request = draw(mistaken(request))
    return sent_as(draw(written(request)))


@st.composite
def mistaken(draw: st.DrawFn, request: Any) -> Any:
    """A request with a mistake."""
    match draw(st.sampled_from(("drop", "id", "method", "params", "add", "batch"))):
        case "drop":
            name = draw(st.sampled_from(("id", "method", "params", "jsonrpc")))
            # A notification is carried out and never answered, so only what has to be refused may be one.
            return {key: value for key, value in request.items() if key != name} | ({"method": "nobody"} if name == "id" else {})
        case "id":
            return {**request, "id": draw(bad_ids)}
        case "method":
            return {**request, "method": draw(odd_values)}
        case "params":
            return {**request, "params": draw(odd_values)}
        case "batch":
            return [request] * draw(st.integers(0, 3))
        case _:
            return {**request, draw(texts): draw(json_values)}


def attacks(schemas: Mapping[str, Any]) -> st.SearchStrategy[RpcAttack]:
    """Bodies of every kind, by whoever may call."""

    @st.composite
    def attack(draw: st.DrawFn) -> RpcAttack:
        body, who = draw(bodies(schemas)), draw(st.sampled_from((Secret.WORKER, Secret.READER)))
        request = http.Request(asking=Asking(target="/rpc", secret=who, subprotocols=()), body=body)
        return RpcAttack(kind=f"by the {who.name.lower()}", request=request, chunked=draw(st.booleans()), rudely=draw(st.booleans()))

    return attack()
