"""A water heater that needs energy between two indexes of the horizon. Shape: `Chains`.

It heats as many slots as its energy takes, one after the other inside its off-peak windows, all of them and across midnight; it
pauses between two of them. Windows that are too short are widened by the nearest slots, and it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property, lru_cache

from attrs import define, field

from elfe.coordination.values import Appliance, OffPeak, WaterHeater
from elfe.ems.loads.base import Wishes
from elfe.ems.loads.chains import Chains
from elfe.ems.loads.hours import lies_in
from elfe.slots import HORIZON, SLOT_S, slot_start

REHEAT_K = 50.0
WATER_WH_PER_L_K = 4186 / 3600
"""Heat capacity of water, Wh per litre and kelvin."""
QUARTER_H = SLOT_S / 3600
DRAWS, RESTS = 0.1, 0.05
"""Shares of its element's power: above the one in a quarter's mean a tank heats, under the other its thermostat has cut."""


@define(slots=False)
class TankLoad:
    """A water heater that needs energy between two indexes of the horizon, inside its off-peak windows."""

    heater: WaterHeater
    need_wh: float
    first_slot: int
    zone: tzinfo
    from_index: int = 0
    to_index: int = HORIZON
    whole: bool = True               # False: what does not fit into its windows can wait, or may not be needed at all
    wishes: Wishes = field(factory=Wishes)

    begins, modulates = "heats", False
    late_by = timedelta()

    @classmethod
    def fleet(cls, loads: Sequence[TankLoad]) -> Chains:
        """As of `Load`."""
        return Chains.of([each.usable for each in loads], [each.needed for each in loads], [each.heater.power_w for each in loads],
                         [each.need_wh / QUARTER_H for each in loads], [each.wishes for each in loads])

    @property
    def appliance(self) -> Appliance:
        """Whose load it is."""
        return self.heater.appliance

    @property
    def source(self) -> str:
        """What it needs, in words."""
        words = f"{self.need_wh / 1000:.1f} kWh of hot water"
        if self.overruns:
            return f"{words}, more than its off-peak windows hold"
        held_wh = self.needed * self.heater.power_w * QUARTER_H
        return words if held_wh >= self.need_wh else f"{words}, of which its off-peak windows hold {held_wh / 1000:.1f}"

    @cached_property
    def allowed(self) -> tuple[int, ...]:
        """The indexes that lie whole in a window, by local time; all of them when there is no window."""
        return tuple(i for i in _off_peak(self.heater.windows, self.first_slot, self.zone) if self.from_index <= i < self.to_index)

    @cached_property
    def needed(self) -> int:
        """How many slots its energy takes, as far as there is room."""
        room = self.to_index - self.from_index if self.whole else max(1, len(self.allowed))
        return min(room, max(1, int(-(-self.need_wh // (self.heater.power_w * QUARTER_H)))))

    @property
    def overruns(self) -> bool:
        """Whether its windows are too short for what it needs."""
        return len(self.allowed) < self.needed

    @cached_property
    def usable(self) -> tuple[int, ...]:
        """The slots of its windows; when they are too short, those nearest to them as well."""
        if not self.overruns:
            return self.allowed
        nearest = sorted(range(self.from_index, self.to_index), key=lambda i: (self._outside_by(i), i))
        return tuple(sorted(nearest[:self.needed]))

    def heats(self, start: int) -> tuple[int, ...]:
        """The slots that it is expected to heat in, from `start` on."""
        j = self.usable.index(start)
        return self.usable[j:j + self.needed]

    def ends(self, start: int) -> int:
        """The index behind the last slot that it is expected to heat in."""
        return self.heats(start)[-1] + 1

    def decisions(self, start: int) -> tuple[int, ...]:
        """The contract's row: a 1 in every slot that may heat, and in one more, so that its thermostat ends it."""
        j = self.usable.index(start)
        may_heat = self.usable[j:j + self.needed + 1]
        return tuple(int(i in may_heat) for i in range(HORIZON))

    def _outside_by(self, index: int) -> int:
        return min((abs(index - i) for i in self.allowed), default=0)


@lru_cache(maxsize=256)      # homes share their windows
def _off_peak(windows: tuple[OffPeak, ...], first_slot: int, zone: tzinfo) -> tuple[int, ...]:
    """The indexes of the horizon that lie whole in a window; all of them without windows."""
    return tuple(i for i in range(HORIZON) if not windows or lies_in(windows, slot_start(first_slot + i), zone))


# -- what a tank needs ------------------------------------------------------------------------------------------------------


def full_reheat_wh(volume_l: int) -> float:
    """The energy of a tank from cold to hot, 50 K."""
    return volume_l * WATER_WH_PER_L_K * REHEAT_K


def heating_day(windows: Sequence[OffPeak], at: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """The heating day that `at` falls in: from the start of the longest window to its next start; noon without one."""
    longest = max(windows, key=lambda each: (each.end_s - each.start_s) % 86_400, default=OffPeak(12 * 3600, 0))
    hour, minute = divmod(longest.start_s % 86_400 // 60, 60)
    today = at.astimezone(zone).replace(hour=hour, minute=minute, second=0, microsecond=0)
    begun = today if today.astimezone(UTC) <= at else today - timedelta(days=1)
    return begun.astimezone(UTC), (begun + timedelta(days=1)).astimezone(UTC)     # by the wall clock: 23, 24 or 25 hours


def is_hot(powers_w: Sequence[float | None], allowed: Sequence[bool], element_w: float) -> bool:
    """Whether a tank has shown today that it is full: it drew, then was allowed to and drew nothing for a whole quarter."""
    drew = False
    for power, may in zip(powers_w, allowed, strict=True):
        if power is None:
            continue
        if drew and may and power < RESTS * element_w:
            return True
        drew = drew or power > DRAWS * element_w
    return False


def was_cut(powers_w: Sequence[float | None], allowed: Sequence[bool], element_w: float) -> bool:
    """Whether the plan ended its heating, not its thermostat: in the last quarter that it was allowed to heat in, it did."""
    last = next((power for power, may in zip(reversed(powers_w), reversed(allowed), strict=True) if may and power is not None), 0.0)
    return last > DRAWS * element_w


def held_wh(heater: WaterHeater) -> float:
    """What the windows of a day hold, no more than a full reheat."""
    open_s = sum((each.end_s - each.start_s) % 86_400 or 86_400 for each in heater.windows) if heater.windows else 86_400
    return min(full_reheat_wh(heater.volume_l), open_s / 3600 * heater.power_w)
