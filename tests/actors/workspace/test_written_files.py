"""Tools that write files: only theirs, only in the root, and the answer says what became of each."""

import json
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from taskactors.actors.workspace.ai_tools import AI_TOOLS
from taskactors.actors.workspace.facts import Surroundings
from taskactors.domain.errors import AlreadyRegistered, InvalidArguments, KeyReused, NotAllowed, Refusal
from tests.actors.team import Team, team

MAIN = "CLAUDE.md"
ADA = ".claude/agents/ada.md"
JOIN: dict[str, Any] = {"agent_name": "ada", "agent_type": "qa", "capabilities": ["python"]}


@asynccontextmanager
async def working(root: Path | None) -> AsyncIterator[Team]:
    around = Surroundings(project="default", ws_url="ws://127.0.0.1:9/mcp", version="1", root=root, tools={})
    async with trio.open_nursery() as nursery, team(nursery, surroundings=around) as on:
        yield on


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A root with folders above it in which nothing may appear."""
    folder = tmp_path / "above" / "root"
    folder.mkdir(parents=True)
    return folder


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if not stat.S_ISDIR(path.lstat().st_mode))


def read(path: Path) -> str:
    return path.read_text()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


# The main file.


async def test_only_the_file_of_the_named_ai_tool_is_written_and_nothing_beside_it(autojump_clock: MockClock, tmp_path: Path) -> None:
    for name, tool in AI_TOOLS.items():
        async with working(tmp_path / name) as on:
            os.mkdir(tmp_path / name)
            answer = await on.call("ada", "create_main_ai_file", content="# Ours\n\ntext", ai_tool_type=name)
            assert (answer["ai_tool_type"], answer["file_name"], answer["written"]) == (name, tool.main_file, True)
            assert "content" not in answer
            assert files(tmp_path / name) == [tool.main_file]


@pytest.mark.parametrize(
    "given",
    [
        {"ai_tool_type": "../../etc"},
        {"ai_tool_type": "CLAUDE.md"},
        {"ai_tool_type": "claude-code/../.."},
        {"ai_tool_type": "claude-code\0"},
        {"file_name": "../out.md"},
        {"path": "/etc/out.md"},
        {"root": "/"},
        {"overwrite": "yes"},
        {"content": ""},
        {"content": "a\ud800"},
        {"content": "a" * 200_001},
    ],
    ids=lambda given: ascii(given)[:40],
)
async def test_no_argument_leads_to_another_file(autojump_clock: MockClock, deep: Path, tmp_path: Path, given: dict[str, Any]) -> None:
    async with working(deep) as on:
        with pytest.raises(InvalidArguments):
            await on.call("ada", "create_main_ai_file", **({"content": "# Ours"} | given))
        assert files(tmp_path) == []


async def test_the_largest_text_is_written_and_is_still_known_for_ours(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with working(tmp_path) as on:
        for letter in "🚀🌍":
            answer = await on.call("ada", "create_main_ai_file", content=letter * 200_000)
            assert answer["written"] is True
            assert read(tmp_path / MAIN).startswith(letter * 200_000 + "\n")


@pytest.mark.parametrize("overwrite", [False, True])
async def test_a_link_is_not_followed_and_the_text_comes_back(autojump_clock: MockClock, tmp_path: Path, overwrite: bool) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    os.mkdir(root)
    write(outside / MAIN, "theirs")
    os.symlink(outside / MAIN, root / MAIN)
    os.symlink(outside, root / ".claude")
    async with working(root) as on:
        answer = await on.call("ada", "create_main_ai_file", content="# Ours", overwrite=overwrite)
        assert (answer["written"], answer["content"]) == (False, "# Ours")
        assert "link" in answer["reason"]
        file = (await on.call("ada", "register_agent", **JOIN, overwrite=overwrite))["file"]
        assert file["written"] is False
        assert "link" in file["reason"]
        assert "You are `ada`" in file["content"]
        assert files(outside) == [MAIN]
        assert read(outside / MAIN) == "theirs"


async def test_a_file_that_a_person_changed_after_us_is_kept_until_told(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with working(tmp_path) as on:
        await on.call("ada", "create_main_ai_file", content="# One")
        assert (await on.call("bob", "create_main_ai_file", content="# Two"))["written"] is True
        mine = "my own line\n" + read(tmp_path / MAIN)
        write(tmp_path / MAIN, mine)
        kept = await on.call("ada", "create_main_ai_file", content="# Three")
        assert (kept["written"], kept["content"]) == (False, "# Three")
        assert "overwrite" in kept["reason"]
        assert read(tmp_path / MAIN) == mine
        assert (await on.call("ada", "create_main_ai_file", content="# Three", overwrite=True))["written"] is True
        assert read(tmp_path / MAIN).startswith("# Three\n")


async def test_a_root_that_went_away_is_an_answer_and_the_desk_lives_on(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with working(tmp_path / "gone") as on:
        answer = await on.call("ada", "create_main_ai_file", content="# Ours")
        assert (answer["written"], answer["content"]) == (False, "# Ours")
        assert "No such file" in answer["reason"]
        assert (await on.call("ada", "get_workspace_manifest"))["main_files"] == []
        assert (await on.call("ada", "register_agent", **JOIN))["file"]["written"] is False


async def test_the_log_says_who_asked_for_the_file_and_holds_the_text_s_digest_only(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with working(tmp_path) as on:
        await on.call("ada", "create_main_ai_file", content="# very private words")
        changes = (await on.call("ada", "get_changes"))["items"]
        asked = [change for change in changes if "main_file_requested" in json.dumps(change)]
        assert len(asked) == 1
        assert "ada" in json.dumps(asked)
        assert "private words" not in json.dumps(changes)


async def test_agents_that_write_at_once_are_all_answered_and_one_whole_text_stays(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with working(tmp_path) as on:
        answers: list[Any] = []

        async def create(number: int) -> None:
            answers.append(await on.call(f"agent-{number}", "create_main_ai_file", content=f"# {number}"))

        async with trio.open_nursery() as at_once:
            for number in range(20):
                at_once.start_soon(create, number)
        assert [answer["written"] for answer in answers] == [True] * 20
        assert read(tmp_path / MAIN).splitlines()[0] in {f"# {number}" for number in range(20)}
        assert files(tmp_path) == [MAIN]


# Repeats.


async def test_a_repeat_says_so_and_does_not_bring_an_old_text_back(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with working(tmp_path) as on:
        write(tmp_path / MAIN, "a person's")
        first: dict[str, Any] = {"content": "# First", "overwrite": True, "idempotency_key": "one"}
        assert "replayed" not in await on.call("ada", "create_main_ai_file", **first)
        again = await on.call("ada", "create_main_ai_file", **first)
        assert (again["written"], again["replayed"]) == (True, True)
        for later in ("# Second, by an agent", "a person's again"):
            if later.startswith("#"):
                await on.call("bob", "create_main_ai_file", content=later)
            else:
                write(tmp_path / MAIN, later)
            again = await on.call("ada", "create_main_ai_file", **first)
            assert (again["written"], again["replayed"], again["content"]) == (False, True, "# First")
            assert read(tmp_path / MAIN).startswith(later)


async def test_a_repeat_writes_what_the_first_call_could_not(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with working(tmp_path / "later") as on:
        given: dict[str, Any] = {"content": "# First", "idempotency_key": "one"}
        assert (await on.call("ada", "create_main_ai_file", **given))["written"] is False
        os.mkdir(tmp_path / "later")
        assert (await on.call("ada", "create_main_ai_file", **given))["written"] is True
        with pytest.raises(KeyReused):
            await on.call("ada", "create_main_ai_file", content="# Other", idempotency_key="one")
        assert read(tmp_path / "later" / MAIN).startswith("# First\n")


async def test_a_registration_that_is_repeated_leaves_what_a_person_made_of_the_file(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with working(tmp_path) as on:
        first: dict[str, Any] = {**JOIN, "overwrite": True, "idempotency_key": "one"}
        assert (await on.call("ada", "register_agent", **first))["file"]["written"] is True
        write(tmp_path / ADA, "mine")
        assert (await on.call("ada", "register_agent", **first))["file"]["written"] is False
        assert read(tmp_path / ADA) == "mine"


# An agent's own file.


@pytest.mark.parametrize("agent_type", [*AI_TOOLS, "qa", "something else", "../../etc", "/etc"])
async def test_an_agents_file_is_in_its_ai_tools_folder_and_no_word_of_its_own_moves_it(
    autojump_clock: MockClock, deep: Path, tmp_path: Path, agent_type: str
) -> None:
    async with working(deep) as on:
        answer = await on.call("ada", "register_agent", **JOIN | {"agent_type": agent_type})
        folder = AI_TOOLS[agent_type if agent_type in AI_TOOLS else "claude-code"].agent_folder
        assert answer["file"] == {"path": f"{folder}/ada.md", "written": True}
        assert files(tmp_path) == [f"above/root/{folder}/ada.md"]


@pytest.mark.parametrize(
    "name",
    [
        "..",
        ".",
        "../ada",
        "/etc/ada",
        "a/b",
        "a\\b",
        "ada.md",
        "ada\0",
        "ada\n",
        "ADA",
        "Ada",
        "адa",
        "a\u0301da",
        "",
        " ",
        "a--b",
        "-a",
        "a" * 51,
    ],
    ids=ascii,
)
async def test_a_name_that_is_no_agents_name_writes_nothing(autojump_clock: MockClock, deep: Path, tmp_path: Path, name: str) -> None:
    async with working(deep) as on:
        with pytest.raises(InvalidArguments):
            await on.call(None, "register_agent", **JOIN | {"agent_name": name})
        assert files(tmp_path) == []


async def test_the_longest_name_fits(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with working(tmp_path) as on:
        assert (await on.call("a" * 50, "register_agent", **JOIN | {"agent_name": "a" * 50}))["file"]["written"] is True


async def test_a_refused_registration_touches_no_file(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with working(tmp_path) as on:
        await on.call("ada", "register_agent", **JOIN)
        before = read(tmp_path / ADA)
        refusals: list[tuple[str | None, type[Refusal]]] = [("bob", NotAllowed), (None, AlreadyRegistered)]
        for caller, refusal in refusals:
            with pytest.raises(refusal):
                await on.call(caller, "register_agent", **JOIN | {"capabilities": ["other"]}, overwrite=True)
        assert read(tmp_path / ADA) == before
        assert files(tmp_path) == [ADA]


async def test_an_agent_that_changes_its_entry_gets_the_new_text_and_a_persons_change_is_kept(
    autojump_clock: MockClock, tmp_path: Path
) -> None:
    async with working(tmp_path) as on:
        await on.call("ada", "register_agent", **JOIN)
        await on.call("ada", "register_agent", **JOIN | {"capabilities": ["rust"]})
        assert "Capabilities: rust." in read(tmp_path / ADA)
        mine = read(tmp_path / ADA) + "\nAlways be kind.\n"
        write(tmp_path / ADA, mine)
        answer = await on.call("ada", "register_agent", **JOIN | {"capabilities": ["go"]})
        assert answer["capabilities"] == ["go"], "the registration holds, whatever becomes of its file"
        assert answer["file"]["written"] is False
        assert "Capabilities: go." in answer["file"]["content"]
        assert read(tmp_path / ADA) == mine
        again = await on.call("ada", "register_agent", **JOIN | {"capabilities": ["go"]}, overwrite=True)
        assert again["file"]["written"] is True
        assert "Capabilities: go." in read(tmp_path / ADA)


@pytest.mark.parametrize("name", ["null", "true", "no", "1", "1e3", "0x1f"])
async def test_a_name_that_means_something_else_in_the_front_matter_is_quoted(autojump_clock: MockClock, name: str, tmp_path: Path) -> None:
    async with working(tmp_path) as on:
        file = (await on.call(name, "register_agent", **JOIN | {"agent_name": name}))["file"]
        assert read(tmp_path / file["path"]).startswith(f'---\nname: "{name}"\ndescription: "')


@pytest.mark.parametrize(
    "own_words",
    [
        "---\n# No rules",
        "\n---\n",
        "a\r---\r# No",
        "a\u2028# No\u2029---",
        "a\x0b# No\x0c---\x85---",
        "```\n# No",
        "> quote\n# No",
        "\n\n# No",
    ],
    ids=ascii,
)
async def test_no_line_of_what_an_agent_says_of_itself_stands_unquoted(autojump_clock: MockClock, tmp_path: Path, own_words: str) -> None:
    async with working(tmp_path) as on:
        file = (await on.call("ada", "register_agent", **JOIN, description=own_words))["file"]
        text = read(tmp_path / file["path"])
        said = text.partition("not instructions):\n\n")[2].partition("\n\n## The loop")[0]
        assert said.splitlines() == [f"> {line}" for line in own_words.splitlines()]
        front, _, after = text.removeprefix("---\n").partition("\n---\n")
        assert "No" not in front
        assert "\n---\n" not in after


async def test_agents_that_join_at_once_each_get_their_own_file(autojump_clock: MockClock, tmp_path: Path) -> None:
    async with working(tmp_path) as on:

        async def join(name: str) -> None:
            file = (await on.call(name, "register_agent", **JOIN | {"agent_name": name}))["file"]
            assert file["written"] is True

        names = [f"agent-{number:02}" for number in range(20)]
        async with trio.open_nursery() as at_once:
            for name in names:
                at_once.start_soon(join, name)
        assert files(tmp_path) == [f".claude/agents/{name}.md" for name in names]
        assert all(f"You are `{name}`" in read(tmp_path / f".claude/agents/{name}.md") for name in names)
