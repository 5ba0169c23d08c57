"""The bridge between two streams, on a clock that shows how long it takes over what has no need to last."""

import json

import trio
import trio.testing

from taskactors.transports.bridge import Bridge, Found
from taskactors.transports.dialing import CLOSE_WITHIN_S
from tests.support.fake_front import FakeFront, serving

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}},
}


async def test_a_bridge_whose_client_closes_is_gone_before_the_client_loses_patience(autojump_clock: trio.testing.MockClock) -> None:
    autojump_clock.autojump_threshold = 0.05  # the sockets are real, and need a moment of real time
    ours, stdin = trio.testing.memory_stream_one_way_pair()
    stdout, theirs = trio.testing.memory_stream_one_way_pair()
    async with serving(FakeFront()) as (url, _), trio.open_nursery() as nursery:

        async def there() -> Found:
            return url, None

        nursery.start_soon(Bridge(there, stdin, stdout).run)
        await ours.send_all(json.dumps(INITIALIZE).encode() + b"\n")
        assert json.loads(await theirs.receive_some())["result"]["serverInfo"]["name"] == "taskactors"
        closed = trio.current_time()
        await ours.aclose()
    # Clients of the TypeScript SDK wait for two seconds, and then kill it.
    assert trio.current_time() - closed < CLOSE_WITHIN_S
