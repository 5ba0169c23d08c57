"""The engines that every test of the contract runs on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskactors.storage.engine import Engine
from taskactors.storage.in_memory import InMemoryEngine
from taskactors.storage.on_lmdb import LmdbEngine, open_lmdb


@pytest.fixture(params=["memory", "lmdb"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    opened: Engine = InMemoryEngine() if request.param == "memory" else open_lmdb(tmp_path / "store")
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where an LMDB store may be made."""
    return tmp_path / "store"


@pytest.fixture
def store(folder: Path) -> Iterator[LmdbEngine]:
    opened = open_lmdb(folder)
    yield opened
    opened.close()
