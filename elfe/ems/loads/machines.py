"""A machine's cycle, placed whole: never cut, not before it is loaded, and over before its deadline. Shape: `Shifts`.

A deadline that cannot be kept leaves the earliest end there is, and `late_by` says by how much. One beyond the horizon asks for an
end inside the horizon; later runs look further. A machine that still runs starts its next cycle when it is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property

from attrs import define, field

from elfe.coordination.values import Appliance, Machine
from elfe.ems.cycles import Cycle
from elfe.ems.loads.base import Wishes
from elfe.ems.loads.shifts import Shifts
from elfe.slots import HORIZON, SLOT, slot_start, slots_lasting


@define(slots=False)
class CycleLoad:
    """A machine's cycle."""

    machine: Machine
    cycle: Cycle
    first_slot: int
    busy_until: int = 0              # the index from which it may start: it still runs until then
    wishes: Wishes = field(factory=Wishes)
    known: tuple[int, ...] = ()      # slots that its learned programmes last
    begins, modulates = "starts", False

    @classmethod
    def fleet(cls, loads: Sequence[CycleLoad]) -> Shifts:
        """As of `Load`."""
        starts = [each.starts for each in loads]
        return Shifts.of([each.cycle.power_w[:HORIZON] for each in loads], [each[0] for each in starts],
                         [each[-1] for each in starts], [each.wishes for each in loads])

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
    def starts(self) -> range:
        """Every start that keeps the deadline, or the earliest one alone when none does.

        `may_wait` is a wish: the finished load waits no longer, unless no start were left; 0 wishes nothing.
        """
        last = max(self.busy_until, min(self.deadline_index, HORIZON) - self.length)
        wished = self.deadline_index - self.length - slots_lasting(self.machine.may_wait)
        first = min(max(self.busy_until, wished), last) if self.machine.may_wait else self.busy_until
        return range(first, last + 1)

    @property
    def late_by(self) -> timedelta:
        """How far behind the deadline even the best start ends."""
        if self.machine.deadline is None:
            return timedelta()
        earliest = slot_start(self.first_slot + self.busy_until + self.length)
        return max(timedelta(), earliest - self.machine.deadline)

    def ends(self, start: int) -> int:
        """The index behind the last slot that it is busy in."""
        return start + self.length

    def decisions(self, start: int) -> tuple[int, ...]:
        """The contract's row: a single 1 at the start."""
        return tuple(int(i == start) for i in range(HORIZON))
