"""Asking: hosts, origins, tokens, paths and parameters, good and bad, as every door is asked with them."""

import base64
from collections.abc import Sequence
from typing import TypeVar

import hypothesis.strategies as st

from tests.fuzz.oracle.handshakes import Asking, Secret
from tests.fuzz.place import GHOST, STILL, Place

Lines = list[tuple[str, str]]
T = TypeVar("T")

GOOD_HOSTS = ("127.0.0.1", "localhost", "LocalHost:8765", "[::1]:1", "127.0.0.1:65535")
BAD_HOSTS = (
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.",
    "127.0.0.1:",
    "127.1",
    "0x7f000001",
    "user@127.0.0.1",
    "[::]",
    "127.0.0.1:x",
    "",
)
BAD_ORIGINS = ("http://evil.example", "null", "", "file://", "http://127.0.0.1.evil.example", "https://127.0.0.1")
BAD_PATHS = (
    "/",
    "/MCP",
    "//mcp",
    "/mcp/../mcp",
    "/mcp/Team",
    "/mcp/-x",
    "/mcp/x/y",
    "/mcp/" + "x" * 40,
    "/mcp%2fstill",
    "/metrics/",
    "*",
    "/mcp;x",
)
GOOD_QUERIES = ("", "?patient=yes", "?tools=worker", "?tools=full&patient=yes")
BAD_QUERIES = (
    "?x=1",
    "?token=abc",
    "?patient=no",
    "?tools=",
    "?tools=all",
    "?tools=full&tools=full",
    "?agent=A",
    "?agent=all",
    "?agent=a&agent=b",
    "?agent=%ff",
)
SECRETS = (Secret.NONE, Secret.WRONG, Secret.REVOKED, Secret.TWO)


def mostly(usual: T, odd: Sequence[T] | st.SearchStrategy[T], one_in: int = 4) -> st.SearchStrategy[T]:
    """The usual, and now and then something odd."""
    odd = odd if isinstance(odd, st.SearchStrategy) else st.sampled_from(odd)
    return st.integers(1, one_in).flatmap(lambda number: odd if number == one_in else st.just(usual))


@st.composite
def askings(draw: st.DrawFn, surfaces: Sequence[str], subprotocols: Sequence[tuple[str, ...]] = ((),)) -> Asking:
    """One client's way to ask. Who has no good token asks for a project that must never come to be, or for one where nothing may happen."""
    secret = draw(st.sampled_from((Secret.LOCAL, Secret.LOCAL, Secret.WORKER, Secret.READER)) | st.sampled_from(SECRETS))
    path = f"{draw(st.sampled_from(surfaces))}/{STILL if secret.is_good else draw(st.sampled_from((GHOST, STILL)))}"
    hosts = draw(mostly((draw(st.sampled_from(GOOD_HOSTS)),), [(host,) for host in BAD_HOSTS] + [(), ("127.0.0.1", "127.0.0.1")], 6))
    target = str(draw(mostly(path, BAD_PATHS, 6))) + str(draw(mostly(draw(st.sampled_from(GOOD_QUERIES)), BAD_QUERIES, 5)))
    return Asking(
        target=target,
        secret=secret,
        hosts=hosts,
        origins=draw(mostly((), [(origin,) for origin in BAD_ORIGINS], 6)),
        sites=draw(mostly((), [("cross-site",), ("same-site",), ("same-origin",), ("none",), ("none", "cross-site"), ("",)], 6)),
        agents=draw(mostly((), [("worker",), ("Ada",), ("all",), ("a", "b"), ("x" * 51,)], 6)),
        subprotocols=draw(st.sampled_from(subprotocols)),
    )


def lines_of(asking: Asking, place: Place, way: int) -> Lines:
    """The headers that say so, but for Host."""
    lines = [("Origin", origin) for origin in asking.origins]
    lines += [("Sec-Fetch-Site", site) for site in asking.sites]
    lines += [("X-Taskactors-Agent", agent) for agent in asking.agents]
    secrets = {
        Secret.NONE: [],
        Secret.WRONG: [WRONG[way % len(WRONG)]],
        Secret.REVOKED: [f"Bearer {place.tokens.revoked}"],
        Secret.LOCAL: [_shown(place.tokens.local, way)],
        Secret.WORKER: [_shown(place.tokens.worker, way)],
        Secret.READER: [_shown(place.tokens.reader, way)],
        Secret.TWO: [f"Bearer {place.tokens.local}", f"Bearer {place.tokens.worker}"],
    }[asking.secret]
    return lines + [("Authorization", each) for each in secrets]


WRONG = (
    "Bearer",
    "Bearer ",
    "Bearer x",
    "Bearer ta_local_" + "A" * 43,
    "Bearer " + "x" * 3_000,
    "Basic",
    "Basic !!!!",
    "Basic " + base64.b64encode(b"\xff\xfe").decode(),
    "Basic " + base64.b64encode(b"local:").decode(),
    "Digest x",
    "",
    "Bearer \xfc\xff",
)


def _shown(token: str, way: int) -> str:
    basic = base64.b64encode(f"anybody:{token}".encode()).decode()
    return (f"Bearer {token}", f"bearer  {token} ", f"Basic {basic}")[way % 3]
