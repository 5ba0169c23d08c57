"""Clients that share no code with the server work a full day on it, each from its own SDK, with a token, on every way and in every era."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.board import guarded
from tests.clients.day import Day
from tests.clients.errands import NEEDED, run_errands
from tests.clients.matrix import ROWS, Row

Noted = Callable[[str, object], None]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("row", [pytest.param(row, id=row.name, marks=[] if row.core else pytest.mark.long) for row in ROWS])
async def test_a_client_works_a_full_day(row: Row, tmp_path: Path, record_property: Noted) -> None:
    record_property("row", (row.client, row.way, row.era))
    with guarded(tmp_path) as board:
        async with row.team(row, board, tmp_path) as team:
            record_property("client", team.met.client)
            day = Day(team.backend, team.qa, passed=lambda step: record_property("passed", step))
            await day.connect(team.met, row.era, NEEDED)
            await day.create()
            await day.claim()
            await day.message()
            await day.wait()
            if team.ears is not None:
                await day.push(team.ears)
            await day.finish()
            if team.ears is not None:
                await run_errands(team.backend, team.qa)
                day.passed("errands")
