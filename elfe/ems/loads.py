"""What can be moved, and how. Pure.

A load is a set of alternatives: each says what it draws in every slot of the horizon. The model chooses one per load;
"given a price per slot, how would you run?" is the cheapest of them.

- `CycleLoad`: a machine. An alternative is a start. It is never cut, and ends before its deadline; when that cannot be,
  the earliest end there is, and `late_by` says by how much.
- `TankLoad`: a water heater. An alternative is a run of consecutive allowed slots, long enough for what it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property

from attrs import define, frozen

from elfe.coordination.values import Machine, OffPeak, WaterHeater
from elfe.ems.cycles import Cycle
from elfe.slots import HORIZON, SLOT, SLOT_S, slot_start, slots_lasting

REHEAT_K = 50.0
WATER_WH_PER_L_K = 4186 / 3600
"""Heat capacity of water, Wh per litre and kelvin."""


@frozen
class Alternative:
    """One way to run: the slots that it may draw in and what it is expected to draw, from `start` on."""

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
    def appliance_id(self) -> int:
        """Which appliance it is."""
        return self.machine.appliance.id

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
        """Every start that keeps the deadline, or the earliest one alone when none does."""
        last = min(self.deadline_index, HORIZON) - self.length
        wished = self.deadline_index - self.length - slots_lasting(self.machine.may_wait)
        first = 0 if self.machine.may_wait == timedelta() else min(max(0, wished), max(0, last))
        return tuple(self._at(start) for start in range(first, max(first, last) + 1))

    @property
    def late_by(self) -> timedelta:
        """How far behind the deadline even the best start ends."""
        if self.machine.deadline is None:
            return timedelta()
        end = slot_start(self.first_slot) + self.length * SLOT
        return max(timedelta(), end - self.machine.deadline) if self.deadline_index < self.length else timedelta()

    def decisions(self, chosen: Alternative) -> tuple[int, ...]:
        """The contract's row: a single 1 at the start."""
        return tuple(int(i == chosen.start) for i in range(HORIZON))

    def _at(self, start: int) -> Alternative:
        room = max(0, HORIZON - start)
        return Alternative(start, self.cycle.power_w[:room])


@define(slots=False)
class TankLoad:
    """A water heater, to be heated in one stretch inside its off-peak windows."""

    heater: WaterHeater
    need_wh: float                       # what it needs, and when: from one index to another
    first_slot: int
    zone: tzinfo
    from_index: int = 0
    to_index: int = HORIZON

    @property
    def appliance_id(self) -> int:
        """Which appliance it is."""
        return self.heater.appliance.id

    @cached_property
    def length(self) -> int:
        """Slots of heating: its energy, and one more so that a thermostat, not the plan, ends it."""
        return min(self.to_index - self.from_index, int(-(-self.need_wh // (self.heater.power_w * SLOT_S / 3600))) + 1)

    @cached_property
    def allowed(self) -> tuple[bool, ...]:
        """The slots inside an active window, by local time; every slot when there is no window."""
        if not self.heater.windows:
            return (True,) * HORIZON
        return tuple(self._off_peak(slot_start(self.first_slot + i)) for i in range(HORIZON))

    @cached_property
    def alternatives(self) -> tuple[Alternative, ...]:
        """Every stretch of the needed length that lies in the windows; when none does, those that lie there most."""
        best = max(self._inside.values())
        return tuple(self._at(start) for start, inside in self._inside.items() if inside == best)

    @property
    def overruns(self) -> bool:
        """Whether its windows are too short for what it needs."""
        return max(self._inside.values()) < self.length

    @cached_property
    def _inside(self) -> dict[int, int]:
        """Start → how many of its slots lie in a window."""
        starts = range(self.from_index, self.to_index - self.length + 1)
        return {start: sum(self.allowed[start:start + self.length]) for start in starts}

    late_by = timedelta()

    def decisions(self, chosen: Alternative) -> tuple[int, ...]:
        """The contract's row: a 1 in every slot that may heat."""
        return tuple(int(chosen.start <= i < chosen.end) for i in range(HORIZON))

    def _at(self, start: int) -> Alternative:
        full = self.need_wh * 3600 / SLOT_S
        powers = []
        for _ in range(self.length):
            here = min(float(self.heater.power_w), full)
            powers.append(here)
            full -= here
        return Alternative(start, tuple(powers))

    def _off_peak(self, at: datetime) -> bool:
        local = at.astimezone(self.zone)
        second = local.hour * 3600 + local.minute * 60
        return any(_contains(window, second) for window in self.heater.windows)


Load = CycleLoad | TankLoad


def full_reheat_wh(volume_l: int) -> float:
    """The energy of a tank from cold to hot, 50 K."""
    return volume_l * WATER_WH_PER_L_K * REHEAT_K


def heating_day(windows: Sequence[OffPeak], at: datetime, zone: tzinfo) -> datetime:
    """When the present heating day of a tank began: at the start of its longest window, or at noon without one."""
    longest = max(windows, key=lambda each: (each.end_s - each.start_s) % 86_400, default=None)
    start_s = longest.start_s if longest else 12 * 3600
    local = at.astimezone(zone)
    begun = local.replace(hour=start_s // 3600, minute=start_s % 3600 // 60, second=0, microsecond=0)
    if begun > local:
        begun = (begun - timedelta(days=1)).replace(hour=start_s // 3600, minute=start_s % 3600 // 60)
    return begun.astimezone(UTC)


def cheapest(load: Load, price: Sequence[float]) -> Alternative:
    """Given a price per slot, how it would run; the earliest among equals."""
    return min(load.alternatives, key=lambda each: (
        sum(p * w for p, w in zip(price[each.start:each.end], each.power_w, strict=True)), each.start))


def _contains(window: OffPeak, second: int) -> bool:
    if window.start_s <= window.end_s:
        return window.start_s <= second < window.end_s
    return second >= window.start_s or second < window.end_s
