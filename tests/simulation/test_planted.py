"""The simulation sees what it is there to see: each of these mistakes is found, by the same checks, within a few seeds."""

import pytest

from tests.simulation.planted import PLANTED, Plant
from tests.simulation.world import told_of

WITHIN = 200


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.__name__)
def test_it_is_found(bug: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    bug(monkeypatch)
    assert any(told_of(seed).findings for seed in range(WITHIN))
