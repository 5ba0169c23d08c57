"""Fate: what goes wrong in a run, and when."""

from attrs import define

from taskactors.actors.roles.roster import ROSTER
from tests.simulation.chance import Chance
from tests.simulation.client import Client
from tests.simulation.disk import Planned, Trouble
from tests.simulation.faults import AFTER_UNIT, BEFORE_UNIT, OWN_WORK, ROUTER, TIMERS, desk_named
from tests.simulation.machine import KILLED, STOPPED, Machine

BLOWS = (0, 6)
"""How many, in one run."""

APART_S = (0.5, 20.0)

IN_A_ROW = {1: 7, 2: 2, 4: 0.6, 7: 0.3}
"""How often the same goes wrong at once: seven times is more than any budget allows."""

JUMPS_S = (1.0, 40.0, 400.0)
"""The whole machine sleeps for so long, and does not know it."""


@define(eq=False)
class Fate:
    """Strikes the machine, its disk, its code and its clients."""

    machine: Machine
    clients: list[Client]
    chance: Chance

    async def work(self) -> None:
        """Blow after blow, at its own times."""
        for _ in range(self.chance.count(*BLOWS)):
            await self.chance.pause(*APART_S)
            self._strike()

    def _strike(self) -> None:
        times = self.chance.weighted(IN_A_ROW)
        kind = self.chance.weighted({"disk": 5, "code": 4, "end": 3, "line": 2, "jump": 1, "opening": 1})
        match kind:
            case "disk":
                planned = Planned(self.chance.one_of(tuple(Trouble)), waits_for_events=self.chance.happens(0.8))
                self._say(f"{times} × {planned.trouble}")
                self.machine.disk.troubles.extend([planned] * times)
            case "code":
                place = self.chance.one_of((BEFORE_UNIT, AFTER_UNIT, OWN_WORK, ROUTER, TIMERS, *(desk_named(each.name) for each in ROSTER)))
                self._say(f"{times} × {place} fails")
                self.machine.faults.plan(place, times)
            case "end":
                self.machine.end(self.chance.one_of((KILLED, KILLED, STOPPED)))
            case "line":
                self.chance.one_of(self.clients).hang_up()
            case "jump":
                seconds = self.chance.one_of(JUMPS_S)
                # Over a long sleep a start fails, as it should: it does not know that it slept.
                self._jump(seconds if self.machine.up.is_set() else min(JUMPS_S))
            case "opening":
                self._say(f"{times} × the file cannot be opened again")
                self.machine.disk.failing_openings += times
                if self.chance.happens(0.5):
                    self.machine.end(KILLED)
                else:
                    self.machine.disk.troubles.append(Planned(self.chance.one_of((Trouble.FAILS_AFTER_COMMIT, Trouble.FAILS_AT_COMMIT))))

    def _jump(self, seconds: float) -> None:
        self._say(f"{seconds:g} s pass in nobody's presence")
        self.machine.jump(seconds)

    def _say(self, what: str) -> None:
        self.machine.history.say(f"      ! {what}")
