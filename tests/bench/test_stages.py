"""A sample belongs to the stage of the innermost line of ours."""

import pytest
from attrs import evolve

from bench.profiling import LOOP, sorted_out, stage_of
from tests.bench.turns import turn

PLACES = {
    "transports/websocket:_serve": "transport",
    "transports/websocket_wire:read_frame": "decode",
    "mcp_server/answers:rendered": "encode",
    "mcp_server/server:call": "surface",
    "actors/arguments:structured": "structure",
    "actors/router:handle": "router",
    "actors/roles/desk:handle": "desk",
    "actors/store:_take": "store",
    "storage/transaction:put": "store",
    "storage/on_lmdb:_write": "commit",
    "board/claims:claim_task": "unit of work",
    "domain/claiming:claim": "unit of work",
    "runtime/mailbox:put": "actors' runtime",
}


@pytest.mark.parametrize("place", PLACES)
def test_every_layer_has_its_stage(place: str) -> None:
    assert stage_of(place) == PLACES[place]


def test_samples_become_the_cost_of_a_call() -> None:
    root = "run (site-packages/trio/_core/_run.py:9);serve (src/taskactors/app.py:85)"
    lines = [
        f"{root};_take (src/taskactors/actors/store.py:7);begin (site-packages/lmdb/cffi.py:3) 30",
        f"{root};claim_task (src/taskactors/board/claims.py:30);claim (src/taskactors/domain/claiming.py:4) 50",
        f"{root};unrolled_run (site-packages/trio/_core/_run.py:2) 20",
    ]
    profile = sorted_out(lines, evolve(turn(1000), server_us_per_call=200.0))
    assert profile.stages_us == {"unit of work": 100.0, "store": 60.0, LOOP: 40.0}
    assert profile.modules == {"domain/claiming": 0.5, "actors/store": 0.3, LOOP: 0.2}
