"""Handshakes: bad ones are answered for what they are, slow and endless ones end, and none of them touches anybody else."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import structlog.testing
import trio
import trio.testing

from taskactors.actors.calls import Connection
from taskactors.actors.wires import Wire
from taskactors.domain.token import Token, digest_of, local_token, secret_of
from taskactors.transports import websocket
from taskactors.transports.admission import Admission
from taskactors.transports.guarded_stream import HANDSHAKE_BYTES
from taskactors.transports.refusal_log import Reason
from taskactors.transports.websocket import HANDSHAKE_WITHIN_S, PER_TOKEN_LIMIT, WebSocketDoor
from tests.support.raw_websocket import TEXT, answer_to, frame, opening, rest_of

BAD_WITHIN_S = 5.0


async def echo(wire: Wire, connection: Connection) -> None:
    while (message := await wire.receive()) is not None:
        await wire.send(str(message))


@asynccontextmanager
async def listening(door: WebSocketDoor) -> AsyncIterator[int]:
    async with trio.open_nursery() as nursery:
        yield await nursery.start(door.listen, "127.0.0.1", 0)
        nursery.cancel_scope.cancel()


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with listening(WebSocketDoor(echo)) as port:
        yield port


async def status_of(port: int, request: bytes) -> tuple[int, bytes]:
    with trio.fail_after(BAD_WITHIN_S):
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            return await answer_to(stream, request)


GOOD = {
    "as clients do": opening(),
    "with a port": opening(host="localhost:8765"),
    "a project and an agent": opening("/mcp/team-7?agent=ada"),
    "no subprotocol": opening(more={"Sec-WebSocket-Protocol": ""}),
    "one subprotocol of several": opening(more={"Sec-WebSocket-Protocol": "graphql-ws, mcp"}),
}


@pytest.mark.parametrize("request_", GOOD.values(), ids=GOOD)
async def test_a_good_handshake_is_accepted(port: int, request_: bytes) -> None:
    status, answer = await status_of(port, request_)
    assert status == 101
    assert (b"sec-websocket-protocol: mcp" in answer.lower()) == (b"Sec-WebSocket-Protocol" in request_)


async def test_compression_is_never_agreed_to(port: int) -> None:
    status, answer = await status_of(port, opening(more={"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}))
    assert status == 101
    assert b"extensions" not in answer.lower()


BAD = {
    "an unknown path": (opening("/other"), 404),
    "a project that cannot be": (opening("/mcp/Team"), 404),
    "an agent that cannot be": (opening("/mcp?agent=Ada"), 400),
    "a foreign host": (opening(host="evil.example"), 421),
    "a page's origin": (opening(more={"Origin": "http://localhost:8765"}), 403),
    "no origin to speak of": (opening(more={"Origin": "null"}), 403),
    "another subprotocol": (opening(more={"Sec-WebSocket-Protocol": "graphql-ws"}), 400),
    "no host": (opening(host=None), 400),
    "two hosts": (opening(more={"host": "evil.example"}), 400),
    "a host that is no name": (opening(host="\xff" * 70), 400),
    "a subprotocol that is no text": (opening(more={"Sec-WebSocket-Protocol": "m\xfcp"}), 400),
    "an ordinary request": (b"GET /mcp HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
    "another method": (opening(method="POST"), 400),
    "no key": (opening(more={"Sec-WebSocket-Key": ""}), 400),
    "an old version": (opening(more={"Sec-WebSocket-Version": "8"}), 426),
    "something else entirely": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    "endless headers": (opening(more={"X-Padding": "x" * HANDSHAKE_BYTES}), 431),
    "an endless line": (b"GET /" + b"x" * (HANDSHAKE_BYTES + 1), 431),
}


@pytest.mark.parametrize(("request_", "status"), BAD.values(), ids=BAD)
async def test_a_bad_handshake_is_answered_for_what_it_is_and_costs_nobody_else(port: int, request_: bytes, status: int) -> None:
    assert (await status_of(port, request_))[0] == status
    assert (await status_of(port, opening()))[0] == 101


async def test_a_refusal_says_why(port: int) -> None:
    _, answer = await status_of(port, opening("/mcp?agent=Ada"))
    assert b"an agent name has 1 to 50 characters" in answer.partition(b"\r\n\r\n")[2]


async def test_headers_that_just_fit_are_taken(port: int) -> None:
    room = HANDSHAKE_BYTES - len(opening(more={"X-Padding": "x"})) + 1
    assert (await status_of(port, opening(more={"X-Padding": "x" * room})))[0] == 101


async def test_the_limit_of_a_handshake_does_not_count_what_comes_after_it(port: int) -> None:
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await answer_to(stream, opening())
        await stream.send_all(frame(b"x" * (2 * HANDSHAKE_BYTES), TEXT))
        received = 0
        with trio.fail_after(BAD_WITHIN_S):
            while received < 2 * HANDSHAKE_BYTES:
                received += len(await stream.receive_some(65536))


@pytest.mark.parametrize("begun", [b"", b"GET /mcp HTTP/1.1\r\nHost: localhost\r\n"], ids=["nothing", "half a request"])
async def test_a_client_that_does_not_finish_its_handshake_is_cut_off(begun: bytes, autojump_clock: trio.testing.MockClock) -> None:
    client, server = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(WebSocketDoor(echo).serve, server)
        await client.send_all(begun)
        assert await rest_of(client) == b""
        assert HANDSHAKE_WITHIN_S <= trio.current_time() <= HANDSHAKE_WITHIN_S + 2


async def test_a_client_that_drips_its_handshake_is_cut_off_all_the_same(autojump_clock: trio.testing.MockClock) -> None:
    client, server = trio.testing.memory_stream_pair()

    async def drip() -> None:
        with pytest.raises(trio.BrokenResourceError):
            for byte in opening():
                await client.send_all(bytes([byte]))
                await trio.sleep(1)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(drip)
        await WebSocketDoor(echo).serve(server)
        assert trio.current_time() <= HANDSHAKE_WITHIN_S + 2


async def test_beyond_the_limit_newcomers_are_turned_away_until_a_place_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "CONNECTIONS_LIMIT", 2)
    gone = trio.Event()

    async def serve(wire: Wire, connection: Connection) -> None:
        try:
            await echo(wire, connection)
        finally:
            gone.set()

    door = WebSocketDoor(serve)
    async with listening(door) as port:
        async with await trio.open_tcp_stream("127.0.0.1", port) as first, await trio.open_tcp_stream("127.0.0.1", port) as second:
            assert (await answer_to(first, opening()))[0] == 101
            assert (await answer_to(second, opening()))[0] == 101
            status, answer = await status_of(port, opening())
            assert (status, b"too many" in answer) == (503, True)
            await first.send_all(frame(b"still here"))
            assert b"still here" in await first.receive_some(1000)
        with trio.fail_after(BAD_WITHIN_S):
            await gone.wait()
            while (await status_of(port, opening()))[0] != 101:
                pass


async def test_with_one_agents_token_so_many_connections_are_open_and_no_other_feels_it() -> None:
    secrets = {name: secret_of(name, bytes([number]) * 32) for number, name in enumerate(("ada", "bob", "local"))}
    tokens = {secrets[name]: Token(id=f"t-{name}", name=name, digest=digest_of(secrets[name]), created_at=0) for name in ("ada", "bob")}
    tokens[secrets["local"]] = local_token(secrets["local"], 0)
    door = WebSocketDoor(echo, Admission(holder=tokens.get))

    def by(name: str) -> bytes:
        return opening(more={"Authorization": f"Bearer {secrets[name]}"})

    async with listening(door) as port, AsyncExitStack() as stack:
        adas = [await stack.enter_async_context(await trio.open_tcp_stream("127.0.0.1", port)) for _ in range(PER_TOKEN_LIMIT)]
        for stream in adas:
            assert (await answer_to(stream, by("ada")))[0] == 101
        status, answer = await status_of(port, by("ada"))
        assert (status, str(PER_TOKEN_LIMIT).encode() in answer, b"retry-after" in answer.lower()) == (429, True, True)
        assert [(await status_of(port, by(name)))[0] for name in ("bob", "local")] == [101, 101]
        locals_ = [await stack.enter_async_context(await trio.open_tcp_stream("127.0.0.1", port)) for _ in range(PER_TOKEN_LIMIT + 1)]
        assert [(await answer_to(stream, by("local")))[0] for stream in locals_] == [101] * (PER_TOKEN_LIMIT + 1)
        await adas[0].aclose()
        with trio.fail_after(BAD_WITHIN_S):
            while (await status_of(port, by("ada")))[0] != 101:
                pass


async def test_a_flood_of_newcomers_beyond_the_limit_is_not_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "CONNECTIONS_LIMIT", 0)
    monkeypatch.setattr(websocket, "REFUSING_LIMIT", 1)
    door = WebSocketDoor(echo)
    first, server = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(door.serve, server)
        assert b" 503 " in await first.receive_some(1000)
        second, server = trio.testing.memory_stream_pair()
        await door.serve(server)
        assert await rest_of(second) == b""
        await first.aclose()


async def test_bad_handshakes_are_no_faults_of_ours(port: int, capfd: pytest.CaptureFixture[str]) -> None:
    with structlog.testing.capture_logs() as logged:
        for request, _ in BAD.values():
            await status_of(port, request)
    # They are told of as clients that were turned away, for their own reasons.
    assert {each["event"] for each in logged} == {"a client was turned away"}
    assert {each["reason"] for each in logged} == {Reason.REQUEST, Reason.MALFORMED, Reason.HOST, Reason.ORIGIN}
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("request_", [opening(), *(request for request, _ in BAD.values())], ids=["good", *BAD])
async def test_a_client_that_is_gone_before_it_is_answered_is_no_fault_of_ours(request_: bytes) -> None:
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            client, server = trio.testing.memory_stream_pair()
            server.send_stream.send_all_hook = nobody_there
            await client.send_all(request_)
            client.send_stream.close()
            await WebSocketDoor(echo).serve(server)
    # Whoever asked for what nobody gets is told of for that, and nobody as somebody on whom we broke.
    reasons = [each["reason"] for each in logged]
    assert len(reasons) == (0 if request_ == opening() else 3)
    assert set(reasons) <= {Reason.REQUEST, Reason.MALFORMED, Reason.HOST, Reason.ORIGIN}


async def nobody_there() -> None:
    raise trio.BrokenResourceError


async def test_a_name_with_several_addresses_has_one_port() -> None:
    async with trio.open_nursery() as nursery:
        port = await nursery.start(WebSocketDoor(echo).listen, "localhost", 0)
        async with await trio.open_tcp_stream("localhost", port) as stream:
            assert (await answer_to(stream, opening(host=f"localhost:{port}")))[0] == 101
        nursery.cancel_scope.cancel()


async def test_a_port_that_is_taken_is_an_error_of_the_system(port: int) -> None:
    with pytest.raises(OSError, match=r"[Aa]ddress"):
        await WebSocketDoor(echo).listen("127.0.0.1", port)
