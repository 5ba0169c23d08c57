"""Whatever was acknowledged before a kill -9 is there after it; what was not is there whole or not at all."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from taskactors.storage.keys import key, span
from taskactors.storage.on_lmdb import LmdbEngine, open_lmdb
from taskactors.storage.verification import verify
from tests.storage.engines import put, write

CYCLES = 10
LONG_CYCLES = 200
PARTS = 5


def write_forever(folder: Path) -> None:
    """One batch after the other, each acknowledged on standard output once it is durable."""
    engine = open_lmdb(folder)
    number = len(batches(engine))
    while True:
        units = [put(key("batch", number, part), os.urandom(random.randrange(2000))) for part in range(PARTS)]
        write(engine, *units, put(key("last"), b"%d" % number), batch_id=b"%d" % number)
        os.write(1, b"%d\n" % number)
        number += 1


def batches(engine: LmdbEngine) -> dict[int, int]:
    """How many parts of each batch there are."""
    counted: dict[int, int] = {}
    for stored, _ in engine.read(lambda snapshot: snapshot.range(*span("batch"), limit=1 << 30)):
        number = int.from_bytes(stored[-17:-9], "big")
        counted[number] = counted.get(number, 0) + 1
    return counted


def kill_once(folder: Path, after_acks: int) -> int:
    """The last batch that was acknowledged before the kill."""
    writer = subprocess.Popen(
        [sys.executable, "-c", f"from tests.storage.test_killed_writer import *; write_forever(Path({str(folder)!r}))"],
        stdout=subprocess.PIPE,
    )
    assert writer.stdout is not None
    acks = [writer.stdout.readline() for _ in range(after_acks)]
    writer.kill()
    # What it had acknowledged by then and nobody had read yet; the last line may be cut off.
    acks += writer.stdout.read().splitlines(keepends=True)
    writer.stdout.close()
    writer.wait()
    return max(int(ack) for ack in acks if ack.endswith(b"\n"))


def kill_often(folder: Path, cycles: int, chance: random.Random) -> None:
    for _ in range(cycles):
        acked = kill_once(folder, chance.randrange(1, 40))
        engine = open_lmdb(folder)
        there = batches(engine)
        last = max(there)
        # Everything acknowledged, with no gap; and of the one in flight all or nothing.
        assert last in (acked, acked + 1)
        assert there == dict.fromkeys(range(last + 1), PARTS)
        assert engine.committed(b"%d" % last)
        assert engine.read(lambda snapshot: snapshot.get(key("last"))) == b"%d" % last
        engine.close()
        assert verify(folder) == []


def test_every_acknowledged_batch_outlives_a_kill(folder: Path) -> None:
    kill_often(folder, CYCLES, random.Random(9))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_every_acknowledged_batch_outlives_many_kills(folder: Path) -> None:
    kill_often(folder, LONG_CYCLES, random.Random())
