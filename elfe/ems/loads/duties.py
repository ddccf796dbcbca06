"""What only must run some hours of a day: a pool's pump, a ventilation, a dehumidifier. Shape: `Fills`, switched.

Its hours are of a day from one start of its window to the next, by local time: what is left of today's, or tomorrow's when today's
are done. It pauses as often as the plan likes; what its day can no longer hold is not made up for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property

import numpy as np
from attrs import define, field

from elfe.coordination.values import Appliance, Duty
from elfe.ems.loads.base import Floats, Wishes
from elfe.ems.loads.fills import Fills
from elfe.slots import HORIZON


@define(slots=False)
class DutyLoad:
    """So many slots of those that it may run in. `slots`: their indexes, in order."""

    duty: Duty
    slots: tuple[int, ...]
    needed: int                      # slots; at most as many as there are
    wishes: Wishes = field(factory=Wishes)
    begins, modulates = "runs", False
    late_by = timedelta()

    @classmethod
    def fleet(cls, loads: Sequence[DutyLoad]) -> Fills:
        """As of `Load`."""
        power = np.array([each.duty.power_w for each in loads], float)
        needed = np.array([each.needed for each in loads])
        return Fills(power, np.array([each.may for each in loads]), power * needed, np.ones(len(loads), bool),
                     np.array([each.wishes.haste for each in loads]))

    @property
    def appliance(self) -> Appliance:
        """Whose load it is."""
        return self.duty.appliance

    @property
    def source(self) -> str:
        """What it needs, in words."""
        return f"{self.needed / 4:g} h of its {self.duty.lasts.total_seconds() / 3600:g} h a day"

    @cached_property
    def may(self) -> tuple[bool, ...]:
        """Whether it may run, of each slot."""
        return tuple(t in self.slots for t in range(HORIZON))

    def ends(self, run: Floats) -> int:
        """The index behind the last slot that it runs in."""
        return int(np.flatnonzero(np.append(True, run > 0))[-1])

    def decisions(self, run: Floats) -> tuple[int, ...]:
        """The contract's row: a 1 in every slot that it runs in where its type is continuous, else a single 1 at the start."""
        runs = run > 0
        if not self.appliance.recurs:
            runs = np.arange(HORIZON) == np.argmax(runs)
        return tuple(int(each) for each in runs)
