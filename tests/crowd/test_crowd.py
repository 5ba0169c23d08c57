"""A crowd before a real server: whoever waits costs little, whoever is too slow is cut, and whoever works hardly feels any of them.

Two hundred of each here, a thousand in the long regime (`nox -s crowd`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from taskactors.transports.http_guards import HEADERS_WITHIN_S
from taskactors.transports.websocket import HANDSHAKE_WITHIN_S, PING_EVERY_S
from taskactors.transports.websocket_wire import WRITE_WITHIN_S
from tests.crowd import planted
from tests.crowd.lines import Line, crowd
from tests.crowd.watching import allow_many_sockets, calls, felt_by, memory_kib, sockets_of
from tests.support.server_process import PROGRAM, ServerProcess, running

PER_CLIENT_KIB = 64
"""Of a client that is introduced, has subscribed to everything, and waits."""

PER_DEAF_KIB = 50
"""Of one that does not read, whatever happens meanwhile: fifty megabytes for a thousand."""

FELT_USUALLY, FELT_AT_WORST = 2.0, 3.0
"""How many times as long a call may take beside the crowd, and the slowest in twenty, which are those that meet it being told."""

GREEDY, UNREAD = 20, 8
LATE_S = 4.0
"""A busy machine cuts later than it should."""

CALLS = 60


@pytest.fixture(params=[200, pytest.param(1_000, marks=pytest.mark.long)])
def size(request: pytest.FixtureRequest) -> int:
    allow_many_sockets(2 * request.param)
    return int(request.param)


@contextmanager
def warm(data: Path, fault: str | None = None) -> Iterator[tuple[ServerProcess, int, Line]]:
    """A server, perhaps one with a fault, that has seen clients of every kind; its port, and a client at work."""
    with running(data, program=(planted.__file__, fault) if fault else PROGRAM) as server:
        port = port_of(server.ws)
        active = Line(port, "active").open()
        with crowd(port) as there:
            there.silent(20)
            calls(active, 30)
        try:
            yield server, port, active
        finally:
            active.close()


def port_of(url: str) -> int:
    return int(url.split("/")[2].rpartition(":")[2])


def test_a_crowd_that_waits_costs_little_memory_and_is_hardly_felt(tmp_path: Path, size: int) -> None:
    with warm(tmp_path / "alone") as (_, _, alone), warm(tmp_path / "data") as (server, port, beside):
        before = memory_kib(server)
        with crowd(port) as there:
            there.silent(size)
            each_kib = (memory_kib(server) - before) / size
            felt = felt_by(alone, beside, CALLS)
        print(
            f"{size} silent clients: {each_kib:.1f} KiB each; calls {felt.usually:.2f} times as long, the slowest {felt.at_worst:.2f} times"
        )
        assert each_kib <= PER_CLIENT_KIB
        assert felt.usually <= FELT_USUALLY
        assert felt.at_worst <= FELT_AT_WORST
        assert server.stop() == 0


def test_control_what_is_kept_of_every_client_is_seen(tmp_path: Path) -> None:
    with warm(tmp_path / "data", "leak") as (server, port, _), crowd(port) as there:
        before = memory_kib(server)
        there.silent(100)
        assert (memory_kib(server) - before) / 100 > max(PER_CLIENT_KIB, planted.LEAKED_BYTES / 1024)


def test_control_work_that_is_done_for_every_client_is_seen(tmp_path: Path) -> None:
    with warm(tmp_path / "alone") as (_, _, alone), warm(tmp_path / "data", "work") as (_, port, beside), crowd(port) as there:
        there.silent(50)
        assert felt_by(alone, beside, 10).usually > FELT_USUALLY


def deaf_while_much_happens(server: ServerProcess, port: int, active: Line, size: int) -> tuple[float, str]:
    """What one who does not read holds in memory when much has happened, and from where it has missed it."""
    start = active.call("get_changes", cursor="now")["next_cursor"]
    before = memory_kib(server)
    with crowd(port) as there:
        there.deaf(size)
        calls(active, size // 2)
        return (memory_kib(server) - before) / size, start


def test_those_who_never_read_hold_little_memory_and_miss_nothing_when_they_come_back(tmp_path: Path, size: int) -> None:
    with warm(tmp_path / "data") as (server, port, active):
        each_kib, cursor = deaf_while_much_happens(server, port, active, size)
        print(f"{size} deaf clients: {each_kib:.1f} KiB each after {size // 2} events")
        assert each_kib <= PER_DEAF_KIB
        back, missed = Line(port, "deaf-0").open(), []
        while (page := back.call("get_changes", cursor=cursor, kinds=["task_created"], limit=100))["items"]:
            missed += [each["seq"] for each in page["items"]]
            cursor = page["next_cursor"]
        assert len(missed) == len(set(missed)) == size // 2
        assert missed == sorted(missed)
        back.close()


def test_control_a_queue_for_every_client_is_seen(tmp_path: Path) -> None:
    with warm(tmp_path / "data", "queue") as (server, port, active):
        each_kib, _ = deaf_while_much_happens(server, port, active, 100)
        assert each_kib > PER_DEAF_KIB


def test_whoever_is_too_slow_is_cut_in_time_and_newcomers_are_let_in_meanwhile(tmp_path: Path, size: int) -> None:
    """Handshakes that never end at both doors, and clients that ask for much and read nothing."""
    with warm(tmp_path / "data") as (server, port, active):
        before = sockets_of(server)
        http = port_of(str(server.facts["http"]))
        with crowd(port) as slow:
            slow.greedy(GREEDY, UNREAD)
            slow.begun(size)
            slow.begun(size, http)
            calls(active, 10)
            newcomer = Line(port, "newcomer").open()
            newcomer.call("list_tasks", limit=1)
            newcomer.close()
            assert slow.left(max(WRITE_WITHIN_S, HANDSHAKE_WITHIN_S, HEADERS_WITHIN_S) + LATE_S) == 0
        calls(active, 1)
        assert sockets_of(server) <= before
        assert server.stop() == 0


@pytest.mark.long
def test_those_who_answer_no_ping_are_cut_in_time_and_those_who_do_are_not(tmp_path: Path) -> None:
    size = 900
    allow_many_sockets(2 * size)
    with warm(tmp_path / "data") as (_, port, active), crowd(port) as gone, crowd(port) as there:
        gone.deaf(size)
        there.silent(size)
        steps = 10
        for _ in range(steps):
            # Those who are there are asked at other times, and answer in theirs.
            left = gone.left((2 * PING_EVERY_S + LATE_S) / steps)
            there.answer_pings()
            active.answer_pings()
        assert left == 0
        assert there.left(0) == size
