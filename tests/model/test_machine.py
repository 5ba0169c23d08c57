"""The live store driven against the model: what users are told holds, in whatever order things are done."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Differ, LiveStore
from tests.model.planted import PLANTED, Plant

USUAL = settings(
    max_examples=50,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

LONG = settings(USUAL, max_examples=1_000, stateful_step_count=80, derandomize=False)

TO_FIND_ONE = settings(USUAL, max_examples=120, phases=[Phase.generate], report_multiple_bugs=False, print_blob=False)
"""Without shrinking: that it fails is all that is asked."""


def test_the_live_store_holds_what_the_model_says() -> None:
    run_state_machine_as_test(LiveStore, settings=USUAL)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_the_live_store_holds_what_the_model_says_for_long() -> None:
    run_state_machine_as_test(LiveStore, settings=LONG)


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.__name__)
def test_the_machine_finds_that(bug: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    bug(monkeypatch)
    with pytest.raises(Differ):
        run_state_machine_as_test(LiveStore, settings=TO_FIND_ONE)
