"""What a person sees of the demo fits the screen that they have."""

import io

import pytest
from rich.console import Console
from rich.live import Live

from taskactors.demo.example import example_plan
from taskactors.demo.happening import Happening, Kind, from_bytes
from taskactors.demo.plan_file import read_plan
from taskactors.demo.screen import Lines, LiveTable, told

LONG = "the reader is written and tested; what is missing is the one statement that takes all of it in at once"


@pytest.mark.parametrize("kind", list(Kind))
def test_everything_that_can_happen_has_words_and_survives_its_line(kind: Kind) -> None:
    it = Happening(kind=kind, who="ben", task="API-01", text="x", other="dina", number=2, messages=1)
    assert from_bytes(it.to_bytes()) == it
    assert it.in_words()


def test_a_long_happening_goes_on_indented_and_loses_no_word() -> None:
    it = Happening(kind=Kind.OFFERED, who="ben", task="API-04", other="database", text=LONG)
    first, *rest = told(it, 80)
    assert max(map(len, (first, *rest))) <= 80
    assert rest
    assert all(line.startswith("  ") for line in rest)
    assert " ".join(line.strip() for line in (first, *rest)) == f"ben offers API-04 to database: {LONG}"


def test_lines_are_as_wide_as_the_console_at_most() -> None:
    out = io.StringIO()
    Lines(Console(file=out, width=80)).tell(Happening(kind=Kind.OFFERED, who="ben", task="API-04", other="database", text=LONG))
    assert [len(line) <= 80 for line in out.getvalue().splitlines()] == [True, True]


def test_the_example_and_what_happens_fit_on_a_terminal_of_eighty_by_twentyfour() -> None:
    plan, out = read_plan(example_plan()), io.StringIO()
    console = Console(file=out, width=80, height=24, force_terminal=True, color_system=None)
    with Live(console=console, auto_refresh=False) as live:
        screen = LiveTable(plan, live)
        screen.started("ws://127.0.0.1:12345/mcp")
        screen.show({task.code: {"state": "WaitingForDependency"} for task in plan.tasks})
        for number in range(20):
            screen.tell(Happening(kind=Kind.OFFERED, who="ben", task="API-04", other="database", text=f"{number} {LONG}"))
        lines = console.render_lines(live.renderable, pad=False)
    shown = ["".join(segment.text for segment in line).rstrip() for line in lines]
    assert len(shown) < 24
    assert max(map(len, shown)) <= 80
    assert sum(line.startswith((" API", " ARCH", " DB", " DOCS", " MCP", " QA")) for line in shown) == len(plan.tasks)
    assert "19 the reader" in "\n".join(shown[-4:])
