"""Charges that only modulate, placed exactly: energy flows from slot to slot. Pure.

Every charge pours its energy into slots; what counts is what all draw together in each slot (`Costs` without a peak; no charge
is the dearer for waiting). What load i draws in slot s it may draw in t as far as it has room there, so that watts can flow

    s → t        where x_is > 0 and x_it < power_i · may_it for some load i

and on from t by another load. Let adds_t be what one watt more adds in slot t, and saves_t what one watt less saves. A plan is the
best one where no watt saves more in the slot that it leaves than it adds in any that it can flow to. Prices prove that:

    λ_t + drawn_t = max saves_s over all slots s from which watts can flow to t

No load can better its run at them, as they never fall along a flow, and saves_t ≤ λ_t + drawn_t ≤ adds_t: `decompose.bound` meets
the plan (a minimal cut). Each move takes a shortest way, all loads at once, and as much as fills it or gets to a cost's next kink.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from attrs import define, field

from elfe.ems.costs import Costs
from elfe.ems.loads.base import Bools, Floats, Ints, Runs
from elfe.ems.loads.fills import Fills
from elfe.ems.model import Problem
from elfe.slots import HORIZON

NOTHING_W = 1e-6
NO_GAIN = 1e-9
PARTY, MOST_PARTIES = 8, 40          # loads that are poured at once, to begin with
MOST_MOVES = 20_000


def flows(problem: Problem) -> bool:
    """Whether all of a problem is of this kind."""
    return bool(problem.fleets) and problem.homes is None and not problem.costs.peak and all(
        isinstance(fleet, Fills) and fleet.convex and not fleet.haste.any() for fleet in problem.fleets)


def flowed(problem: Problem, go_on: Callable[[], bool] = lambda: True) -> tuple[list[Runs], Floats]:
    """The best runs, by fleet, and the prices that prove it; good ones where it was enough before."""
    fleets = [fleet for fleet in problem.fleets if isinstance(fleet, Fills)]
    most = np.concatenate([fleet.power[:, None] * fleet.may for fleet in fleets]).T
    ground = _Field(problem.costs, problem.balance, np.ascontiguousarray(most), np.concatenate([fleet.energy for fleet in fleets]))
    ground.pour()
    moves = 0
    while moves < MOST_MOVES and go_on() and (way := ground.way()) is not None:
        ground.move(way)
        moves += 1
    runs = np.ascontiguousarray(ground.drawn.T)
    return np.split(runs, np.cumsum([fleet.count for fleet in fleets])[:-1]), ground.prices()


@define(eq=False)
class _Field:
    """What every load draws in every slot, and has room for: slots × loads, W."""

    costs: Costs
    balance: Floats
    room: Floats                         # to begin with: all that each may draw
    energy: Floats
    drawn: Floats = field(init=False)
    net: Floats = field(init=False)
    leads: Bools = field(init=False)     # from slot to slot, whether watts can flow there by one load

    def __attrs_post_init__(self) -> None:
        self.drawn, self.net = np.zeros_like(self.room), -self.balance
        self.leads = np.zeros((HORIZON, HORIZON), bool)

    # -- what a watt costs --------------------------------------------------------------------------------------------------------

    def slopes(self) -> tuple[Floats, Floats]:
        """What a watt less saves in each slot, and what one more adds."""
        saves, adds = self.costs.drawn.copy(), self.costs.drawn.copy()
        for level in self.costs.levels:
            saves += np.where(self.net > level.offset + NOTHING_W, level.weight, 0.0)
            adds += np.where(self.net >= level.offset - NOTHING_W, level.weight, 0.0)
        return saves, adds

    def _until_kink(self, leaves: int, enters: int) -> float:
        """How many watts may leave one slot and enter another at what the next one costs."""
        below = [self.net[leaves] - level.offset[leaves] for level in self.costs.levels]
        above = [level.offset[enters] - self.net[enters] for level in self.costs.levels]
        return min((float(each) for each in (*below, *above) if each > NOTHING_W), default=np.inf)

    # -- to begin with ------------------------------------------------------------------------------------------------------------

    def pour(self) -> None:
        """Party after party, those with the least choice first, into the slots that are cheapest and have most left by then."""
        choice = self.room.sum(axis=0) - self.energy
        for party in np.array_split(choice.argsort(kind="stable"), min(MOST_PARTIES, max(1, len(choice) // PARTY))):
            self._pour(party)
        self.room -= self.drawn
        has, can = self._has(), self._can()
        self.leads = (has.astype(np.float32) @ can.T.astype(np.float32)) > 0

    def _pour(self, party: Ints) -> None:
        order = np.lexsort((self.net, self.slopes()[1]))
        most = self.room[np.ix_(order, party)]
        taken = np.clip(self.energy[party] - (most.cumsum(axis=0) - most), 0.0, most)
        self.drawn[np.ix_(order, party)] = taken
        self.net[order] += taken.sum(axis=1)

    # -- moves --------------------------------------------------------------------------------------------------------------------

    def way(self) -> list[int] | None:
        """A shortest way for watts that helps, of those the one that helps most; None where there is none."""
        saves, adds = self.slopes()
        gain = saves[:, None] - adds
        reached = [np.eye(HORIZON, dtype=bool)]
        while True:
            farther = reached[-1] | self._then(reached[-1])
            if (farther == reached[-1]).all():
                return None
            reached.append(farther)
            best = int(np.where(farther, gain, -np.inf).argmax())
            if gain.flat[best] > NO_GAIN:
                return self._back(reached, *divmod(best, HORIZON))

    def _then(self, reached: Bools) -> Bools:
        """What is reached in one step more."""
        then: Bools = (reached.astype(np.float32) @ self.leads.astype(np.float32)) > 0
        return then

    def _back(self, reached: list[Bools], begin: int, end: int) -> list[int]:
        """The slots on the way, from the last one back."""
        way = [end]
        for before in reached[-2::-1]:
            way.append(int(np.flatnonzero(before[begin] & self.leads[:, way[-1]])[0]))
        return way[::-1]

    def move(self, way: list[int]) -> None:
        """As many watts as help, along a way."""
        steps = list(itertools.pairwise(way))
        most = [np.minimum(self.drawn[s], self.room[t]) for s, t in steps]
        watts = min(self._until_kink(way[0], way[-1]), *(float(each.sum()) for each in most))
        for (s, t), each in zip(steps, most, strict=True):
            taken = np.clip(watts - (each.cumsum() - each), 0.0, each)
            self.drawn[s] -= taken
            self.room[s] += taken
            self.drawn[t] += taken
            self.room[t] -= taken
        self.net[way[0]] -= watts
        self.net[way[-1]] += watts
        has, can = self._has(), self._can()
        for s in way:
            self.leads[s] = (can & has[s]).any(axis=1)
            self.leads[:, s] = (has & can[s]).any(axis=1)

    def _has(self) -> Bools:
        has: Bools = self.drawn > NOTHING_W
        return has

    def _can(self) -> Bools:
        can: Bools = self.room > NOTHING_W
        return can

    # -- the proof ----------------------------------------------------------------------------------------------------------------

    def prices(self) -> Floats:
        """As in the module's words."""
        reached = self.leads | np.eye(HORIZON, dtype=bool)
        for _ in range(HORIZON.bit_length()):
            reached = self._squared(reached)
        prices: Floats = np.where(reached, self.slopes()[0][:, None], -np.inf).max(axis=0) - self.costs.drawn
        return prices

    def _squared(self, reached: Bools) -> Bools:
        twice = reached.astype(np.float32)
        squared: Bools = (twice @ twice) > 0
        return squared
