"""Projects made by naming them: as many as the limit, and one more is refused, makes nothing and costs nobody theirs."""

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors.projects import PROJECTS_LIMIT
from taskactors.actors.refusals import NoSuchProject
from tests.actors.team import team


async def test_there_are_so_many_projects_and_each_of_them_goes_on(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as us:
        names = ["default", *(f"project-{number}" for number in range(1, PROJECTS_LIMIT))]
        for name in names:
            await us.call("ada", "list_tasks", project=name)
        with pytest.raises(NoSuchProject) as no:
            await us.call("ada", "list_tasks", project="one-more")
        assert str(PROJECTS_LIMIT) in no.value.cause()
        assert set(us.engines) == set(names)
        for name in names:
            await us.call("ada", "create_task", project=name, code="T", name="n", description="d")
