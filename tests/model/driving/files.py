"""Driving reservations: files that are taken, waited for, handed over and given back."""

import hypothesis.strategies as st
from hypothesis.stateful import precondition, rule

from tests.model import commands
from tests.model.commands import AGENTS, Command, calls, optional, seldom_wrong, which
from tests.model.log import PERSON
from tests.model.machine import Machine
from tests.model.reservations import MEANS

patterns = st.lists(st.sampled_from(sorted(MEANS)), min_size=1, max_size=2)
modes = st.sampled_from(["exclusive", "exclusive", "shared"])
ttls = st.sampled_from([None, 30, 5000])
waits = st.sampled_from([0, 30, 30])
reserve = calls("reserve_files", patterns=patterns, mode=modes, ttl_s=ttls, wait_s=waits)
bind = calls("reserve_files", patterns=patterns, mode=modes, code=which, fence=seldom_wrong, wait_s=waits)
release = calls("release_files", reservation_id=optional(commands.picks), patterns=optional(patterns))
claim = calls("claim_task", commands.agents, code=which, reserve=optional(patterns))
take = calls("next_task", reserve=optional(patterns))
give_back = calls("release_task", code=which)


class Files(Machine):
    """Agents that want the same files, with claims and without."""

    every = st.one_of(commands.joins, reserve, reserve, bind, release, claim, take, give_back)

    @rule(command=reserve)
    def reserve(self, command: Command) -> None:
        self.run(command)

    @rule(pick=commands.picks, wanted=patterns, wait_s=waits, fence=seldom_wrong, mode=modes, twice=st.booleans())
    def bind_to_a_claim(self, pick: int, wanted: list[str], wait_s: int, fence: int, mode: str, twice: bool) -> None:
        task = self.one_held(pick)
        given = {"patterns": wanted, "mode": mode, "code": task["code"], "fence": fence, "wait_s": wait_s}
        self.run(*[Command(task["holder"] or PERSON, "reserve_files", given)] * (1 + twice))

    @rule(first=commands.picks, wanted=patterns, ttl_s=ttls, others=st.permutations(AGENTS))
    def queue_up(self, first: int, wanted: list[str], ttl_s: int | None, others: list[str]) -> None:
        """One has them, the others wait; then the first gives them back, or its time comes."""
        names = others[: 2 + first % 3]
        self.run(*(Command(name, "reserve_files", {"patterns": wanted, "ttl_s": ttl_s, "wait_s": 30}) for name in names))
        if first % 2:
            self.run(Command(names[0], "release_files", {}))

    @rule(
        one=st.sampled_from(["ada", "bob"]),
        other=st.sampled_from(["cy", "qa"]),
        crossing=st.permutations(["src/a.py", "src/b.py", "docs/*.md"]),
    )
    def cross(self, one: str, other: str, crossing: list[str]) -> None:
        """Each has what the other wants next."""
        mine, theirs, _ = crossing
        for name, files in ((one, mine), (other, theirs), (one, theirs), (other, mine)):
            self.run(Command(name, "reserve_files", {"patterns": [files], "wait_s": 30}))

    @rule(pick=commands.picks, by=commands.callers, command=release)
    def give_files_back(self, pick: int, by: str, command: Command) -> None:
        mine = [each for each in self.model.line if each["agent"] == by]
        if mine and pick % 2:
            command = Command(by, "release_files", {"reservation_id": mine[pick % len(mine)]["id"] - 1})
        self.run(command)

    @precondition(lambda self: any(each["ends"] for each in self.model.line))
    @rule(pick=commands.picks)
    def time_is_up(self, pick: int) -> None:
        ending = [each["ends"] for each in self.model.line if each["ends"]]
        self.time_passes(max(0, ending[pick % len(ending)] - self.board.now) / 1000, True, {})

    @precondition(lambda self: any(each["code"] for each in self.model.line))
    @rule(pick=commands.picks, to=st.sampled_from([*AGENTS, None, None]))
    def the_claim_ends_or_moves(self, pick: int, to: str | None) -> None:
        bound = [each["code"] for each in self.model.line if each["code"]]
        code = bound[pick % len(bound)]
        self.run(Command(PERSON, "assign_task", {"code": code, "to": to}) if to else Command(PERSON, "release_task", {"code": code}))
