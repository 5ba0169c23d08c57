"""What tests of the engines share: what an engine holds as it lies on the disk, and short ways to use one."""

from taskactors.storage.engine import Done, Engine, Failed, Unit
from taskactors.storage.in_memory import InMemoryEngine
from taskactors.storage.on_lmdb import LmdbEngine
from tests.support import batches

NOW = 1_700_000_000_000
AFTER_ALL = b"\xff" * 600


def dump(engine: Engine) -> list[tuple[bytes, bytes]]:
    """Every key with its sealed bytes, the storage's own among them."""
    if isinstance(engine, InMemoryEngine):
        return engine._raw.range(b"", AFTER_ALL, 1 << 30, False)
    assert isinstance(engine, LmdbEngine)
    return engine._reading(lambda reads: list(reads.everything()))


def contents(engine: Engine) -> dict[bytes, bytes]:
    """What units have put."""
    return dict(engine.read(lambda snapshot: snapshot.range(b"\x01", AFTER_ALL, 1 << 30)))


def write(engine: Engine, *units: Unit, batch_id: bytes = b"a batch") -> list[Done[object] | Failed]:
    return batches.write(engine, units, NOW, batch_id)


def put(key: bytes, value: bytes | bytearray = b"") -> Unit:
    return lambda transaction: transaction.put(key, value)  # type: ignore[arg-type]
