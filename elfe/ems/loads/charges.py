"""A vehicle whose charge may pause, and be modulated where its charger can. Shape: `Fills`.

All that is wanted is in its battery before it leaves, whatever the plan; what was measured since it was declared counts as
delivered. What cannot be ready in time is charged without a pause, and it says how late. A departure beyond the horizon asks for no
more now than what the slots behind the horizon cannot hold, and for a quarter at least.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property

import numpy as np
from attrs import define, field

from elfe.coordination.values import Ability, Appliance, Vehicle
from elfe.ems.loads.base import Floats, Wishes
from elfe.ems.loads.fills import Fills
from elfe.ems.loads.vehicles import QUARTER_H, drawn_wh
from elfe.slots import HORIZON, SLOT, slot_start


@define(slots=False)
class ChargeLoad:
    """A charge in as many pieces as it takes. `delivered_wh` is what it drew since it was declared."""

    vehicle: Vehicle
    ability: Ability
    first_slot: int
    delivered_wh: float = 0.0
    wishes: Wishes = field(factory=Wishes)
    begins = "charges"

    @classmethod
    def fleet(cls, loads: Sequence[ChargeLoad]) -> Fills:
        """As of `Load`."""
        power = np.array([each.vehicle.power_w for each in loads], float)
        ends = np.array([each.until for each in loads])
        return Fills(power, np.arange(HORIZON) < ends[:, None], np.array([each.need_wh / QUARTER_H for each in loads]),
                     np.array([not each.ability.modulates for each in loads]), np.array([each.wishes.haste for each in loads]))

    @property
    def appliance(self) -> Appliance:
        """Whose load it is."""
        return self.vehicle.appliance

    @property
    def modulates(self) -> bool:
        """Whether it takes any power."""
        return self.ability.modulates

    @property
    def source(self) -> str:
        """What it needs, in words."""
        given = f", {self.delivered_wh / 1000:.1f} kWh of them drawn" if self.delivered_wh else ""
        return f"{drawn_wh(self.vehicle) / 1000:.1f} kWh to go from {self.vehicle.charge_pct} to {self.vehicle.wanted_pct} %{given}"

    @cached_property
    def left_wh(self) -> float:
        """What is still to be drawn, in all."""
        return max(0.0, drawn_wh(self.vehicle) - self.delivered_wh)

    @cached_property
    def leaves(self) -> int:
        """The index of the slot that it leaves in, by floor, also beyond the horizon."""
        if self.vehicle.deadline is None:
            return HORIZON
        return (self.vehicle.deadline - slot_start(self.first_slot)) // SLOT

    @cached_property
    def until(self) -> int:
        """The index behind the last slot that it may use: its departure's, or later where that cannot be kept."""
        return min(HORIZON, max(self.leaves, self._needed))

    @cached_property
    def need_wh(self) -> float:
        """What it draws inside the horizon."""
        a_slot = self.vehicle.power_w * QUARTER_H
        return min(self.until * a_slot, max(self.left_wh - max(0, self.leaves - HORIZON) * a_slot, min(self.left_wh, a_slot)))

    @property
    def _needed(self) -> int:
        return int(-(-self.left_wh // (self.vehicle.power_w * QUARTER_H)))

    @property
    def late_by(self) -> timedelta:
        """How far behind its departure even the best run ends."""
        if self.vehicle.deadline is None:
            return timedelta()
        return max(timedelta(), slot_start(self.first_slot + self._needed) - self.vehicle.deadline)

    def ends(self, run: Floats) -> int:
        """The index behind the last slot that it charges in."""
        return int(np.flatnonzero(np.append(True, run > 0))[-1])

    def decisions(self, run: Floats) -> tuple[int, ...]:
        """The contract's row: a single 1 at the start; its pauses stand beside it."""
        start = int(np.argmax(run > 0))
        return tuple(int(t == start) for t in range(HORIZON))
