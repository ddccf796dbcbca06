"""The shape of an eco/comfort heater: in its comfort hours some quarters are spent in eco, never two within an hour.

A run is a row of 96 powers: `eco` everywhere, `comfort` in the comfort slots but for k of them per period. With e_t the price of
comfort over eco in slot t, the k saved slots of a period are those of greatest total price that lie GAP slots apart:

    save(k, t) = max( save(k, t − 1),  e_t + save(k − 1, t − GAP) )                one load per row, all periods one after the other

so the protection slides over the whole of a period: in any hour of comfort at least three quarters of it are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pulp
from attrs import frozen

from elfe.ems.costs import Costs
from elfe.ems.loads.base import Bools, Fleet, Floats, Formulation, Ints, Runs, within
from elfe.slots import HORIZON, SLOTS_PER_HOUR

GAP = SLOTS_PER_HOUR
"""Slots from one that is saved to the next: one quarter of an hour of an hour at most."""


@frozen(eq=False)
class Comforts(Fleet):
    """period[i, t] is the number of the period that slot t belongs to, 0, 1, ...; −1 outside. saved[i, p] slots of period p are
    spent in eco; `may[i, t]` says whether slot t may be: the first ones of a plan may lie too near to one that was."""

    eco: Floats              # W
    comfort: Floats          # W
    period: Ints             # loads × slots
    may: Bools               # loads × slots
    saved: Ints              # loads × periods

    @property
    def count(self) -> int:
        """As of `Fleet`."""
        return len(self.eco)

    def respond(self, price: Floats) -> tuple[Runs, Floats]:
        """As of `Fleet`."""
        runs = self._run(self._saving(np.broadcast_to(price, self.period.shape)))
        return runs, runs @ price

    def powers(self, runs: Runs) -> Floats:
        """As of `Fleet`."""
        return runs

    def own(self, runs: Runs) -> Floats:
        """As of `Fleet`: nothing."""
        return np.zeros(len(runs))

    def soonest(self) -> Runs:
        """Nobody plans: what is to be saved is saved as late as it may."""
        return self._run(self._saving(np.broadcast_to(np.arange(HORIZON, dtype=float), self.period.shape)))

    def settle(self, i: int, left: Floats, costs: Costs, room: Floats | None = None) -> Any:
        """As of `Fleet`: comfort costs what it adds to each slot, whatever the others."""
        alone, rest = self.some(np.array([i])), left - self.eco[i]
        costs = within(costs, rest, None if room is None else room - self.eco[i])
        added = costs.added(rest, np.full(HORIZON, self.comfort[i] - self.eco[i]))
        return alone._run(alone._saving(added[None]))[0]

    def formulate(self, i: int, name: str) -> Formulation:
        """z_t ∈ {0, 1}: slot t is saved; Σ z = saved in each period; Σ of GAP slots in a row ≤ 1."""
        slots = [int(t) for t in np.flatnonzero((self.period[i] >= 0) & self.may[i])]
        z = {t: pulp.LpVariable(f"{name}_z{t}", cat=pulp.LpBinary) for t in slots}
        rows = []
        for p, count in enumerate(self.saved[i]):
            mine = [(z[t], 1.0) for t in slots if self.period[i, t] == p]
            if mine:
                rows.append((pulp.LpAffineExpression(mine) == int(count), f"{name}_period{p}"))
        for t in slots:
            near = [(z[s], 1.0) for s in range(t, min(t + GAP, HORIZON)) if s in z]
            if len(near) > 1:
                rows.append((pulp.LpAffineExpression(near) <= 1, f"{name}_gap{t}"))
        base = np.where(self.period[i] >= 0, self.comfort[i], self.eco[i])

        def begin(run: Any) -> None:
            for t, z_t in z.items():
                z_t.setInitialValue(int(run[t] < self.comfort[i]))

        def read() -> Any:
            run = base.copy()
            run[[t for t, z_t in z.items() if z_t.value() > 0.5]] = self.eco[i]
            return run

        less = float(self.eco[i] - self.comfort[i])
        return Formulation(tuple((t, z_t, less) for t, z_t in z.items()), base, (), tuple(rows), begin, read)

    def peaks(self) -> Floats:
        """As of `Fleet`."""
        return self.comfort

    def _run(self, saving: Bools) -> Runs:
        comfort = (self.period >= 0) & ~saving
        runs: Runs = np.where(comfort, self.comfort[:, None], self.eco[:, None])
        return runs

    def _saving(self, price: Floats) -> Bools:
        """The slots that are saved, given the price of comfort in each: loads × slots."""
        saving = np.zeros(self.period.shape, bool)
        for p in range(self.saved.shape[1]):
            inside = (self.period == p) & self.may
            saving |= _dearest(np.where(inside, price, -np.inf), self.saved[:, p])
        return saving


def _dearest(price: Floats, count: Ints) -> Bools:
    """`count` slots of each row that lie GAP apart and have the greatest total price; −inf: not to be taken."""
    most = int(count.max(initial=0))
    best = np.full((HORIZON + GAP, most + 1, len(price)), -np.inf)      # best[t + GAP] of the slots up to t
    best[:, 0] = 0.0
    for t in range(HORIZON):
        best[t + GAP, 1:] = np.maximum(best[t + GAP - 1, 1:], price[:, t] + best[t, :-1])
    picked, left, skip = np.zeros(price.shape, bool), count.copy(), np.zeros(len(price), np.int64)
    rows = np.arange(len(price))
    for t in range(HORIZON - 1, -1, -1):
        here, before = best[t + GAP, left, rows], best[t + GAP - 1, left, rows]
        take = (left > 0) & (skip == 0) & (here > before)
        picked[take, t] = True
        left = left - take
        skip = np.where(take, GAP - 1, np.maximum(skip - 1, 0))
    return picked
