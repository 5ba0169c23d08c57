"""Hostile input: two thousand attacks in the usual suite, a hundred thousand in a session of its own; every planted fault is found."""

import sys
from pathlib import Path

import pytest

from tests.fuzz import planted
from tests.fuzz.report import Report
from tests.fuzz.run import run

PLANTED = Path(planted.__file__)

pytestmark = [
    # A run finds by itself where a server hangs, and says what made it; only a machine that is very busy needs so long.
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="attacks come from many addresses of this machine, and /proc says what they cost"),
]


def test_two_thousand_hostile_inputs_break_no_promise(tmp_path: Path) -> None:
    report = run(tmp_path, 2_000, seed=1)
    assert report.findings == [], report
    assert report.attacks >= 2_000


def found_with(tmp_path: Path, faults: str, count: int, *surfaces: str, limit: int = 1) -> Report:
    """What is found of a server with faults."""
    shares = dict.fromkeys(surfaces, 1)
    return run(tmp_path, count, 1, shares, program=(str(PLANTED), faults), findings_limit=limit)


SIGNS = {
    "wrong_code": "refused with {'code': -32600",
    "silence": "hangs",
    "answered_twice": "answered 2 times",
    "let_in": "where 401 was right",
    "wrong_close": "closed with 1000 where ['1002'",
    "held_up": "waited",
    "error_logged": "answered with 500",
    "changed_by_a_refusal": "in which nothing may happen",
    "others_cut": "was cut off",
}
"""How each fault shows."""


def test_a_fault_that_shows_only_once_is_found(tmp_path: Path) -> None:
    faults = ",".join(fault.__name__ for fault in planted.ONCE)
    report = found_with(tmp_path, faults, 900, "messages", "rpc", "frames", "handshakes", "lines", limit=2 * len(SIGNS))
    found = [str(each) for each in report.findings]
    assert [fault for fault, sign in SIGNS.items() if not any(sign in each for each in found)] == [], report


def test_a_crash_is_found(tmp_path: Path) -> None:
    report = found_with(tmp_path, "crash", 500, "messages")
    assert f"ended with {planted.CRASHED}" in str(report.findings[0])
    assert len(report.findings) == 1


@pytest.mark.parametrize(
    ("fault", "surface", "count", "sign"),
    [("kept_memory", "messages", 600, "its memory grew"), ("kept_files", "rpc", 100, "files are open")],
)
def test_what_is_kept_of_every_input_is_found(tmp_path: Path, fault: str, surface: str, count: int, sign: str) -> None:
    report = found_with(tmp_path, fault, count, surface)
    assert [each for each in report.findings if sign in each.what], report
