"""Command ids: no two are the same, also not where one drawing ends and the next begins."""

import re
from itertools import islice

from taskactors.actors.command_ids import AT_ONCE, command_ids


def test_no_two_are_the_same_over_many_drawings() -> None:
    ids = [*islice(command_ids(), 5 * AT_ONCE), *islice(command_ids(), AT_ONCE)]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in ids)
