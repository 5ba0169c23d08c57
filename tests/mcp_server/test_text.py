"""Text: whatever characters stand wherever in an argument, the call is answered, and the text comes back as it was."""

import pytest

from taskactors.actors.arguments import Arguments
from taskactors.actors.tools import TOOLS
from tests.support.fake_front import FakeFront, calling, connected, serving

WIDE = ("é", "数", "🦉", "👩‍💻", "\u0301", "\u202e", "\x00", "\ufffd")
"""Two, three and four bytes, several in one, and some that stand for nothing or turn what follows around."""


@pytest.mark.parametrize("wide", WIDE, ids=ascii)
async def test_a_wide_character_at_any_place_of_an_argument_breaks_nothing(wide: str) -> None:
    front = FakeFront()
    async with serving(front) as (url, _), connected(url) as peer:
        for before in range(70):
            text = "x" * before + wide * 20
            answer = await peer.ask(calling("send_message", {"to": "all", "content": text}))
            assert answer["result"]["structuredContent"]["content"] == text


@pytest.mark.parametrize("wide", WIDE, ids=ascii)
async def test_a_refusal_that_repeats_wide_text_in_part_is_answered_too(wide: str) -> None:
    checks = Arguments(TOOLS["set_task_state"].request)

    async def refuse(arguments: object) -> dict[str, object]:
        assert isinstance(arguments, dict)
        checks.structure(arguments, "set_task_state")
        raise AssertionError("these arguments are wrong")

    async with serving(FakeFront({"set_task_state": refuse})) as (url, _), connected(url) as peer:
        for before in range(70):
            wrong = "x" * before + wide * 20
            answer = await peer.ask(calling("set_task_state", {"code": "T-1", "state": wrong, wrong: 1}))
            assert answer["result"]["isError"]
            assert "state: " in answer["result"]["content"][0]["text"]
