"""Clients that are refused over and over: a real server tells of each kind in a line, counts the rest, and repeats nothing they sent."""

import re
from pathlib import Path

import httpx2
import trio
from prometheus_client.parser import text_string_to_metric_families

from tests.support.raw_http import request
from tests.support.raw_websocket import rest_of
from tests.support.server_process import running

SECRET = "ta_ada_kept_from_every_line"
TIMES = 150
AT_ONCE = 10

UPGRADE = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "x" * 22 + "==")]

REFUSED = {
    "bad token": request("GET", "/mcp", [("Host", "127.0.0.1"), ("Authorization", f"Bearer {SECRET}"), *UPGRADE]),
    "no token": request("GET", "/mcp", [("Host", "127.0.0.1"), *UPGRADE]),
    "unknown host": request("GET", f"/{SECRET}", [("Host", SECRET), *UPGRADE]),
    "page of another origin": request("GET", "/mcp", [("Host", "127.0.0.1"), ("Origin", f"http://{SECRET}"), *UPGRADE]),
    "malformed handshake": f"{SECRET}\r\n\r\n".encode(),
}


async def test_a_flood_of_refused_clients_costs_a_handful_of_lines_and_is_counted_whole(tmp_path: Path) -> None:
    with running(tmp_path / "data", no_auth=False) as server:
        ports = {way: int(re.findall(r":(\d+)/", str(server.facts[way]))[0]) for way in ("ws", "http")}
        at_once = trio.CapacityLimiter(AT_ONCE)

        async def refused(port: int, sent: bytes) -> None:
            async with at_once, await trio.open_tcp_stream("127.0.0.1", port) as stream:
                await stream.send_all(sent)
                assert not (await rest_of(stream)).startswith((b"HTTP/1.1 101", b"HTTP/1.1 200"))

        async with trio.open_nursery() as nursery:
            for sent in REFUSED.values():
                for _ in range(TIMES):
                    nursery.start_soon(refused, ports["ws"], sent)
        closing = [("Connection", "close"), ("Host", SECRET)]
        async with trio.open_nursery() as nursery:
            for _ in range(TIMES):
                nursery.start_soon(refused, ports["http"], request("GET", "/rpc", closing))
        local = (server.data / "local.token").read_text().strip()
        figures = httpx2.get(str(server.facts["http"]).replace("/mcp", "/metrics"), headers={"authorization": f"Bearer {local}"}).text
        assert server.stop() == 0
    samples = [sample for family in text_string_to_metric_families(figures) for sample in family.samples]
    of_each = {each.labels["reason"]: each.value for each in samples if each.name == "taskactors_clients_turned_away_total"}
    counted = {reason: count for reason, count in of_each.items() if count}
    assert counted == {reason: TIMES * (2 if reason == "unknown host" else 1) for reason in REFUSED}
    said = server.errors.read_text()
    lines = [line for line in said.splitlines() if "turned away" in line]
    assert len(lines) == 2 * len(REFUSED)
    left_out = sum(int(times) for times in re.findall(r"times=(\d+)", said))
    assert left_out + len(REFUSED) == sum(counted.values())
    assert SECRET not in said
