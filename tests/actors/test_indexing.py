"""Making the search index: beside everything else, missing nothing, and saying so as long as it is not there."""

import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from taskactors.actors import indexing, words
from taskactors.actors.refusals import SearchBroken, SearchNotReady
from taskactors.actors.search_index import BEHIND_LIMIT
from taskactors.actors.words import Words
from taskactors.board.knowledge import Document
from tests.actors.team import Team, in_place, team

TASKS = 120

SLICE = 4


async def fill(on: Team, tasks: int = TASKS) -> None:
    for number in range(1, tasks + 1):
        await on.call("ada", "create_task", code=f"T-{number:03}", name="n", description="heron")


async def all_found(on: Team, query: str) -> list[str]:
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await on.call("ada", "search", query=query, limit=100, **cursor)
        seen += [each["code"] for each in page["items"]]
        if "next_cursor" not in page:
            return sorted(seen)
        cursor = {"cursor": page["next_cursor"]}


def files_of_sqlite() -> list[Path]:
    links = {fd: os.readlink(fd) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()}
    return [fd for fd, link in links.items() if "etilqs_" in link]


def counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The slices as they are put in, each by how many documents it has."""
    put, slices = Words.put, list[int]()

    def counted(self: Words, documents: Any) -> None:
        slices.append(len(documents))
        put(self, documents)

    monkeypatch.setattr(Words, "put", counted)
    return slices


async def test_others_have_their_turn_after_every_slice(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "SLICE", SLICE)
    slices = counting(monkeypatch)
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await fill(on)
        while_it_was_made: list[int] = []

        async def ask_meanwhile() -> None:
            while len(slices) < TASKS // SLICE:
                before = len(slices)
                await on.call("bob", "get_task_by_code", code="T-001")
                while_it_was_made.append(len(slices) - before)

        nursery.start_soon(ask_meanwhile)
        assert len(await all_found(on, "heron")) == TASKS
        assert slices == [SLICE] * (TASKS // SLICE)
        assert len(while_it_was_made) >= 5, "calls were answered while the index was made"
        assert max(while_it_was_made) <= 8, "the turns of one call: router, desk, store and back"


async def test_what_changes_while_it_is_made_is_found_once_as_it_is_now(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "SLICE", SLICE)
    slices, changed = 0, set[str]()

    async def change(on: Team, *numbers: int) -> None:
        for number in numbers:
            await on.call("bob", "update_task", code=f"T-{number:03}", description="stork")
            await on.call("bob", "create_task", code=f"N-{slices}-{number}", name="n", description="stork")
            changed.update((f"T-{number:03}", f"N-{slices}-{number}"))

    async def with_changes(work: Callable[..., Any], *given: Any) -> Any:
        nonlocal slices
        if work is Words.put:
            slices += 1
            if slices in (1, 10, TASKS // SLICE):
                # Those that were in first, those that were read just now and are in hand, those to come, and new ones.
                in_hand = slices * SLICE
                await change(on, 1, in_hand, min(TASKS, in_hand + 1), TASKS)
        return await in_place(work, *given)

    async with trio.open_nursery() as nursery, team(nursery, threads=lambda: with_changes) as on:
        await fill(on)
        await all_found(on, "heron")
        assert slices >= TASKS // SLICE
        assert await all_found(on, "stork") == sorted(changed)
        assert len(await all_found(on, "heron")) == TASKS - sum(code.startswith("T-") for code in changed)


async def test_a_search_that_comes_too_early_says_how_far_the_index_is_and_holds_up_nobody(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "SLICE", SLICE)

    async def slowly(work: Callable[..., Any], *given: Any) -> Any:
        if work is Words.put:
            await trio.sleep(1)
        return await in_place(work, *given)

    async with trio.open_nursery() as nursery, team(nursery, threads=lambda: slowly) as on:
        await fill(on)
        refused: list[SearchNotReady] = []

        async def search() -> None:
            with pytest.raises(SearchNotReady) as no:
                await on.call("ada", "search", query="heron")
            refused.append(no.value)

        began = trio.current_time()
        async with trio.open_nursery() as many:
            for _ in range(8):
                many.start_soon(search)
            await wait_all_tasks_blocked()
            await on.call("bob", "get_workspace_manifest", ai_tool_type="claude-code")
            assert trio.current_time() == began, "who waits for the index keeps nobody from the desk"
        assert trio.current_time() - began == pytest.approx(indexing.WITHIN_S)
        no = refused[0]
        assert no.left > 0
        assert no.put_in + no.left == TASKS
        assert f"{no.put_in} tasks, messages and entries" in no.cause()
        await trio.sleep(no.retry_after_ms / 1000)
        assert len(await all_found(on, "heron")) == TASKS


async def test_a_project_that_nobody_searches_keeps_nothing_for_it(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await fill(on, 20)
        index = on.projects.running()["default"].indexing.index
        assert not index.begun
        assert index.left == index.heard == 0


async def test_many_changes_are_put_in_without_a_search_once_there_was_one(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await all_found(on, "heron")
        await fill(on, 600)
        await wait_all_tasks_blocked()
        assert on.projects.running()["default"].indexing.index.left <= BEHIND_LIMIT


async def test_a_redacted_secret_leaves_the_index_without_a_search(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as on:
        await on.call("ada", "create_task", code="T-1", name="n", description="log in with hunter2")
        await all_found(on, "hunter2")
        await on.call(None, "admin.redact", text="hunter2")
        await wait_all_tasks_blocked()
        assert on.projects.running()["default"].indexing.index.words.find("hunter2", (), 0, 10) == []


async def test_the_index_goes_on_after_a_crash_of_the_store(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "SLICE", SLICE)

    async def slowly(work: Callable[..., Any], *given: Any) -> Any:
        if work is Words.put:
            await trio.sleep(0.1)
        return await in_place(work, *given)

    async with trio.open_nursery() as nursery, team(nursery, threads=lambda: slowly) as on:
        await fill(on)
        found: list[str] = []

        async def search() -> None:
            found.extend(await all_found(on, "heron"))

        async with trio.open_nursery() as meanwhile:
            meanwhile.start_soon(search)
            await trio.sleep(1)
            assert not on.projects.running()["default"].indexing.index.has(0), "it is being made"
            await on.crash("store")
        assert len(found) == TASKS


async def test_without_room_for_the_index_a_search_is_refused_in_words_and_the_next_makes_it_anew(autojump_clock: MockClock) -> None:
    troubles = [sqlite3.OperationalError("database or disk is full")]

    async def full(work: Callable[..., Any], *given: Any) -> Any:
        if work is Words.put and troubles:
            raise troubles.pop()
        return await in_place(work, *given)

    async with trio.open_nursery() as nursery, team(nursery, threads=lambda: full) as on:
        await fill(on, 10)
        with pytest.raises(SearchBroken):
            await on.call("ada", "search", query="heron")
        assert len(await all_found(on, "heron")) == 10


def test_the_file_of_words_is_on_the_disk_without_a_name_for_this_process_alone() -> None:
    table = Words()
    for number in range(20):
        table.put([Document("tasks", number * 100 + each, "t", f"w{number}x{each} " * 2_000) for each in range(1, 101)])
    opened = files_of_sqlite()
    assert opened, "what does not fit in memory is on the disk"
    for fd in opened:
        status = fd.stat()
        assert stat.S_IMODE(status.st_mode) == 0o600
        assert status.st_nlink == 0, "it has no name by which anybody could open it, or find it after a crash"
    table.close()
    assert files_of_sqlite() == []


def test_of_a_word_that_is_everywhere_the_newest_of_every_kind_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "RANKED", 3)
    table = Words()
    table.put([Document("tasks", number, "t", "heron") for number in range(1, 11)])
    table.put([Document("knowledge", 1, "old but of another kind", "heron")])
    found = [match[:2] for match in table.find("heron", (), 0, 100)]
    assert sorted(found) == [("knowledge", 1), ("tasks", 8), ("tasks", 9), ("tasks", 10)]
    assert [match[:2] for match in table.find("heron", ("tasks",), 1, 1)] == [("tasks", 9)]
    table.close()
