"""Stories of teams, over real sockets: what goes wrong between agents, and how it ends well."""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import pytest
import trio

from tests.linear.history import History, Recorded
from tests.linear.log import read_log
from tests.linear.witness import check
from tests.support.agent_client import ENVELOPE, Refused, connected
from tests.support.server_process import ServerProcess, running

STORIES = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running(tmp_path_factory.mktemp("stories") / "data") as server:
        yield server


@pytest.fixture
def url(server: ServerProcess) -> str:
    """A project of its own for every story, all on one server, as for teams that share one."""
    return f"{server.ws}/story-{next(STORIES)}"


async def test_two_agents_ask_for_the_last_task_at_the_same_instant(url: str) -> None:
    history = History()
    async with connected(url, "ada") as one, connected(url, "bob") as other, connected(url) as person:
        ada, bob = history.around("ada", one.call), history.around("bob", other.call)
        await ada.call("create_task", code="LAST-1", name="n", description="d")
        answers: list[Mapping[str, object]] = []

        async def asks(me: Recorded) -> None:
            answers.append(await me.call("next_task"))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(asks, ada)
            nursery.start_soon(asks, bob)
        assert sorted("claim" in answer for answer in answers) == [False, True]
        check(history.calls, await read_log(person.call))


async def test_an_agent_dies_holding_two_tasks_and_three_reservations_and_all_come_back(url: str) -> None:
    async with connected(url, "bob") as bob:
        async with connected(url, "ada") as ada:
            for number in (1, 2):
                await ada.call("create_task", code=f"T-{number}", name="n", description="d")
                await ada.call("claim_task", code=f"T-{number}", lease_s=2)
            await ada.call("reserve_files", patterns=["a"], code="T-1", fence=1)
            await ada.call("reserve_files", patterns=["b", "c"], code="T-2", fence=1)
            await ada.call("reserve_files", patterns=["d"], ttl_s=2)
        taken = {(await bob.call("next_task", wait_s=40))["code"] for _ in range(2)}
        assert taken == {"T-1", "T-2"}
        assert (await bob.call("reserve_files", patterns=["a", "b", "c", "d"], wait_s=40))["granted"] is True


async def test_a_zombie_that_wakes_after_its_lease_can_do_nothing_to_its_successor(url: str) -> None:
    async with connected(url, "bob") as bob, connected(url, "zombie") as zombie:
        await bob.call("create_task", code="T-1", name="n", description="d")
        # As if it slept: the claim is made in its name, and the connection of its own says nothing meanwhile.
        async with connected(url) as person:
            await person.call("claim_task", code="T-1", agent_name="sleeper", lease_s=1)
        assert (await bob.call("next_task", wait_s=40))["claim"]["fence"] == 2
        for tool, given in (
            ("complete_task", {"summary": "done"}),
            ("offer_handoff", {"to": "bob", "summary": "s"}),
            ("renew_claim", {}),
            ("report_progress", {"note": "n"}),
        ):
            with pytest.raises(Refused) as no:
                await zombie.call(tool, code="T-1", fence=1, **given)
            assert no.value.code == "stale_claim"
            assert no.value.facts["holder"] == "bob"
        assert (await bob.call("complete_task", code="T-1", fence=2, summary="done"))["state"] == "Done"


async def test_a_call_whose_answer_was_lost_is_repeated_after_a_restart_and_acts_once(tmp_path: Path) -> None:
    history = History()
    with running(tmp_path / "data") as first:
        async with connected(first.ws, "ada") as socket:
            ada = history.around("ada", socket.call)
            await ada.call("create_task", code="T-1", name="n", description="d")
            taken = await ada.call("next_task", idempotency_key="k-1")
        first.kill()
    with running(tmp_path / "data") as second:
        async with connected(second.ws, "ada") as socket, connected(second.ws) as person:
            ada = history.around("ada", socket.call)
            again = await ada.call("next_task", idempotency_key="k-1")
            assert (again["code"], again["claim"]["fence"], again["replayed"]) == ("T-1", taken["claim"]["fence"], True)
            with pytest.raises(Refused) as no:
                await ada.call("next_task", idempotency_key="k-1", role="qa")
            assert no.value.code == "idempotency_key_reused"
            check(history.calls, await read_log(person.call))


async def test_sixteen_agents_append_to_one_task_while_one_edits_it_and_nothing_is_lost(url: str) -> None:
    history = History()
    async with connected(url) as socket:
        person = history.around("local", socket.call)
        await person.call("create_task", code="T-1", name="n", description="0")

        async def appends(name: str) -> None:
            async with connected(url, name) as me:
                recorded = history.around(name, me.call)
                for number in range(5):
                    await recorded.call("update_task", code="T-1", add_note=f"{name} {number}")

        async def edits() -> None:
            done = 0
            while done < 10:
                task = await person.call("get_task_by_code", code="T-1")
                try:
                    await person.call("update_task", code="T-1", description=str(int(task["description"]) + 1), expected_rev=task["rev"])
                    done += 1
                except Refused as no:
                    if no.code != "conflict":
                        raise

        async with trio.open_nursery() as nursery:
            for number in range(16):
                nursery.start_soon(appends, f"agent-{number}")
            nursery.start_soon(edits)
        task = await person.call("get_task_by_code", code="T-1")
        assert task["description"] == "10", "no edit went over another"
        assert {note["text"] for note in task["notes"]} == {f"agent-{agent} {number}" for agent in range(16) for number in range(5)}
        check(history.calls, await read_log(socket.call))


async def test_a_task_is_handed_on_with_what_the_next_needs(url: str) -> None:
    async with connected(url, "ada") as ada, connected(url, "bob") as bob:
        await ada.call("create_task", code="T-1", name="n", description="d")
        await ada.call("claim_task", code="T-1")
        offered = await ada.call("offer_handoff", code="T-1", fence=1, to="bob", summary="half", next_steps="the other half")
        (message,) = (await bob.call("read_inbox", wait_s=20))["items"]
        assert "the other half" in message["content"]
        taken = await bob.call("answer_handoff", handoff_id=offered["handoff_id"], accept=True)
        assert (taken["claim"]["agent"], taken["claim"]["fence"]) == ("bob", 2)
        with pytest.raises(Refused):
            await ada.call("complete_task", code="T-1", fence=1, summary="s")


async def test_a_message_to_a_role_reaches_whoever_comes_next_once(url: str) -> None:
    async with connected(url, "ada") as ada:
        await ada.call("send_message", to="role:qa", content="please look")
        async with connected(url, "quinn") as quinn:
            await quinn.call("register_agent", agent_name="quinn", agent_type="qa", role="qa", capabilities=[])
            page = await quinn.call("read_inbox")
            assert [each["content"] for each in page["items"]] == ["please look"]
            assert (await quinn.call("read_inbox", cursor=page["next_cursor"]))["items"] == []


async def test_a_task_that_fails_three_times_is_put_aside_until_a_person_kicks_it(url: str) -> None:
    async with connected(url, "ada") as ada, connected(url) as person:
        await ada.call("create_task", code="T-1", name="n", description="d")
        for failure in ("capability_mismatch", "context_overflow", "invalid_requirements"):
            fence = (await ada.call("claim_task", code="T-1"))["claim"]["fence"]
            await ada.call("release_task", code="T-1", fence=fence, failure=failure)
        assert (await ada.call("get_task_by_code", code="T-1"))["state"] == "Quarantined"
        with pytest.raises(Refused) as no:
            await ada.call("set_task_state", code="T-1", state="Created", reason="again")
        assert no.value.code == "not_allowed"
        await person.call("set_task_state", code="T-1", state="Created", reason="the requirements are clear now")
        assert (await ada.call("next_task"))["code"] == "T-1"


async def test_work_too_big_for_one_is_split_and_its_parent_completes_by_itself(url: str) -> None:
    async with connected(url, "ada") as ada, connected(url, "bob") as bob:
        await ada.call("create_task", code="BIG-1", name="n", description="d")
        await ada.call("next_task")
        parts = [{"ref": name, "code": "PART", "name": name, "description": "d"} for name in ("one", "two")]
        await ada.call("plan_tasks", parent="BIG-1", tasks=parts)
        for me in (ada, bob):
            taken = await me.call("next_task", parent="BIG-1")
            await me.call("complete_task", code=taken["code"], fence=taken["claim"]["fence"], summary="s")
        assert (await ada.call("get_task_by_code", code="BIG-1"))["state"] == "Done"


async def test_a_paused_agent_is_told_and_goes_on_when_the_brake_is_let_go(url: str) -> None:
    async with connected(url, "ada") as ada, connected(url) as person:
        await person.call("create_task", code="T-1", name="n", description="d")
        await person.call("set_pause", target="project", paused=True, reason="release day")
        with pytest.raises(Refused) as no:
            await ada.call("next_task", wait_s=20)
        assert (no.value.code, no.value.facts["reason"]) == ("paused", "release day")
        await person.call("set_pause", target="project", paused=False)
        assert (await ada.call("next_task"))["code"] == "T-1"


async def test_whoever_listens_is_told_of_mail_and_reads_it_once(url: str) -> None:
    listen = {
        "jsonrpc": "2.0",
        "id": "listen",
        "method": "subscriptions/listen",
        "params": {"notifications": {"resourceSubscriptions": ["taskactors://inbox"]}, "_meta": ENVELOPE},
    }
    async with connected(url, "ada") as ada, connected(url, "bob") as bob:
        await bob.call("read_inbox")
        await bob.socket.send_message(json.dumps(listen))
        with trio.fail_after(20):
            await bob.socket.get_message()
            await ada.call("send_message", to="bob", content="look")
            told = json.loads(await bob.socket.get_message())
        assert told["params"]["uri"] == "taskactors://inbox"
        assert (await bob.call("list_tasks"))["notices"] == {"unread": 1}
        assert [each["content"] for each in (await bob.call("read_inbox"))["items"]] == ["look"]
        assert "notices" not in await bob.call("list_tasks")
