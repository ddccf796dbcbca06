"""A vehicle's charge, placed whole where its device cannot pause it: as much as is wanted, ended before it leaves. Shape: `Shifts`.

It draws its charging power from start to end, the last quarter in part; losses are counted, so that what is promised is in the
battery. What cannot be ready in time is charged at once, and it says how late. Its row in `result` is a single 1 at the start:
nothing here cuts a charge that has begun, for not every vehicle goes on by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property

from attrs import define, field

from elfe.coordination.values import Appliance, Vehicle
from elfe.ems.loads.base import Wishes
from elfe.ems.loads.shifts import Shifts
from elfe.slots import HORIZON, SLOT, SLOT_S, slot_start

QUARTER_H = SLOT_S / 3600
EFFICIENCY = 0.9
"""Of what is drawn, the share that is stored: 0.85 to 0.92 on a domestic socket."""


def drawn_wh(vehicle: Vehicle) -> float:
    """What it draws in all, so that what is wanted is in its battery."""
    return vehicle.capacity_wh * max(0, vehicle.wanted_pct - vehicle.charge_pct) / 100 / EFFICIENCY


def profile(vehicle: Vehicle) -> tuple[float, ...]:
    """What it draws from its start on, W per quarter: all that is wanted, the last quarter in part."""
    whole, part = divmod(drawn_wh(vehicle) / QUARTER_H, vehicle.power_w)
    return (float(vehicle.power_w),) * int(whole) + ((part,) if part >= 1 else ())


@define(slots=False)
class VehicleLoad:
    """A charge."""

    vehicle: Vehicle
    first_slot: int
    wishes: Wishes = field(factory=Wishes)
    begins, modulates = "charges", False

    @classmethod
    def fleet(cls, loads: Sequence[VehicleLoad]) -> Shifts:
        """As of `Load`."""
        return Shifts.of([each.powers[:HORIZON] for each in loads], [0] * len(loads), [each.last_start for each in loads],
                         [each.wishes for each in loads])

    @property
    def appliance(self) -> Appliance:
        """Whose load it is."""
        return self.vehicle.appliance

    @property
    def source(self) -> str:
        """What it needs, in words."""
        energy = sum(self.powers) * QUARTER_H / 1000
        return f"{energy:.1f} kWh to go from {self.vehicle.charge_pct} to {self.vehicle.wanted_pct} %"

    @cached_property
    def powers(self) -> tuple[float, ...]:
        """See `profile`."""
        return profile(self.vehicle)

    @property
    def last_start(self) -> int:
        """The last start that is ready in time; at once when none is."""
        leaves = HORIZON if self.vehicle.deadline is None else (self.vehicle.deadline - slot_start(self.first_slot)) // SLOT
        return max(0, min(leaves, HORIZON) - len(self.powers))

    @property
    def late_by(self) -> timedelta:
        """How far behind its departure even the best start ends."""
        if self.vehicle.deadline is None:
            return timedelta()
        return max(timedelta(), slot_start(self.first_slot + len(self.powers)) - self.vehicle.deadline)

    def ends(self, start: int) -> int:
        """The index behind the last slot that it charges in."""
        return start + len(self.powers)

    def decisions(self, start: int) -> tuple[int, ...]:
        """The contract's row: a single 1 at the start."""
        return tuple(int(i == start) for i in range(HORIZON))
