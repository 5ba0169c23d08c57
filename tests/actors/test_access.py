"""Access: a token lets exactly its holder in, for its time, and nothing that is kept lets anybody in."""

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from attrs import Factory, define

from taskactors.actors.access import USE_KEPT_EVERY_S, Access, Asked
from taskactors.actors.refusals import TooManyTokens
from taskactors.board.requests.tokens import AddToken, ListTokens, RevokeToken
from taskactors.domain.errors import NotFound
from taskactors.domain.token import LOCAL_ID, Scope
from taskactors.runtime import Child, RestartBudget, Supervisor
from taskactors.runtime.observe import silent
from taskactors.storage.errors import Exposed
from taskactors.storage.token_file import LOCAL_FILE, TOKENS_FILE, BadTokens


@define
class Time:
    """The time of day, which passes only when a test says so."""

    now: int = 1_790_000_000_000

    def __call__(self) -> int:
        return self.now


@define(eq=False)
class Keeper:
    """Access as its askers see it."""

    access: Access
    time: Time
    revoked: list[str] = Factory(list)

    async def ask(self, request: AddToken | ListTokens | RevokeToken) -> dict[str, Any]:
        return dict(await self.access.answer(Asked(request, "local")))

    async def add(self, name: str = "ada", **more: Any) -> str:
        return str((await self.ask(AddToken(name=name, **more)))["token"])


@pytest.fixture
def keeper(tmp_path: Path) -> Keeper:
    return opened(tmp_path, Time())


async def at_once(work: Callable[..., Any], *arguments: Any) -> Any:
    """A disk that takes no time: the clock would jump over whatever a thread does."""
    return work(*arguments)


def opened(folder: Path, time: Time) -> Keeper:
    access = Access(folder, time)
    access.load()
    keeper = Keeper(access, time)
    access.watch(keeper.revoked.append)
    return keeper


async def test_a_token_is_its_holders_with_what_it_allows(keeper: Keeper) -> None:
    secret = await keeper.add("ada", scope=Scope.READ, projects=("web", "api"), role="qa")
    token = keeper.access.holder(secret)
    assert token is not None
    assert (token.name, token.scope, token.projects, token.role) == ("ada", Scope.READ, ("api", "web"), "qa")
    assert (token.may_enter("web"), token.may_enter("default"), token.may_act_for_others) == (True, False, False)


async def test_nothing_but_the_token_itself_lets_anybody_in(keeper: Keeper) -> None:
    secret = await keeper.add()
    token = keeper.access.holder(secret)
    assert token is not None
    for other in ("", secret[:-1], secret + "A", secret.upper(), token.id, token.name, token.digest):
        assert keeper.access.holder(other) is None


async def test_what_is_kept_on_disk_has_no_token_in_it_and_is_closed_to_others(keeper: Keeper) -> None:
    secret = await keeper.add()
    file = keeper.access.folder / TOKENS_FILE
    _, _, chance = secret.split("_", 2)  # and no further: what is drawn may hold an underscore itself
    assert chance not in file.read_text()
    for each in (file, keeper.access.folder / LOCAL_FILE):
        assert stat.S_IMODE(each.stat().st_mode) == 0o600


async def test_a_token_is_good_after_a_restart_and_a_revoked_one_is_not(keeper: Keeper) -> None:
    kept, gone = await keeper.add("ada"), await keeper.add("bob")
    await keeper.ask(RevokeToken(id="bob"))
    again = opened(keeper.access.folder, keeper.time)
    assert again.access.holder(kept) is not None
    assert again.access.holder(gone) is None


async def test_a_revoked_token_is_worthless_at_once_and_those_who_let_it_in_are_told(keeper: Keeper) -> None:
    secret = await keeper.add()
    token = keeper.access.holder(secret)
    assert token is not None
    await keeper.ask(RevokeToken(id=token.id))
    assert keeper.access.holder(secret) is None
    assert keeper.revoked == [token.id]
    with pytest.raises(NotFound):
        await keeper.ask(RevokeToken(id=token.id))


async def test_there_are_so_many_tokens_and_a_revoked_one_makes_room(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taskactors.actors.access.TOKENS_LIMIT", 3)
    secrets = [await keeper.add(), await keeper.add()]
    before = (keeper.access.folder / TOKENS_FILE).read_bytes()
    with pytest.raises(TooManyTokens) as no:
        await keeper.add()
    assert (no.value.limit, no.value.cause()) == (3, "there are 3 tokens already")
    assert (keeper.access.folder / TOKENS_FILE).read_bytes() == before
    assert all(keeper.access.holder(secret) for secret in secrets)
    await keeper.ask(RevokeToken(id="ada"))
    await keeper.add()


async def test_revoking_by_name_revokes_every_token_of_that_holder_and_no_other(keeper: Keeper) -> None:
    mine, also_mine, other = await keeper.add("ada"), await keeper.add("ada"), await keeper.add("ada-2")
    assert len((await keeper.ask(RevokeToken(id="ada")))["items"]) == 2
    assert [keeper.access.holder(each) is None for each in (mine, also_mine, other)] == [True, True, False]


async def test_the_token_of_this_machine_is_there_from_the_first_start_and_can_be_made_anew(keeper: Keeper) -> None:
    file = keeper.access.folder / LOCAL_FILE
    first = file.read_text().strip()
    local = keeper.access.holder(first)
    assert local is not None
    assert local.may_act_for_others
    assert opened(keeper.access.folder, keeper.time).access.holder(first) is not None
    await keeper.ask(RevokeToken(id=LOCAL_ID))
    assert keeper.access.holder(first) is None
    assert keeper.access.holder(file.read_text().strip()) is not None
    assert keeper.revoked == [LOCAL_ID]


async def test_what_is_shown_of_a_token_lets_nobody_in(keeper: Keeper) -> None:
    secret = await keeper.add("ada", expires_s=60)
    token = keeper.access.holder(secret)
    assert token is not None
    shown = str(await keeper.ask(ListTokens()))
    assert "ada" in shown
    assert secret not in shown
    assert token.digest not in shown


@pytest.mark.parametrize("name", [TOKENS_FILE, LOCAL_FILE])
async def test_a_file_that_others_can_read_or_that_is_damaged_lets_nobody_in(keeper: Keeper, name: str) -> None:
    await keeper.add()
    file = keeper.access.folder / name
    file.chmod(0o640)
    with pytest.raises(Exposed, match=name):
        opened(keeper.access.folder, keeper.time)
    file.chmod(0o600)
    file.write_text(file.read_text()[:20])
    with pytest.raises(BadTokens, match=name):
        opened(keeper.access.folder, keeper.time)


async def test_a_token_that_could_not_be_written_was_not_made(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(5, "input/output error")

    monkeypatch.setattr("taskactors.actors.access.write_tokens", full)
    before = await keeper.ask(ListTokens())
    with pytest.raises(OSError, match="input/output"):
        await keeper.add()
    assert await keeper.ask(ListTokens()) == before


async def test_a_token_runs_out_on_time_and_those_inside_have_to_go(tmp_path: Path, autojump_clock: trio.testing.MockClock) -> None:
    access = Access(tmp_path, lambda: round(1000 * autojump_clock.current_time()), at_once)
    child = Child("access", access.run, capacity=4, stop_within_s=5, start_within_s=5)
    root = Supervisor("root", [child], RestartBudget(0, 1), silent)
    over: list[str] = []
    access.watch(over.append)
    async with trio.open_nursery() as nursery:
        await nursery.start(root.run)
        made = await root.address("access").ask(Asked(AddToken(name="ada", expires_s=90), "local"), 5)
        await trio.sleep(89)
        assert (access.holder(made["token"]) is not None, over) == (True, [])
        await trio.sleep(2)
        assert (access.holder(made["token"]), over) == (None, [made["id"]])
        await root.stop()


async def test_when_a_token_was_last_used_is_known_after_a_restart(tmp_path: Path, autojump_clock: object) -> None:
    access = Access(tmp_path, off_loop=at_once)
    root = Supervisor("root", [Child("access", access.run, capacity=4, stop_within_s=5, start_within_s=5)], RestartBudget(0, 1), silent)
    async with trio.open_nursery() as nursery:
        await nursery.start(root.run)
        made = await root.address("access").ask(Asked(AddToken(name="ada"), "local"), 5)
        assert access.holder(made["token"]) is not None
        await trio.sleep(USE_KEPT_EVERY_S + 1)
        await root.stop()
    token = opened(tmp_path, Time()).access.holder(made["token"])
    assert token is not None
    assert token.last_used_at is not None


@pytest.mark.parametrize("wrong", [{"name": "Ada"}, {"name": "local"}, {"role": "boss"}, {"role": "qa", "person": True}])
def test_a_token_for_nobody_is_refused(wrong: dict[str, Any]) -> None:
    assert AddToken(**{"name": "ada", **wrong}).problems()
