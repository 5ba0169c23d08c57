"""Search and knowledge: what the team wrote is found by its words, by those who may read it, from the moment it is there."""

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors.words import as_expression
from taskactors.domain.errors import InvalidArguments, NotFound
from tests.actors.team import Team, team


async def found(on: Team, who: str | None, query: str, **given: Any) -> list[tuple[str, str]]:
    items = (await on.call(who, "search", query=query, **given))["items"]
    return [(each["in"], str(each.get("code") or each.get("title") or each["id"])) for each in items]


async def test_tasks_messages_and_knowledge_are_found_by_their_words(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await on.call("ada", "create_task", code="T-1", name="Shorten links", description="a table of addresses")
        await on.call("ada", "create_task_message", task_code="T-1", message_type="comment", content="mind the address index")
        await on.call(
            "ada", "add_knowledge", title="Addresses are normalised", body="before they are hashed", kind="decision", tags=["url"]
        )
        assert await found(on, "bob", "addresses") == [("knowledge", "Addresses are normalised"), ("tasks", "T-1")]
        assert await found(on, "bob", "address*", within=["messages"]) == [("messages", "T-1")]
        assert await found(on, "bob", "links table") == [("tasks", "T-1")], "all words have to be there"
        assert await found(on, "bob", "url") == [("knowledge", "Addresses are normalised")]
        assert await found(on, "bob", "nothing-like-it") == []


async def test_what_changes_is_found_as_it_is_now(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await on.call("ada", "create_task", code="T-1", name="n", description="herons")
        assert await found(on, "ada", "herons") == [("tasks", "T-1")]
        await on.call("ada", "update_task", code="T-1", description="storks", add_note="seen at dawn")
        assert await found(on, "ada", "herons") == []
        assert await found(on, "ada", "storks dawn") == [("tasks", "T-1")]


async def test_nobody_finds_what_they_may_not_read(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await on.call("ada", "send_message", to="bob", content="the secret is heron")
        await on.call("ada", "add_knowledge", title="mine", body="a heron of my own", visibility="private")
        assert len(await found(on, "ada", "heron")) == 2
        assert await found(on, "bob", "heron", within=["knowledge"]) == []
        assert len(await found(on, "bob", "heron")) == 1
        assert await found(on, "cleo", "heron") == []
        assert len(await found(on, None, "heron")) == 2, "people may"


async def test_the_index_is_made_anew_from_the_store(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        for number in range(30):
            await on.call("ada", "create_task", code=f"T-{number}", name="n", description=f"bird {number}")
        project = on.projects.running()["default"]
        assert len(await found(on, "ada", "bird", limit=100)) == 30
        project.indexing.index.start_afresh()
        assert len(await found(on, "ada", "bird", limit=100)) == 30


async def test_matches_come_a_page_at_a_time_each_once(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        for number in range(7):
            await on.call("ada", "create_task", code=f"T-{number}", name="n", description="bird")
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = await on.call("ada", "search", query="bird", limit=3, **cursor)
            seen += [each["code"] for each in page["items"]]
            if "next_cursor" not in page:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert sorted(seen) == [f"T-{number}" for number in range(7)]
        with pytest.raises(InvalidArguments, match="cursor"):
            await on.call("ada", "search", query="bird", cursor="t3")


async def test_what_is_known_of_a_task_comes_with_it(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await on.call("ada", "create_task", code="T-1", name="n", description="d")
        await on.call("ada", "add_knowledge", title="use the pool", body="one connection is too slow", code="T-1", kind="decision")
        await on.call("ada", "add_knowledge", title="mine", body="x", code="T-1", visibility="private")
        context = (await on.call("bob", "next_task"))["context"]
        assert [each["title"] for each in context["knowledge"]] == ["use the pool"]


async def test_an_answer_belongs_to_an_entry_that_its_author_may_see(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        asked = await on.call("ada", "add_knowledge", title="why?", body="b", kind="question")
        hidden = await on.call("ada", "add_knowledge", title="mine", body="b", visibility="private")
        answer = await on.call("bob", "add_knowledge", title="because", body="b", kind="answer", reply_to=asked["id"])
        assert answer["reply_to"] == asked["id"]
        for number in (hidden["id"], 99):
            with pytest.raises(NotFound):
                await on.call("bob", "add_knowledge", title="t", body="b", reply_to=number)


@pytest.mark.parametrize(
    ("query", "expression"),
    [
        ("two words", '"two" "words"'),
        ("begin*", '"begin"*'),
        ('a" OR "b', '"a" "OR" "b"'),
        ("title:x NEAR(y)", '"title" "x" "NEAR" "y"'),
        ("Größe 数据库", '"Größe" "数据库"'),
        ("-* ()", ""),
    ],
)
def test_nothing_in_a_query_is_an_operator(query: str, expression: str) -> None:
    assert as_expression(query) == expression
