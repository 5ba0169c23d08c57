"""What tests of whole runs share: a seed that decides everything."""

from random import Random

import pytest


@pytest.fixture
def seed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Of everything that is drawn, the order in which tasks are run too, so that it says what happened."""
    seed = int(request.param)
    monkeypatch.setattr("trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING", True)
    monkeypatch.setattr("trio._core._run._r", Random(seed))
    return seed
