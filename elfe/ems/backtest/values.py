"""What is replayed, and what comes of it. Slots are `epoch // 900`; powers W per slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

import numpy as np
from attrs import field, frozen

from elfe.ems.forecast.values import Floats


@frozen
class Declared:
    """A load that was lent once: its profile may begin in any slot from `known` on, so that it is over before `deadline`."""

    kind: str
    home: str
    known: int                       # the slot from which it may start: it was declared in it
    deadline: int                    # the first slot that it must not run in
    profile: tuple[float, ...]

    @property
    def last_start(self) -> int:
        """Its last start; the first one where the deadline cannot be kept."""
        return max(self.known, self.deadline - len(self.profile))


@frozen(eq=False)
class Days:
    """A balance without the loads, from `first` on, W per slot, and what was declared. Replayed from `begins` to `ends`.

    What lies before `begins` is what forecasts are learned from; `weather` has rows of °C, W/m² and m/s for the same slots, or
    none.
    """

    first: int
    begins: int
    ends: int
    balance: Floats
    declared: tuple[Declared, ...]
    zone: tzinfo
    weather: Floats = field(factory=lambda: np.empty((0, 0)))

    def imported_wh(self, starts: Sequence[int]) -> float:
        """What is imported from `begins` to `ends` when each load starts in its slot."""
        left = self.balance.copy()
        for each, start in zip(self.declared, starts, strict=True):
            profile = each.profile[:max(0, len(left) - (start - self.first))]
            left[start - self.first:start - self.first + len(profile)] -= profile
        return float(np.maximum(0.0, -left[self.begins - self.first:self.ends - self.first]).sum()) / 4


@frozen
class Worth:
    """What was imported, Wh, and what became of it."""

    energy_wh: float                       # of the loads
    at_once_wh: float                      # imported when each runs as soon as it is declared
    planned_wh: float                      # as it was planned, with what was known then
    foresight_wh: float                    # as it would have been planned with the true balance
    by_kind_wh: Mapping[str, float]        # avoided by each kind alone
    lost_wh: Mapping[str, float]           # forecast, deadline, limit, solver: what could have been avoided besides
    late: int                              # loads that ended behind their deadline
    forecast_error_w: float
    per_day: tuple[tuple[int, float, float, float], ...]      # first slot of the day; imported at once, planned, with foresight

    @property
    def avoided_wh(self) -> float:
        """Against as soon as declared."""
        return self.at_once_wh - self.planned_wh

    @property
    def reached(self) -> float:
        """The share of what foresight would have avoided."""
        possible = self.at_once_wh - self.foresight_wh
        return self.avoided_wh / possible if possible > 0 else 1.0
