"""A sample belongs to the stage of the innermost line of ours."""

from pathlib import Path

import pytest
from attrs import evolve

import taskactors
from bench.profiling import LOOP, OTHER, STAGES, sorted_out, stage_of
from tests.bench.turns import turn

PLACES = {
    "transports/websocket:_serve": "transport",
    "mcp_server/envelope:read_envelope": "decode",
    "mcp_server/plain:read_call": "decode",
    "mcp_server/answers:written_answer": "encode",
    "board/wire:task": "encode",
    "mcp_server/server:call": "surface",
    "actors/arguments:structured": "structure",
    "actors/router:Router.handle": "router",
    "actors/roles/desk:Desk.handle": "desk",
    "actors/store:Store._take": "store",
    "storage/transaction:Buffer.put": "store",
    "storage/on_lmdb:LmdbEngine._write": "commit",
    "board/claims:claim_task": "unit of work",
    "domain/claiming:claim": "unit of work",
    "runtime/mailbox:Mailbox.put": "actors' runtime",
}

SOURCE = Path(taskactors.__file__).parent
BESIDE_CALLS = ("app", "cli", "config", "demo", "log", "__")


@pytest.mark.parametrize("place", PLACES)
def test_every_layer_has_its_stage(place: str) -> None:
    assert stage_of(place) == PLACES[place]


def test_no_module_that_serves_calls_is_left_without_a_stage() -> None:
    modules = [str(file.relative_to(SOURCE).with_suffix("")) for file in SOURCE.rglob("*.py")]
    serving = [module for module in modules if not module.startswith(BESIDE_CALLS)]
    assert [module for module in serving if stage_of(f"{module}:f") == OTHER] == []


def test_every_stage_is_that_of_a_module_that_is_there() -> None:
    modules = [f"{file.relative_to(SOURCE).with_suffix('')}:read" for file in SOURCE.rglob("*.py")]
    assert {stage for stage, _ in STAGES} <= set(map(stage_of, modules))


def test_a_thread_that_waits_for_work_costs_nothing() -> None:
    waiting = "_bootstrap (threading.py:1);WorkerThread._work (site-packages/trio/_core/_thread_cache.py:211) 90"
    writing = "WorkerThread._work (site-packages/trio/_core/_thread_cache.py:190);write (src/taskactors/storage/on_lmdb.py:3) 10"
    assert sorted_out([waiting, writing], turn(1000)).modules == {"storage/on_lmdb": 1.0}


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
