"""Backups: made when it is time, checked before they count, and old ones only go when a newer one is there."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from attrs import Factory, define
from trio.testing import MockClock

from taskactors.actors.backups import AGAIN_AFTER_S, FIRST_AFTER_S, UNFINISHED, Backups, BackupSettings, there_are
from taskactors.actors.clock import Clock
from taskactors.actors.refusals import BackupFailed
from taskactors.board.checked import Checked
from taskactors.storage.errors import EngineFault
from taskactors.storage.lmdb_file import DATA_FILE
from tests.actors.team import in_place, team

DAY = 24 * 3600.0


@define
class CopyingStore:
    """Copies a file of one line, or fails as often as it is told to."""

    failures: int = 0
    asked: list[float] = Factory(list)

    async def ask(self, order: Any, within_s: float) -> None:
        self.asked.append(trio.current_time())
        await trio.sleep(1)
        order.folder.mkdir(parents=True)
        (order.folder / DATA_FILE).write_text("data")
        if self.failures:
            self.failures -= 1
            raise EngineFault("the disk is full")


def whole(folder: Path, wanted: Callable[[], bool]) -> Checked:
    assert wanted()
    return Checked((), 7)


def backups(tmp_path: Path, store: CopyingStore, check: Any = whole, every_s: float = DAY, keep: int = 3) -> Backups:
    settings = BackupSettings(folder=tmp_path / "backups", every_s=every_s, keep=keep)
    return Backups(settings, store, Clock(), in_place, check)  # type: ignore[arg-type]


async def test_a_backup_is_made_within_the_first_hour_then_every_day_and_so_many_are_kept(
    autojump_clock: MockClock, tmp_path: Path, nursery: trio.Nursery
) -> None:
    store = CopyingStore()
    made = backups(tmp_path, store)
    nursery.start_soon(made.keep_making)
    await trio.sleep(FIRST_AFTER_S + 10)
    assert len(there_are(tmp_path / "backups")) == len(store.asked) == 1
    first = there_are(tmp_path / "backups")[0]
    for _ in range(4):
        await trio.sleep(DAY - 3600)
        await trio.sleep(3700)
    assert len(store.asked) == 5
    kept = there_are(tmp_path / "backups")
    assert len(kept) == 3
    assert first not in kept
    nursery.cancel_scope.cancel()


async def test_a_restarted_server_goes_on_where_the_newest_backup_ended(
    autojump_clock: MockClock, tmp_path: Path, nursery: trio.Nursery
) -> None:
    store = CopyingStore()
    await backups(tmp_path, store).make()
    nursery.start_soon(backups(tmp_path, store).keep_making)
    await trio.sleep(DAY - 3600)
    assert len(store.asked) == 1
    await trio.sleep(2 * 3600)
    assert len(store.asked) == 2
    nursery.cancel_scope.cancel()


async def test_a_restarted_server_knows_how_old_the_newest_backup_is(
    autojump_clock: MockClock, tmp_path: Path, nursery: trio.Nursery
) -> None:
    await backups(tmp_path, CopyingStore()).make()
    made_at = there_are(tmp_path / "backups")[0].stat().st_mtime
    again = backups(tmp_path, CopyingStore())
    assert again.last is None
    nursery.start_soon(again.keep_making)
    await trio.testing.wait_all_tasks_blocked()
    assert again.last == pytest.approx(made_at * 1000, abs=1)


async def test_a_failure_is_said_leaves_nothing_and_is_tried_again(
    autojump_clock: MockClock, tmp_path: Path, nursery: trio.Nursery
) -> None:
    store = CopyingStore(failures=2)
    made = backups(tmp_path, store)
    nursery.start_soon(made.keep_making)
    await trio.sleep(FIRST_AFTER_S + 10)
    assert made.shown() == {"fault": "the disk is full"}
    assert list((tmp_path / "backups").iterdir()) == []
    await trio.sleep(2 * AGAIN_AFTER_S + 10)
    assert made.shown().keys() == {"last"}
    assert len(store.asked) == 3
    nursery.cancel_scope.cancel()


async def test_a_copy_that_is_not_whole_does_not_count_and_costs_no_older_one(autojump_clock: MockClock, tmp_path: Path) -> None:
    store = CopyingStore()
    await backups(tmp_path, store, keep=1).make()
    kept = there_are(tmp_path / "backups")
    broken = backups(tmp_path, store, check=lambda folder, wanted: Checked(("a page is gone",), 0), keep=1)
    with pytest.raises(BackupFailed) as no:
        await broken.make()
    assert "a page is gone" in str(no.value)
    assert there_are(tmp_path / "backups") == kept
    assert list((tmp_path / "backups").iterdir()) == kept


async def test_two_at_once_are_made_one_after_the_other_and_both_are_there(autojump_clock: MockClock, tmp_path: Path) -> None:
    store = CopyingStore()
    made = backups(tmp_path, store)
    async with trio.open_nursery() as both:
        both.start_soon(made.make)
        both.start_soon(made.make)
    assert len(there_are(tmp_path / "backups")) == 2
    assert store.asked[1] - store.asked[0] >= 1


async def test_one_that_was_asked_for_elsewhere_is_not_counted_among_the_kept(autojump_clock: MockClock, tmp_path: Path) -> None:
    made = backups(tmp_path, CopyingStore(), keep=1)
    await made.make()
    answer = await made.make(tmp_path / "elsewhere")
    assert answer["path"].startswith(str(tmp_path / "elsewhere"))
    assert (answer["events"], len(there_are(tmp_path / "backups"))) == (7, 1)
    assert (answer["bytes"], answer["sha256"]) == (4, sha256(b"data").hexdigest())


async def test_nothing_that_is_no_backup_is_ever_removed_and_what_was_left_half_made_is(autojump_clock: MockClock, tmp_path: Path) -> None:
    made = backups(tmp_path, CopyingStore(), keep=1)
    (tmp_path / "backups" / "00-mine").mkdir(parents=True)
    (tmp_path / "backups" / f"{UNFINISHED}20200101T000000Z").mkdir()
    for _ in range(3):
        await made.make()
    assert len(there_are(tmp_path / "backups")) == 1
    assert {each.name for each in (tmp_path / "backups").iterdir()} == {"00-mine", there_are(tmp_path / "backups")[0].name}


async def test_never_means_never(autojump_clock: MockClock, tmp_path: Path) -> None:
    store = CopyingStore()
    await backups(tmp_path, store, every_s=0).keep_making()
    assert store.asked == []


async def test_an_engine_without_files_and_a_server_without_a_place_say_so(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        with pytest.raises(BackupFailed) as no:
            await of.call(None, "admin.backup")
        assert "no place" in str(no.value)
        with pytest.raises(BackupFailed) as no:
            await of.call(None, "admin.backup", to=str(tmp_path / "here"))
        assert "no file" in str(no.value)
        assert (await of.call(None, "health_check"))["status"] == "healthy"


async def test_a_server_whose_own_backups_fail_is_not_healthy_and_says_why(autojump_clock: MockClock, tmp_path: Path) -> None:
    settings = BackupSettings(folder=tmp_path / "backups", every_s=DAY, keep=3)
    async with trio.open_nursery() as nursery, team(nursery, backups=settings) as of:
        assert (await of.call(None, "health_check"))["status"] == "healthy"
        await trio.sleep(FIRST_AFTER_S + 10)
        health = await of.call(None, "health_check")
        assert health["status"] == "unhealthy"
        assert "no file" in health["backup"]["fault"]


async def test_a_store_that_fails_under_a_backup_ends_it_at_once_and_serves_on(autojump_clock: MockClock, tmp_path: Path) -> None:
    begun = trio.Event()

    async def stuck_when_copying(work: Callable[..., Any], *arguments: Any) -> Any:
        if getattr(work, "__name__", "") == "copy":
            begun.set()
            await trio.sleep_forever()
        return await in_place(work, *arguments)

    def fails(commit: Callable[[], None]) -> None:
        raise EngineFault("planted")

    async with trio.open_nursery() as nursery, team(nursery, threads=lambda: stuck_when_copying) as of:
        began = trio.current_time()

        async def backed_up() -> None:
            with pytest.raises(BackupFailed):
                await of.call(None, "admin.backup", to=str(tmp_path / "here"))

        async with trio.open_nursery() as calling:
            calling.start_soon(backed_up)
            with trio.fail_after(60):
                await begun.wait()
            of.engine.troubles.append(fails)
            await of.call(None, "create_task", code="T-1", name="n", description="d")
        assert trio.current_time() - began < 5
        assert of.engine.opened == 2
