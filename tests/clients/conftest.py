"""What the days of clients came to, as a table at the end of a run of all of them."""

from collections.abc import Iterator

import pytest

pytest.register_assert_rewrite("tests.clients.day", "tests.clients.errands", "tests.clients.hands")

from tests.clients.day import STEPS  # noqa: E402

COLUMNS = f"{'client':38} {'way':7} {'era':7} " + " ".join(STEPS)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("--long"):
        return
    reports = [each for outcome in ("passed", "failed") for each in terminalreporter.getreports(outcome) if each.when == "call"]
    if rows := sorted(row for report in reports for row in _rows(report)):
        terminalreporter.section("clients")
        terminalreporter.write_line(COLUMNS)
        for row in rows:
            terminalreporter.write_line(row)


def _rows(report: pytest.TestReport) -> Iterator[str]:
    """A day's line: what passed, where it went wrong, and what that client cannot do."""
    noted = {name: str(value) for name, value in report.user_properties}
    if "row" not in noted:
        return
    kind, way, era = noted["row"].split()
    passed = [value for name, value in report.user_properties if name == "passed"]
    marks = ["yes" if step in passed else "-" if report.passed else "?" for step in STEPS]
    if "?" in marks:
        marks[marks.index("?")] = "NO"
    cells = " ".join(mark.ljust(len(step)) for mark, step in zip(marks, STEPS, strict=True))
    yield f"{noted.get('client', kind):38} {way:7} {era:7} {cells}".rstrip()
