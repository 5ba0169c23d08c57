"""Auditing: damage in the stored state is found while the project works, said once and loudly, and a clean store never alarms."""

import json
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors.auditing import CHECK, EVERY_S
from taskactors.board import layout
from taskactors.storage.engine import Transaction, Unit
from taskactors.storage.keys import key
from taskactors.storage.on_lmdb import open_lmdb
from tests.actors.team import Team, team
from tests.support.batches import write

SOON_S = EVERY_S + 10


def tampered(of: Team, unit: Unit) -> None:
    """Behind the back of every rule."""
    write(of.engine.inner, [unit], 0, b"tampered")


async def worked(of: Team) -> None:
    await of.call("ada", "create_task", code="T-1", name="n", description="d")
    await of.call("ada", "create_task", code="T-2", name="n", description="d", depends_on=["T-1"])
    await of.call("ada", "claim_task", code="T-1", lease_s=86_400)
    await of.call("ada", "send_message", to="bob", content="look")
    await of.call("ada", "reserve_files", patterns=["src/**"], code="T-1", fence=1)


async def health(of: Team) -> tuple[str, list[str]]:
    found = await of.call(None, "health_check")
    return found["status"], found.get("broken_rules", [])


DAMAGE: dict[str, Unit] = {
    "an index entry that is gone": lambda change: change.delete(key("owner", "ada", 1)),
    "an index entry of nothing": lambda change: change.put(key("state", "Done", 9), b""),
    "an event that is gone": lambda change: change.delete(layout.event(2)),
    "a counter that is wrong": lambda change: change.put(layout.state_count("Created"), (5).to_bytes(8, "big")),
    "an answer that is kept for ever": lambda change: change.put(layout.reply("ada", "claim_task", "k"), b""),
    "a lane that is gone": lambda change: change.put(key("lane", "x", "", ""), b""),
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_damage_is_found_within_minutes_and_said_once_everywhere(autojump_clock: MockClock, damage: str) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await worked(of)
        await trio.sleep(SOON_S)
        assert await health(of) == ("healthy", [])
        tampered(of, DAMAGE[damage])
        await of.call("ada", "send_message", to="bob", content="something is committed")
        await trio.sleep(2 * SOON_S)
        status, broken = await health(of)
        assert (status, bool(broken)) == ("unhealthy", True)
        assert (await of.call(None, "get_project_overview"))["broken_rules"] == broken
        for _ in range(3):
            await of.call("ada", "send_message", to="bob", content="and again")
            await trio.sleep(SOON_S)
        said = (await of.call(None, "get_changes", cursor="latest", limit=100, kinds=["audit_failed"]))["items"]
        assert len(said) == 1
        assert said[0]["data"]["count"] == len(broken)


async def test_what_was_mended_is_healthy_again(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await worked(of)
        stray = key("state", "Done", 9)
        tampered(of, lambda change: change.put(stray, b""))
        await trio.sleep(SOON_S)
        assert (await health(of))[0] == "unhealthy"
        tampered(of, lambda change: change.delete(stray))
        await of.call("ada", "send_message", to="bob", content="something is committed")
        await trio.sleep(2 * SOON_S)
        assert (await health(of))[0] == "healthy"


async def test_a_project_in_which_nothing_happens_is_not_audited_again(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        await of.call("ada", "create_task", code="T-1", name="n", description="d")
        await trio.sleep(10 * SOON_S)
        auditing = of.projects.running()["default"].auditing
        assert auditing.audits == 1
        await trio.sleep(100 * SOON_S)
        assert auditing.audits == 1


async def test_an_audit_that_cannot_be_made_is_tried_again(autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch) -> None:
    async with trio.open_nursery() as nursery, team(nursery) as of:
        auditing = of.projects.running()["default"].auditing
        with monkeypatch.context() as broken:
            broken.setattr(type(of.engine), "examine", lambda *_: 1 // 0)
            await worked(of)
            await trio.sleep(SOON_S)
        await of.call("ada", "send_message", to="bob", content="something is committed")
        await trio.sleep(2 * SOON_S)
        assert auditing.audits == 1
        assert await health(of) == ("healthy", [])


def test_a_store_in_use_is_examined_by_another_process_as_it_is_at_that_moment(tmp_path: Path) -> None:
    engine = open_lmdb(tmp_path / "store")

    def put(transaction: Transaction) -> None:
        transaction.put(key("state", "Done", 9), b"")

    assert engine.examine(CHECK, lambda: True) == []
    write(engine, [put], 0, b"a batch")
    assert json.dumps(engine.examine(CHECK, lambda: True)).count("state") == 1
    engine.close()
