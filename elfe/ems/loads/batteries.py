"""A battery that stores local surplus. Shape: `Stores`, its state in Wh.

It keeps between its least charge and its capacity, and ends the horizon with no less than it began with: what it gives in the
evening it takes back by the next, and no plan looks good by emptying it. Half of what a round trip loses is lost each way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property

import numpy as np
from attrs import define, field

from elfe.coordination.values import Appliance, Battery
from elfe.ems.loads.base import Floats, Wishes
from elfe.ems.loads.stores import Stores
from elfe.ems.loads.vehicles import QUARTER_H
from elfe.slots import HORIZON

WEAR = 0.02
"""W of import that a watt stored weighs: no charge for nothing."""


@define(slots=False)
class BatteryLoad:
    """A battery and its next day. `charge_wh`: what it holds now; `told`: what was missing, in words."""

    battery: Battery
    charge_wh: float
    told: str = ""
    wishes: Wishes = field(factory=Wishes)
    begins, modulates = "stores", True
    late_by = timedelta()

    @classmethod
    def fleet(cls, loads: Sequence[BatteryLoad]) -> Stores:
        """As of `Load`."""
        batteries = [each.battery for each in loads]
        gives = np.array([each.discharge_w for each in batteries], float)
        way = np.sqrt([each.efficiency for each in batteries])
        gain = np.stack([QUARTER_H / way, QUARTER_H * way], axis=1)
        drift = np.repeat((-gives * gain[:, 0])[:, None], HORIZON, axis=1)
        return Stores(
            np.array([each.charge_wh for each in loads]), np.ones(len(loads)), drift, -gives,
            np.stack([gives, np.array([each.charge_w for each in batteries], float)], axis=1), gain,
            np.array([each.band[0] for each in loads]), np.array([each.band[1] for each in loads]),
            np.zeros(len(loads), bool), np.full(len(loads), WEAR))

    @property
    def appliance(self) -> Appliance:
        """Whose load it is."""
        return self.battery.appliance

    @property
    def source(self) -> str:
        """What it holds, in words."""
        told = f", {self.told}" if self.told else ""
        return f"{self.charge_wh / 1000:.1f} of {self.battery.capacity_wh / 1000:.1f} kWh{told}"

    @cached_property
    def band(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The least and the most that it may hold after each slot, Wh, as far as it can from where it stands."""
        battery, way = self.battery, self.battery.efficiency ** 0.5
        fills, empties = battery.charge_w * QUARTER_H * way, battery.discharge_w * QUARTER_H / way
        least = battery.capacity_wh * battery.least_pct / 100
        lows = [min(max(least, self.charge_wh - (HORIZON - 1 - t) * fills), self.charge_wh + (t + 1) * fills)
                for t in range(HORIZON)]
        highs = [max(float(battery.capacity_wh), self.charge_wh - (t + 1) * empties) for t in range(HORIZON)]
        return tuple(lows), tuple(highs)

    def ends(self, run: Floats) -> int:
        """The index behind the last slot that it is busy in."""
        return int(np.flatnonzero(np.append(True, run != 0))[-1])

    def decisions(self, run: Floats) -> tuple[int, ...]:
        """The contract's row knows no battery: nothing. What it is told stands beside."""
        return (0,) * HORIZON
