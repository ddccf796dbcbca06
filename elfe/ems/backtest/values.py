"""What is replayed, and what comes of it. Slots are `epoch // 900`; powers W per slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

import numpy as np
from attrs import field, frozen

from elfe.ems.forecast.past import filled
from elfe.ems.forecast.values import Floats
from elfe.slots import HORIZON


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
    none. What is declared before `ends` may run behind it: the balance goes on as far as it is known, a day at most.
    """

    first: int
    begins: int
    ends: int
    balance: Floats
    declared: tuple[Declared, ...]
    zone: tzinfo
    weather: Floats = field(factory=lambda: np.empty((0, 0)))
    own_w: Mapping[str, float] = field(factory=dict)      # by home: what its loads may draw at once
    came: Floats = field(init=False)
    """The balance with its holes filled from the days before, up to two days behind `ends`."""

    @came.default
    def _came(self) -> Floats:
        behind = self.ends + 2 * HORIZON - self.first
        return filled(np.append(self.balance, np.full(max(0, behind - len(self.balance)), np.nan))[:behind])

    @property
    def stops(self) -> int:
        """The slot by which everything is started."""
        return self.ends + HORIZON

    def imports_wh(self, starts: Sequence[int]) -> Floats:
        """What is imported in each slot from `begins` on when each load starts in its slot; from `ends` on what they add alone."""
        left = np.append(self.came, np.full(HORIZON, self.came[-1]))
        base = np.maximum(0.0, -left)
        for each, start in zip(self.declared, starts, strict=True):
            profile = each.profile[:max(0, len(left) - (start - self.first))]
            left[start - self.first:start - self.first + len(profile)] -= profile
        imported: Floats = np.maximum(0.0, -left)
        imported[self.ends - self.first:] -= base[self.ends - self.first:]
        return imported[self.begins - self.first:] / 4

    def imported_wh(self, starts: Sequence[int]) -> float:
        """What is imported from `begins` to `ends`, and by the loads behind it, when each load starts in its slot."""
        return float(self.imports_wh(starts).sum())


@frozen
class Worth:
    """What was imported, Wh, and what became of it."""

    energy_wh: float                       # of the loads
    at_once_wh: float                      # imported when each runs as soon as it is declared
    planned_wh: float                      # as it was planned, with what was known then
    foresight_wh: float                    # as it would have been planned with the true balance
    by_kind_wh: Mapping[str, float]        # avoided by each kind alone
    best_wh: float                         # with foresight, a day for every load, no limits, ten times the solver's work
    lost_wh: Mapping[str, float]           # planned less best, by cause: forecast, deadline, limit, solver
    late: int                              # loads that ended behind their deadline
    forecast_error_w: float
    per_day: tuple[tuple[int, float, float, float], ...]
    """First slot of each of the territory's days; imported at once, planned, with foresight, Wh."""

    @property
    def avoided_wh(self) -> float:
        """Against as soon as declared."""
        return self.at_once_wh - self.planned_wh

    @property
    def reached(self) -> float:
        """The share of what foresight would have avoided."""
        possible = self.at_once_wh - self.foresight_wh
        return self.avoided_wh / possible if possible > 0 else 1.0
