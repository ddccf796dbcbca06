"""What can be moved, and how. Pure.

A load is a set of alternatives: each says what it draws in every slot of the horizon. The model chooses one per load;
"given a price per slot, how would you run?" is the cheapest of them.

- `CycleLoad`: a machine. An alternative is a start. It is never cut, and ends before its deadline; when that cannot be,
  the earliest end there is, and `late_by` says by how much.
- `TankLoad`: a water heater. An alternative is as many slots as it needs, one after the other, inside its off-peak windows
  (it pauses between two of them). Windows that are too short are widened, and it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property

from attrs import define, frozen

from elfe.coordination.values import Appliance, Machine, OffPeak, WaterHeater
from elfe.ems.cycles import Cycle
from elfe.slots import HORIZON, SLOT, SLOT_S, slot_start, slots_lasting

REHEAT_K = 50.0
WATER_WH_PER_L_K = 4186 / 3600
"""Heat capacity of water, Wh per litre and kelvin."""
QUARTER_H = SLOT_S / 3600
DRAWS, RESTS = 0.1, 0.05
"""Shares of its element's power: above the one in a quarter's mean a tank heats, under the other its thermostat has cut."""


@frozen
class Alternative:
    """One way to run: what it is expected to draw, from slot `start` on."""

    start: int
    power_w: tuple[float, ...]

    @property
    def end(self) -> int:
        """The slot behind its last."""
        return self.start + len(self.power_w)


@define(slots=False)
class CycleLoad:
    """A machine's cycle, to be placed whole."""

    machine: Machine
    cycle: Cycle
    first_slot: int

    @property
    def appliance(self) -> Appliance:
        """Whose load it is."""
        return self.machine.appliance

    @property
    def source(self) -> str:
        """Where its profile comes from, in words."""
        return self.cycle.source

    @cached_property
    def deadline_index(self) -> int:
        """The index of the slot behind the last that may be used: the deadline, by floor."""
        if self.machine.deadline is None:
            return HORIZON
        return (self.machine.deadline - slot_start(self.first_slot)) // SLOT

    @cached_property
    def length(self) -> int:
        """Slots that it holds its place for: its cycle, or what was declared where that is longer."""
        return max(len(self.cycle.power_w), slots_lasting(self.machine.lasts))

    @cached_property
    def alternatives(self) -> tuple[Alternative, ...]:
        """Every start that keeps the deadline, or the earliest one alone when none does.

        A deadline beyond the horizon asks for an end inside it; the next runs look further. `may_wait` is a wish: the
        finished load waits no longer, unless no start were left; 0 wishes nothing.
        """
        last = max(0, min(self.deadline_index, HORIZON) - self.length)
        wished = self.deadline_index - self.length - slots_lasting(self.machine.may_wait)
        first = min(max(0, wished), last) if self.machine.may_wait else 0
        return tuple(Alternative(start, self.cycle.power_w[:HORIZON - start]) for start in range(first, last + 1))

    @property
    def late_by(self) -> timedelta:
        """How far behind the deadline even the best start ends."""
        if self.machine.deadline is None:
            return timedelta()
        earliest = slot_start(self.first_slot + self.length)
        return max(timedelta(), earliest - self.machine.deadline)

    def ends(self, chosen: Alternative) -> int:
        """The index behind the last slot that it is busy in."""
        return chosen.start + self.length

    def decisions(self, chosen: Alternative) -> tuple[int, ...]:
        """The contract's row: a single 1 at the start."""
        return tuple(int(i == chosen.start) for i in range(HORIZON))


@define(slots=False)
class TankLoad:
    """A water heater that needs energy between two indexes of the horizon, inside its off-peak windows."""

    heater: WaterHeater
    need_wh: float
    first_slot: int
    zone: tzinfo
    from_index: int = 0
    to_index: int = HORIZON
    whole: bool = True               # False: more of its heating day lies beyond the horizon, what does not fit can wait

    late_by = timedelta()

    @property
    def appliance(self) -> Appliance:
        """Whose load it is."""
        return self.heater.appliance

    @property
    def source(self) -> str:
        """What it needs, in words."""
        words = f"{self.need_wh / 1000:.1f} kWh of hot water"
        return f"{words}, more than its off-peak windows hold" if self.overruns else words

    @cached_property
    def allowed(self) -> tuple[int, ...]:
        """The indexes that lie whole in a window, by local time; all of them when there is no window."""
        return tuple(i for i in range(self.from_index, self.to_index)
                     if not self.heater.windows or self._off_peak(slot_start(self.first_slot + i)))

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

    @cached_property
    def alternatives(self) -> tuple[Alternative, ...]:
        """Its slots one after the other, from each usable slot on that leaves enough of them."""
        return tuple(self._from(j) for j in range(len(self.usable) - self.needed + 1))

    def ends(self, chosen: Alternative) -> int:
        """The index behind the last slot that it is expected to heat in."""
        return chosen.end

    def decisions(self, chosen: Alternative) -> tuple[int, ...]:
        """The contract's row: a 1 in every slot that may heat, and in one more, so that its thermostat ends it."""
        j = self.usable.index(chosen.start)
        may_heat = self.usable[j:j + self.needed + 1]
        return tuple(int(i in may_heat) for i in range(HORIZON))

    def _from(self, j: int) -> Alternative:
        heated = self.usable[j:j + self.needed]
        powers, left = [0.0] * (heated[-1] + 1 - heated[0]), self.need_wh / QUARTER_H
        for i in heated:
            powers[i - heated[0]] = min(float(self.heater.power_w), left)
            left -= powers[i - heated[0]]
        return Alternative(heated[0], tuple(powers))

    def _outside_by(self, index: int) -> int:
        return min((abs(index - i) for i in self.allowed), default=0)

    def _off_peak(self, at: datetime) -> bool:
        ends = _second_of_day(at + SLOT - timedelta(seconds=1), self.zone)
        begins = _second_of_day(at, self.zone)
        return any(_contains(window, begins) and _contains(window, ends) for window in self.heater.windows)


Load = CycleLoad | TankLoad


def cheapest(load: Load, price: Sequence[float]) -> Alternative:
    """Given a price per slot, how it would run; the earliest among equals."""
    return min(load.alternatives, key=lambda each: (
        sum(p * w for p, w in zip(price[each.start:], each.power_w, strict=False)), each.start))


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


def _second_of_day(at: datetime, zone: tzinfo) -> int:
    local = at.astimezone(zone)
    return local.hour * 3600 + local.minute * 60 + local.second


def _contains(window: OffPeak, second: int) -> bool:
    if window.start_s <= window.end_s:
        return window.start_s <= second < window.end_s
    return second >= window.start_s or second < window.end_s
