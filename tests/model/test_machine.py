"""The live store driven against the model: what users are told holds, in whatever order things are done."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model import comparing, planted_since
from tests.model.driving.files import Files
from tests.model.driving.finishing import Finishing
from tests.model.driving.handing import Handing
from tests.model.driving.knowing import Knowing
from tests.model.driving.planning import Planning
from tests.model.driving.spine import Spine
from tests.model.driving.stepping import Stepping
from tests.model.machine import Machine
from tests.model.planted import PLANTED, Plant

USUAL = settings(
    max_examples=15,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

LONG = settings(USUAL, max_examples=500, stateful_step_count=80, derandomize=False)

TO_FIND_ONE = settings(USUAL, max_examples=120, phases=[Phase.generate], report_multiple_bugs=False, print_blob=False)
"""Without shrinking: that it fails is all that is asked."""

MACHINES = (Spine, Finishing, Handing, Planning, Files, Knowing, Stepping)

BUGS: tuple[tuple[type[Machine], Plant], ...] = (
    *((Spine, bug) for bug in PLANTED),
    *((Finishing, bug) for bug in planted_since.FINISHING),
    *((Handing, bug) for bug in planted_since.HANDING),
    *((Planning, bug) for bug in planted_since.PLANNING),
    *((Files, bug) for bug in planted_since.FILES),
    *((Knowing, bug) for bug in planted_since.KNOWING),
    *((Stepping, bug) for bug in planted_since.STEPPING),
)


def name_of(value: Any) -> str:
    return str(value.__name__)


@pytest.mark.parametrize("machine", MACHINES, ids=name_of)
def test_the_live_store_holds_what_the_model_says(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=USUAL)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("machine", MACHINES, ids=name_of)
def test_the_live_store_holds_what_the_model_says_for_long(machine: type[Machine]) -> None:
    run_state_machine_as_test(machine, settings=LONG)


class Found(BaseException):
    """A difference at which the search ends at once, instead of being repeated and written down."""


@pytest.mark.parametrize(("machine", "bug"), BUGS, ids=name_of)
def test_the_machine_finds_that(machine: type[Machine], bug: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    bug(monkeypatch)
    monkeypatch.setattr(comparing, "Differ", Found)
    with pytest.raises(Found):
        run_state_machine_as_test(machine, settings=TO_FIND_ONE)
