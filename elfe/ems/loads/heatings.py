"""A heater with eco and comfort hours, without a thermometer. Shape: `Comforts`.

In its comfort hours the share `pourcentage_eco_force` of the quarters is spent in eco, where the territory has least to spare;
never two of them within an hour, whatever was decided before this plan. Comfort hours are of its own week, by local time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta, tzinfo
from functools import cached_property
from itertools import groupby

import numpy as np
from attrs import define, field

from elfe.coordination.values import Appliance, Heating
from elfe.ems.loads.base import Floats, Wishes
from elfe.ems.loads.comforts import GAP, Comforts
from elfe.ems.loads.hours import in_programme
from elfe.slots import HORIZON


@define(slots=False)
class HeatingLoad:
    """The comfort hours of the next day. `past`: the slots behind it, the newest last, and whether comfort was allowed in each."""

    heating: Heating
    first_slot: int
    zone: tzinfo
    past: tuple[bool | None, ...] = ()
    wishes: Wishes = field(factory=Wishes)
    begins, modulates = "comforts", False
    late_by = timedelta()

    @classmethod
    def fleet(cls, loads: Sequence[HeatingLoad]) -> Comforts:
        """As of `Load`."""
        periods = np.array([each.period for each in loads], np.int64)
        count = int(periods.max(initial=-1)) + 1
        saved = np.array([[each.saved.get(p, 0) for p in range(count)] for each in loads], np.int64).reshape(len(loads), count)
        return Comforts(np.array([each.heating.eco_w for each in loads], float),
                        np.array([each.heating.comfort_w for each in loads], float), periods,
                        np.array([each.may for each in loads]), saved)

    @property
    def appliance(self) -> Appliance:
        """Whose load it is."""
        return self.heating.appliance

    @property
    def source(self) -> str:
        """What it needs, in words."""
        return f"comfort but for {sum(self.saved.values())} of {sum(p >= 0 for p in self.period)} quarters"

    @cached_property
    def period(self) -> tuple[int, ...]:
        """The number of the comfort period of each slot, −1 outside."""
        inside = [in_programme(self.heating.programme, self.first_slot + t, self.zone) for t in range(HORIZON)]
        numbers, p = [], -1
        for is_inside, group in groupby(inside):
            p += is_inside
            numbers += [p if is_inside else -1 for _ in group]
        return tuple(numbers)

    @cached_property
    def may(self) -> tuple[bool, ...]:
        """Whether a slot may be saved: not within an hour of one that was, and not outside the comfort hours."""
        since = next((n for n, was in enumerate(reversed(self.past[-GAP + 1:])) if was is False and self._was_comfort(n)), GAP)
        return tuple(p >= 0 and t >= GAP - 1 - since for t, p in enumerate(self.period))

    @cached_property
    def saved(self) -> dict[int, int]:
        """How many slots of each period are saved: its share, less those of the running one that were, as far as there is room."""
        share = self.heating.forced_eco_pct / 100
        found = {}
        for p in sorted({p for p in self.period if p >= 0}):
            slots = [t for t in range(HORIZON) if self.period[t] == p]
            gone = self._gone() if slots[0] == 0 else []
            wanted = round(share * (len(slots) + len(gone))) - sum(was is False for was in gone)
            found[p] = max(0, min(wanted, _room([t for t in slots if self.may[t]])))
        return found

    def _gone(self) -> list[bool | None]:
        """What was decided for the slots of the running period that are over."""
        gone = []
        for n, was in enumerate(reversed(self.past)):
            if not self._was_comfort(n):
                break
            gone.append(was)
        return gone

    def _was_comfort(self, ago: int) -> bool:
        return in_programme(self.heating.programme, self.first_slot - 1 - ago, self.zone)

    def decisions(self, run: Floats) -> tuple[int, ...]:
        """The contract's row: a 1 in every slot of comfort."""
        return tuple(int(power > self.heating.eco_w) for power in run)

    def ends(self, run: Floats) -> int:
        """The index behind its last slot of comfort."""
        return int(np.flatnonzero(np.append(run > self.heating.eco_w, True))[-2]) + 1 if (run > self.heating.eco_w).any() else 0


def _room(slots: Sequence[int]) -> int:
    """How many of these can be taken GAP apart."""
    count, free = 0, -1
    for t in slots:
        if t >= free:
            count, free = count + 1, t + GAP
    return count
