"""The control socket's protocol: every line is answered or refused as it should, and no client's lines touch another."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from taskactors.actors.depth import DEPTH_LIMIT
from taskactors.transports.control import CONNECTIONS_LIMIT, IN_FLIGHT_LIMIT, ControlDoor
from taskactors.transports.control_lines import LINE_BYTES
from tests.transports.control_front import Client, ScriptedFront, connect


@pytest.fixture
def front() -> ScriptedFront:
    return ScriptedFront()


@pytest.fixture
async def door(front: ScriptedFront, tmp_path: Path, nursery: trio.Nursery) -> ControlDoor:
    door = ControlDoor(front)
    await nursery.start(door.listen, tmp_path / "control.sock")
    return door


@pytest.fixture
async def client(door: ControlDoor, tmp_path: Path) -> AsyncIterator[Client]:
    one = await connect(tmp_path / "control.sock")
    async with one.stream:
        yield one


@pytest.fixture
async def other(door: ControlDoor, tmp_path: Path) -> AsyncIterator[Client]:
    one = await connect(tmp_path / "control.sock")
    async with one.stream:
        yield one


async def test_a_call_reaches_the_front_as_the_person_here_and_its_answer_comes_back(client: Client, front: ScriptedFront) -> None:
    await client.request(7, "echo", code="SEC-001", text="päckchen ✓")
    assert await client.reply() == {"jsonrpc": "2.0", "id": 7, "result": {"code": "SEC-001", "text": "päckchen ✓"}}
    (connection, tool, arguments) = front.calls[0]
    assert (connection.project, connection.agent, connection.operator) == ("default", None, True)
    assert (tool, arguments) == ("echo", {"code": "SEC-001", "text": "päckchen ✓"})


async def test_the_reserved_key_names_project_and_agent_and_is_no_argument(client: Client, front: ScriptedFront) -> None:
    await client.request(1, "echo", code="A-1", _={"project": "web", "agent": "ada"})
    assert (await client.reply())["result"] == {"code": "A-1"}
    connection = front.calls[0][0]
    assert (connection.project, connection.agent) == ("web", "ada")


async def test_whoever_speaks_as_an_agent_is_no_operator(client: Client, front: ScriptedFront) -> None:
    await client.request(1, "echo", _={"agent": "ada"})
    await client.reply()
    assert not front.calls[0][0].operator


def request(**fields: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "echo"} | fields).encode()


BAD_LINES: dict[str, tuple[bytes, int, int | str | None]] = {
    "no JSON": (b"hello", -32700, None),
    "half an object": (b'{"jsonrpc": "2.0", "id": 1', -32700, None),
    "two on a line": (request() + b" " + request(), -32700, None),
    "not UTF-8": (b'{"jsonrpc": "2.0", "id": 1, "method": "\xff"}', -32700, None),
    "half a surrogate": (b'{"jsonrpc": "2.0", "id": 1, "method": "echo", "params": {"a": "\\ud800"}}', -32700, None),
    "not a number": (b'{"jsonrpc": "2.0", "id": NaN, "method": "echo"}', -32700, None),
    "nested too deeply": (b"[" * 100_000, -32700, None),
    "a batch": (b"[" + request() + b"]", -32600, None),
    "an empty batch": (b"[]", -32600, None),
    "a string": (b'"echo"', -32600, None),
    "null": (b"null", -32600, None),
    "no id": (b'{"jsonrpc": "2.0", "method": "echo"}', -32600, None),
    "a null id": (request(id=None), -32600, None),
    "a true id": (request(id=True), -32600, None),
    "a fraction as id": (request(id=1.5), -32600, None),
    "an object as id": (request(id={}), -32600, None),
    "another version": (request(jsonrpc="1.0"), -32600, 1),
    "no version": (b'{"id": 1, "method": "echo"}', -32600, 1),
    "no method": (b'{"jsonrpc": "2.0", "id": 1}', -32600, 1),
    "a number as method": (request(method=5), -32600, 1),
    "a list of params": (request(params=["a"]), -32602, 1),
    "params null": (request(params=None), -32602, 1),
    "surroundings that are no object": (request(params={"_": "web"}), -32602, 1),
    "surroundings with something unknown": (request(params={"_": {"token": "x"}}), -32602, 1),
    "a project that is no string": (request(params={"_": {"project": 5}}), -32602, 1),
    "an agent that is no string": (request(params={"_": {"agent": ["ada"]}}), -32602, 1),
    "an agent's name that cannot be": (request(params={"_": {"agent": "Ada Lovelace"}}), -32602, 1),
    "a reserved name": (request(params={"_": {"agent": "local"}}), -32602, 1),
    "an unknown method": (request(method="drop_tables"), -32601, 1),
    "an unknown method of a megabyte": (request(method="m" * 1_000_000, id="x"), -32601, "x"),
}


@pytest.mark.parametrize("bad", BAD_LINES)
async def test_a_bad_line_is_refused_with_its_code_and_the_next_one_works(bad: str, client: Client) -> None:
    line, code, request_id = BAD_LINES[bad]
    await client.send(line)
    reply = await client.reply()
    assert (reply["error"]["code"], reply["id"]) == (code, request_id)
    assert len(json.dumps(reply)) < 500
    assert await client.works()


async def test_empty_lines_and_carriage_returns_are_nothing(client: Client) -> None:
    await client.stream.send_all(b"\n\r\n  \n")
    await client.send(request(id=4) + b"\r")
    assert (await client.reply())["id"] == 4
    assert await client.works()


def line_of(size: int) -> bytes:
    frame = request(params={"text": ""})
    return request(params={"text": "x" * (size - len(frame))})


async def test_a_line_of_the_largest_size_is_taken(client: Client) -> None:
    line = line_of(LINE_BYTES)
    assert len(line) == LINE_BYTES
    await client.send(line)
    assert len((await client.reply())["result"]["text"]) > LINE_BYTES - 200


@pytest.mark.parametrize("more", [1, 70_000, 3 * LINE_BYTES])
async def test_a_longer_line_is_refused_once_without_being_read_and_the_next_one_works(
    more: int, client: Client, front: ScriptedFront
) -> None:
    await client.send(line_of(LINE_BYTES + more))
    assert (await client.reply())["error"]["code"] == -32600
    assert await client.works()
    assert [call[1] for call in front.calls] == ["echo"]


def nested(levels: int) -> bytes:
    """A request that is nested so deep, itself and its params included."""
    return request(params={"a": 0}).replace(b": 0}", b": " + b"[" * (levels - 2) + b"]" * (levels - 2) + b"}")


async def test_a_request_is_nested_as_deep_as_allowed_and_not_one_level_more(client: Client, front: ScriptedFront) -> None:
    await client.send(nested(DEPTH_LIMIT))
    assert "result" in await client.reply()
    await client.send(nested(DEPTH_LIMIT + 1))
    error = (await client.reply())["error"]
    assert (error["code"], str(DEPTH_LIMIT) in error["message"]) == (-32600, True)
    assert len(front.calls) == 1


async def test_a_line_may_come_byte_by_byte(client: Client) -> None:
    for byte in request(id=12) + b"\n":
        await client.stream.send_all(bytes([byte]))
    assert (await client.reply())["id"] == 12


async def test_what_is_left_without_a_line_break_is_refused_and_not_done(client: Client, front: ScriptedFront) -> None:
    await client.stream.send_all(request())
    await client.stream.send_eof()
    assert (await client.reply())["error"]["code"] == -32700
    assert front.calls == []
    with pytest.raises(EOFError):
        await client.reply()


async def test_a_client_that_closed_its_side_still_gets_its_answers(client: Client, front: ScriptedFront) -> None:
    await client.request(1, "wait")
    await client.stream.send_eof()
    await wait_all_tasks_blocked(0.01)
    front.gate.set()
    assert (await client.reply())["result"] == {"waited": True}


async def test_answers_come_as_they_are_ready(client: Client, front: ScriptedFront) -> None:
    await client.request(1, "wait")
    await client.request(2, "echo")
    assert (await client.reply())["id"] == 2
    front.gate.set()
    assert (await client.reply())["id"] == 1


async def test_one_client_has_only_so_many_requests_under_way_and_all_are_answered(
    client: Client, other: Client, front: ScriptedFront
) -> None:
    for number in range(IN_FLIGHT_LIMIT + 20):
        await client.request(number, "wait")
    await wait_all_tasks_blocked(0.01)
    assert front.most_waiting == IN_FLIGHT_LIMIT
    assert await other.works()
    front.gate.set()
    assert sorted([(await client.reply())["id"] for _ in range(IN_FLIGHT_LIMIT + 20)]) == list(range(IN_FLIGHT_LIMIT + 20))


async def test_a_refusal_says_cause_and_remedy_and_gives_programs_code_and_facts(client: Client) -> None:
    await client.request(1, "no")
    error = (await client.reply())["error"]
    assert error["code"] > 0
    assert error["data"]["code"] == "not_holder"
    assert error["data"]["facts"] == {"task": "SEC-001", "caller": "bob", "holder": "ada"}
    assert error["data"]["cause"] in error["message"]
    assert error["data"]["remedy"]
    assert error["data"]["remedy"] in error["message"]


@pytest.mark.parametrize("method", ["bug", "unwritable"])
async def test_a_bug_is_answered_with_a_reference_and_nothing_of_its_inside(method: str, client: Client) -> None:
    await client.request(1, method)
    error = (await client.reply())["error"]
    assert error["data"]["code"] == "internal"
    assert "secret" not in json.dumps(error)
    assert await client.works()


async def test_a_client_that_vanishes_in_the_middle_of_a_call_disturbs_nobody(
    client: Client, other: Client, front: ScriptedFront, tmp_path: Path
) -> None:
    for number in range(5):
        await client.request(number, "wait")
    await wait_all_tasks_blocked(0.01)
    await trio.aclose_forcefully(client.stream)
    front.gate.set()
    assert await other.works()
    await wait_all_tasks_blocked(0.01)
    assert await is_served(tmp_path / "control.sock")


async def test_what_a_client_sent_before_it_died_is_done(client: Client, front: ScriptedFront) -> None:
    await client.request(1, "echo")
    await trio.aclose_forcefully(client.stream)
    await wait_all_tasks_blocked(0.01)
    assert front.answered == 1


async def test_a_client_that_dies_with_answers_unread_ends_nothing_that_is_under_way(client: Client, front: ScriptedFront) -> None:
    await client.request(1, "echo")
    await client.request(2, "wait")
    await wait_all_tasks_blocked(0.01)
    # The unread answer makes its end an error for us, rather than the end of its stream.
    await trio.aclose_forcefully(client.stream)
    await wait_all_tasks_blocked(0.01)
    front.gate.set()
    await wait_all_tasks_blocked(0.01)
    assert front.answered == 2


@pytest.mark.parametrize("gone", ["before", "after"])
async def test_what_a_client_that_is_gone_waited_for_is_for_nobody_and_frees_its_place(
    client: Client, front: ScriptedFront, door: ControlDoor, gone: str
) -> None:
    if gone == "after":
        await client.request(1, "large")
    await client.request(2, "wait", wait_s=3_600)
    await wait_all_tasks_blocked(0.01)
    await trio.aclose_forcefully(client.stream)
    await wait_all_tasks_blocked(0.01)
    assert door._connections == 0
    front.gate.set()
    await wait_all_tasks_blocked(0.01)
    assert front.answered == (gone == "after")


async def test_a_client_that_only_closed_its_side_is_answered_when_what_it_waits_for_comes(client: Client, front: ScriptedFront) -> None:
    await client.request(1, "wait", wait_s=3_600)
    await client.stream.send_eof()
    await wait_all_tasks_blocked(0.01)
    front.gate.set()
    assert (await client.reply())["result"] == {"waited": True}


async def test_a_client_that_does_not_read_is_cut_off_and_the_others_are_served(
    client: Client, other: Client, autojump_clock: trio.testing.MockClock
) -> None:
    await client.request(1, "large")
    assert await other.works()
    await trio.sleep(60)
    assert await other.works()
    with pytest.raises((EOFError, trio.BrokenResourceError)):
        await client.reply()


async def test_more_connections_than_allowed_are_closed_at_once_and_room_is_made_by_those_that_leave(
    door: ControlDoor, tmp_path: Path
) -> None:
    socket = tmp_path / "control.sock"
    clients = [await connect(socket) for _ in range(CONNECTIONS_LIMIT)]
    assert await clients[-1].works()
    assert not await is_served(socket)
    for each in clients:
        await each.stream.aclose()
    await wait_all_tasks_blocked(0.01)
    assert await is_served(socket)


async def is_served(socket: Path) -> bool:
    """Whether a new connection gets an answer."""
    one = await connect(socket)
    async with one.stream:
        try:
            return await one.works()
        except (EOFError, trio.BrokenResourceError):
            return False


async def test_draining_answers_what_was_taken_and_takes_nothing_more(
    door: ControlDoor, client: Client, front: ScriptedFront, nursery: trio.Nursery, tmp_path: Path
) -> None:
    await client.request(1, "wait")
    await wait_all_tasks_blocked(0.01)
    drained = trio.Event()
    nursery.start_soon(_and_then, door.drain, drained.set)
    await wait_all_tasks_blocked(0.01)
    await client.request(2, "echo")
    assert not await is_served(tmp_path / "control.sock")
    assert not drained.is_set()
    front.gate.set()
    await drained.wait()
    assert (await client.reply())["id"] == 1
    with pytest.raises((EOFError, trio.BrokenResourceError)):
        await client.reply()
    assert [call[1] for call in front.calls] == ["wait"]


async def test_draining_with_nothing_under_way_ends_at_once(door: ControlDoor, client: Client) -> None:
    assert await client.works()
    with trio.fail_after(5):
        await door.drain()


async def _and_then(first: Callable[[], Any], then: Callable[[], None]) -> None:
    await first()
    then()
