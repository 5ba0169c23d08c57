"""Clients that share no code with the server work a full day on it, each from its own SDK, with a token, on every way and in every era."""

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from tests.clients.board import guarded
from tests.clients.day import PUSHED_WITHIN_S, STEPS, Day, NotPushed
from tests.clients.driven import Died
from tests.clients.errands import NEEDED, run_errands
from tests.clients.hands import ProtocolError
from tests.clients.matrix import ROWS, Row, Team
from tests.clients.swallowing import HEARD, SAID, swallowed, swallowing

Noted = Callable[[str, object], None]

EACH_WAY_AND_ERA = (
    "typescript1-ws-legacy",
    "typescript2-ws-modern",
    "python-mcp2-http-legacy",
    "python-mcp2-http-modern",
    "python-mcp2-bridge-modern",
)
"""For what the server does or does not do, whichever client it is."""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name, marks=[] if row.core else pytest.mark.long) for row in ROWS])
async def test_a_client_works_a_full_day(row: Row, tmp_path: Path, record_property: Noted) -> None:
    record_property("row", f"{row.client} {row.way} {row.era}")
    with guarded(tmp_path) as board:
        async with row.team(row, board, tmp_path) as team:
            record_property("client", team.met.client)
            await work_a_day(row, team, lambda step: record_property("passed", step))


@pytest.mark.long
@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", EACH_WAY_AND_ERA)
async def test_a_client_that_is_told_of_no_change_fails_the_day_at_its_push(name: str, tmp_path: Path) -> None:
    [row] = [row for row in ROWS if row.name == name]
    passed: list[str] = []
    with guarded(tmp_path) as board, pytest.RaisesGroup(NotPushed, flatten_subgroups=True):
        async with swallowing(board) as wires, row.team(row, wires, tmp_path) as team:
            await work_a_day(row, team, passed.append, pushed_within_s=2)
    assert passed == list(STEPS[: STEPS.index("push")])


@pytest.mark.long
@pytest.mark.parametrize("name", EACH_WAY_AND_ERA)
async def test_a_client_whose_token_is_nobodys_does_not_begin_its_day(name: str, tmp_path: Path) -> None:
    [row] = [row for row in ROWS if row.name == name]
    turned_away = pytest.RaisesGroup(pytest.RaisesExc((Died, ProtocolError)), flatten_subgroups=True)
    with guarded(tmp_path) as board, turned_away:
        stranger = evolve(board, tokens=dict.fromkeys(board.tokens, "ta_nobody_at_all"))
        async with row.team(row, stranger, tmp_path):
            pass


async def work_a_day(row: Row, team: Team, passed: Callable[[str], None], pushed_within_s: float = PUSHED_WITHIN_S) -> None:
    """All that this kind of client can do, in order."""
    day = Day(team.backend, team.qa, passed)
    await day.connect(team.met, row.era, NEEDED)
    await day.create()
    await day.claim()
    await day.message()
    await day.wait()
    if team.ears is not None:
        await day.push(team.ears, pushed_within_s)
    await day.finish()
    if team.ears is not None:
        await run_errands(team.backend, team.qa)
        passed("errands")


def test_the_wire_swallows_what_it_is_to_however_it_is_cut_and_nothing_else() -> None:
    text = b"{" + SAID + b"} and noti" + SAID[:-1] + b"}"
    for cut in range(len(text)):
        first, held = swallowed(text[:cut])
        second, rest = swallowed(held + text[cut:])
        assert first + second + rest == text.replace(SAID, HEARD)
