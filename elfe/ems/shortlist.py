"""What a better plan can hold: of each load that chooses, the alternatives that its price does not rule out. Pure.

At prices λ that prove a bound, let r_ik ≥ 0 be what alternative k of load i costs above its cheapest one. A plan that holds k costs
bound + r_ik at least, whatever the others do. So no plan that is better than a known one holds an alternative of

    r_ik > objective − bound

Those are left out: of a few thousand starts some hundred remain, and a search or an exact model has less to look through. All the
r_ik of a better plan together are no more than that gap, so most of them are far below: a `share` of it keeps the likely ones.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from attrs import evolve, frozen

from elfe.ems.decompose import allowed, bound, plain
from elfe.ems.loads.base import Bools, Choosing, Fleet, Floats, Ints, Menu, Runs
from elfe.ems.model import Choice, Problem, powers_of
from elfe.slots import HORIZON

NOISE = 1e-9             # relatively: what rounding may make of a cost
NOISE_W = 1e-3


@frozen(eq=False)
class Shortlist(Choosing):
    """The loads of another fleet, each with some of its alternatives only."""

    fleet: Choosing
    menus: tuple[Menu, ...]

    @property
    def count(self) -> int:
        """As of `Fleet`."""
        return len(self.menus)

    def menu(self, i: int) -> Menu:
        """As of `Choosing`."""
        return self.menus[i]

    def respond(self, price: Floats) -> tuple[Runs, Floats]:
        """As of `Fleet`; the earliest among equals."""
        priced = [priced_at(menu, price) for menu in self.menus]
        picks = [int(each.argmin()) for each in priced]
        runs = np.array([menu.runs[k] for menu, k in zip(self.menus, picks, strict=True)])
        return runs, np.array([each[k] for each, k in zip(priced, picks, strict=True)])

    def powers(self, runs: Runs) -> Floats:
        """As of `Fleet`."""
        return self.fleet.powers(runs)

    def own(self, runs: Runs) -> Floats:
        """As of `Fleet`."""
        return self.fleet.own(runs)

    def soonest(self) -> Runs:
        """As of `Fleet`."""
        return np.array([menu.runs[0] for menu in self.menus])

    def sizes(self) -> Floats:
        """As of `Fleet`."""
        return self.fleet.sizes()

    def peaks(self) -> Floats:
        """As of `Fleet`."""
        return self.fleet.peaks()

    def dearest(self) -> Floats:
        """As of `Fleet`."""
        return self.fleet.dearest()

    def some(self, which: Ints | slice) -> Self:
        """As of `Fleet`."""
        listed = np.arange(self.count)[which]
        return evolve(self, fleet=self.fleet.some(which), menus=tuple(self.menus[i] for i in listed))

    def selfless(self) -> Self:
        """As of `Fleet`."""
        return evolve(self, fleet=self.fleet.selfless(), menus=tuple(evolve(menu, own=menu.own * 0.0) for menu in self.menus))


def priced_at(menu: Menu, price: Floats) -> Floats:
    """What each alternative costs at a price per slot."""
    cost: Floats = (np.append(price, 0.0)[menu.slots] * menu.powers).sum(axis=1) + menu.own
    return cost


@frozen(eq=False)
class Shorter:
    """A problem with less to choose from, and what no plan costs less than that holds anything else."""

    problem: Problem
    beyond: float = np.inf

    @property
    def columns(self) -> int:
        """How many variables an exact model has, roughly."""
        chosen = (fleet for fleet in self.problem.fleets if isinstance(fleet, Choosing))
        powers = sum(fleet.count * HORIZON for fleet in self.problem.fleets if not isinstance(fleet, Choosing))
        return powers + sum(len(fleet.menu(i).runs) for fleet in chosen for i in range(fleet.count))


def shorter(problem: Problem, best: Choice, share: float = 1.0) -> Shorter:
    """The same problem with what a plan better than the best known can hold, or is likely to; the best itself stays in it.

    Where that plan asks too much of a home, nothing is left out: one that does not may well cost more.
    """
    if not best.prices or not _carried(problem, best):
        return Shorter(problem)
    proved = bound(problem, best.prices)
    most = share * (best.objective - proved) + NOISE_W + NOISE * abs(best.objective)
    price = allowed(problem.costs, plain(problem, best.prices)) + problem.costs.drawn
    fleets = tuple(_shortlist(fleet, runs, price, most) if isinstance(fleet, Choosing) else fleet
                   for fleet, runs in zip(problem.fleets, best.runs, strict=True))
    return Shorter(evolve(problem, fleets=fleets), proved + most)


def _shortlist(fleet: Choosing, runs: Runs, price: Floats, most: float) -> Fleet:
    menus = []
    for i, run in enumerate(runs):
        menu = fleet.menu(i)
        cost = priced_at(menu, price)
        menus.append(_part(menu, (cost <= cost.min() + most) | (menu.runs == run)))
    return Shortlist(fleet, tuple(menus))


def _part(menu: Menu, which: Bools) -> Menu:
    return Menu(menu.runs[which], menu.slots[which], menu.powers[which], menu.own[which])


def _carried(problem: Problem, choice: Choice) -> bool:
    """Whether every home can carry what its loads draw."""
    if problem.homes is None:
        return True
    limited, homes = problem.homes.of >= 0, problem.homes
    drawn = np.zeros((len(homes.limit_w), HORIZON))
    np.add.at(drawn, homes.of[limited], powers_of(problem, choice.runs)[limited])
    return bool((drawn <= homes.limit_w * (1 + NOISE)).all())
