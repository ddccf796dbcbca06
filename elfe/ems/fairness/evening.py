"""A plan evened: among plans that are worth the same, one whose waits are fairly shared and whose starts are not stacked. Pure.

Loads move, and exchange their starts, as long as the plan costs no more than ε above what it did, and as this becomes less:

    Σ_i w_i · (start_i − soonest_i)                 slots of waiting; w_i what the household's account weighs (`accounts.py`)
  + Σ_i Σ_t λ · x_it / E_i · σ_t · (v_it − w_i)     what it draws that is local: the share σ_t that the surplus of slot t covers,
                                                    and v_it what those weigh from whom it is taken, 0 where the surplus holds all
  + Σ_t κ · n_t (n_t − 1) / 2                       n_t loads that start in slot t

A start that was promised stays. Homes that could be overloaded are left as they are, and so is what chooses no start.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from attrs import define, evolve, field

from elfe.ems.board import fits
from elfe.ems.costs import Costs
from elfe.ems.fairness.accounts import local_share
from elfe.ems.loads.base import Bools, Choosing, Fleet, Floats, Ints, Menu, Runs
from elfe.ems.loads.chains import Chains
from elfe.ems.loads.shifts import Shifts
from elfe.ems.model import Choice, Problem, left_of, objective
from elfe.slots import HORIZON

EPSILON = 1e-6
"""ε: what the evened plan may cost more than the one that it is made of, relatively: a thousandth of a Wh for each kWh imported."""
LOCAL = 24.0
"""λ: energy that is all local instead of not at all is worth as much as six hours less of waiting, in slots."""
STACKED, STACKED_ALL = 2.0, 12.0
"""κ: slots that a load rather waits than starts beside another one; less where many start, so that no crowd takes half a day."""
MOST_LOADS, PARTNERS, ROUNDS = 1000, 12, 2
HELPS = 1e-6


def evened(problem: Problem, choice: Choice, weights: Floats) -> Choice:
    """The same plan or one as good; `weights` by number of the load. Bounded by tries, and the same on every machine."""
    which = _movable(problem, choice, weights)
    if not any(map(len, which)):
        return choice
    before = problem.costs.of(left_of(problem, choice.runs), problem.balance)
    work = _Evening.of(problem, choice, weights, which, EPSILON * max(1.0, abs(before)))
    for _ in range(ROUNDS):
        if not work.moved() | work.exchanged():
            break
    runs = [some.copy() for some in choice.runs]
    for n, (f, i) in enumerate(work.places):
        runs[f][i] = work.menus[n].runs[work.picks[n]]
    after = problem.costs.of(left_of(problem, runs), problem.balance)
    good = after <= before + EPSILON * max(1.0, abs(before))
    return evolve(choice, runs=tuple(runs), objective=objective(problem, runs)) if good else choice


def _movable(problem: Problem, choice: Choice, weights: Floats) -> list[Ints]:
    """By fleet, the loads that choose a start and were promised none; of too many, those that are furthest from the mean."""
    carried, begin = fits(problem), 0
    found: list[Ints] = []
    for fleet, runs in zip(problem.fleets, choice.runs, strict=True):
        free = np.zeros(0, np.int64)
        if isinstance(fleet, Choosing):
            free = np.flatnonzero(carried[begin:begin + fleet.count] & ~_promised(fleet, runs))
        found.append(free)
        begin += fleet.count
    if sum(map(len, found)) <= MOST_LOADS:
        return found
    begins = np.cumsum([0, *(fleet.count for fleet in problem.fleets)])
    numbers = np.concatenate([each + b for each, b in zip(found, begins[:-1], strict=True)])
    shuffled = np.random.default_rng(5).permutation(numbers)
    taken = np.sort(shuffled[np.argsort(-np.abs(np.log(weights[shuffled])), kind="stable")][:MOST_LOADS])
    return [taken[(taken >= b) & (taken < e)] - b for b, e in pairwise(begins)]


def _promised(fleet: Fleet, runs: Runs) -> Bools:
    """Which loads stand at the start that they were promised."""
    if not isinstance(fleet, Shifts | Chains) or fleet.promised is None:
        return np.zeros(len(runs), bool)
    stands: Bools = np.asarray(runs == fleet.promised)
    return stands


@define(eq=False)
class _Evening:
    """The movable loads where they stand, and what they weigh there."""

    costs: Costs
    places: list[tuple[int, int]]        # of each movable load: its fleet, and where it stands in it
    menus: list[Menu]
    picks: list[int]
    weights: Floats
    left: Floats                         # of the balance, with everything drawn; 97 slots, W
    share: Floats                        # σ per slot
    others: Floats                       # v: what the weights of those who draw in a slot come to; 0 where the surplus lasts
    starts: Floats                       # n: how many start in each slot
    stacked: float                       # κ
    most: float                          # that all of it may cost, W summed over slots
    spent: float = 0.0
    _unease: dict[int, Floats] = field(factory=dict)

    @classmethod
    def of(cls, problem: Problem, choice: Choice, weights: Floats, which: Sequence[Ints], most: float) -> _Evening:
        """Everything at its start."""
        left = left_of(problem, choice.runs)
        begins = np.cumsum([0, *(fleet.count for fleet in problem.fleets)])
        places, menus, picks, starts = [], [], [], np.zeros(HORIZON)
        drawn, weighed = (problem.balance - left).clip(min=0.0), (problem.balance - left).clip(min=0.0)
        for f, (fleet, some) in enumerate(zip(problem.fleets, which, strict=True)):
            if isinstance(fleet, Choosing):
                starts += np.bincount(np.clip(choice.runs[f], 0, HORIZON - 1), minlength=HORIZON)
            for i in map(int, some):
                assert isinstance(fleet, Choosing)
                menu = fleet.menu(i)
                stands = np.flatnonzero(menu.runs == choice.runs[f][i])      # nowhere, where a solver answers nonsense
                if len(menu.runs) > 1 and len(stands):
                    places.append((f, i))
                    menus.append(menu)
                    picks.append(int(stands[0]))
                    inside = menu.slots[picks[-1]] < HORIZON
                    weighed[menu.slots[picks[-1]][inside]] += (weights[begins[f] + i] - 1) * menu.powers[picks[-1]][inside]
        share = local_share(problem.balance, drawn)
        others = np.where(share < 1, weighed / np.maximum(drawn, 1e-9), 0.0)
        peak = max(0.0, -float(left.min()))
        return cls(problem.costs.with_peak_at(peak), places, menus, picks,
                   np.array([weights[begins[f] + i] for f, i in places]), np.append(left, np.inf), np.append(share, 0.0),
                   np.append(others, 0.0), starts, min(STACKED, STACKED_ALL / max(1, len(places))), most)

    def moved(self) -> bool:
        """Each load in turn to where it is best, of all that cost no more; those first who have given most."""
        changed = False
        for n in map(int, np.argsort(-self.weights, kind="stable")):
            menu, now = self.menus[n], self.picks[n]
            self._draw(n, now, -1)
            added = self.costs.table(menu.slots, menu.powers).added(self.left[:, None])[:, 0]
            worth = self._worth(n) + self.stacked * self.starts[menu.runs]
            worth = np.where(added - added[now] + self.spent <= self.most, worth, np.inf)
            best = int(worth.argmin())
            if worth[best] < worth[now] - HELPS:
                self.spent += float(added[best] - added[now])
                self.picks[n], changed = best, True
            self._draw(n, self.picks[n], 1)
        return changed

    def exchanged(self) -> bool:
        """Loads whose households have given more take the starts of such as have given less, where both may at no cost."""
        dice, changed = np.random.default_rng(6), False
        if len(self.places) < 2 or np.ptp(self.weights) <= HELPS:
            return changed
        fleets = np.array([f for f, _ in self.places])
        for n in map(int, np.argsort(-self.weights, kind="stable")):
            less = np.flatnonzero((self.weights < self.weights[n] - HELPS) & (fleets == fleets[n]))
            for other in map(int, dice.permutation(less)[:PARTNERS]):
                changed |= self._exchange(n, other)
        return changed

    def _exchange(self, n: int, other: int) -> bool:
        here, there = (self.menus[k].runs[self.picks[k]] for k in (n, other))
        to, back = np.flatnonzero(self.menus[n].runs == there), np.flatnonzero(self.menus[other].runs == here)
        if here == there or not len(to) or not len(back):
            return False
        gain = sum(float(self._worth(k)[self.picks[k]] - self._worth(k)[pick[0]]) for k, pick in ((n, to), (other, back)))
        if gain <= HELPS:
            return False
        was, before = [self.picks[n], self.picks[other]], self.left.copy()
        self._put(n, int(to[0]))
        self._put(other, int(back[0]))
        more = self._cost(self.left) - self._cost(before)
        if more + self.spent > self.most:
            self._put(n, was[0])
            self._put(other, was[1])
            return False
        self.spent += more
        return True

    def _cost(self, left: Floats) -> float:
        """Up to a constant."""
        return self.costs.of(left[:HORIZON], np.zeros(HORIZON))

    def _put(self, n: int, pick: int) -> None:
        self._draw(n, self.picks[n], -1)
        self.picks[n] = pick
        self._draw(n, pick, 1)

    def _draw(self, n: int, pick: int, sign: int) -> None:
        menu = self.menus[n]
        np.subtract.at(self.left, menu.slots[pick], sign * menu.powers[pick])
        self.starts[menu.runs[pick]] += sign

    def _worth(self, n: int) -> Floats:
        """Of each of its starts, what it waits and what is local, weighed."""
        if n not in self._unease:
            menu, weight = self.menus[n], float(self.weights[n])
            local = (self.share * (weight - self.others))[menu.slots]
            energy = np.maximum(menu.powers.sum(axis=1), 1e-9)
            self._unease[n] = weight * (menu.runs - menu.runs[0]) - LOCAL * (local * menu.powers).sum(axis=1) / energy
        return self._unease[n]
