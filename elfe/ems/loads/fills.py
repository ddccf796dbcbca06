"""The shape of a charge that may pause: so much energy, poured into the slots that it may use. A run is a row of 96 powers.

    respond(λ) = min Σ_t (λ_t + haste · t / power) · x_t       subject to  Σ_t x_t = energy,  0 ≤ x_t ≤ power · may_t

The cheapest slots are filled first, so that one at most is filled in part. What modulates may mix two answers. What is only
switched draws its power in each slot that it uses but the last in time, which it uses in part: its answers are `relaxed`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pulp
from attrs import field, frozen

from elfe.ems.costs import Costs
from elfe.ems.loads.base import OWN, Bools, Fleet, Floats, Formulation, Runs, within
from elfe.slots import HORIZON

FULL = 1e-9


@frozen(eq=False)
class Fills(Fleet):
    """`energy` is in W summed over slots, and no more than the slots that each load may use can hold."""

    power: Floats            # W
    may: Bools               # loads × slots
    energy: Floats
    switched: Bools          # whether it draws its power or nothing
    haste: Floats = field(metadata=OWN)     # W per slot of waiting

    relaxed = True

    @property
    def convex(self) -> bool:           # type: ignore[override]
        """As of `Fleet`."""
        return not self.switched.any()

    @property
    def count(self) -> int:
        """As of `Fleet`."""
        return len(self.energy)

    def respond(self, price: Floats) -> tuple[Runs, Floats]:
        """As of `Fleet`: `relaxed`."""
        if not self.haste.any():
            runs = self._poured_alike(price)
            return runs, runs @ price
        full = price + self._waiting()
        runs = self._poured(np.where(self.may, full, np.inf))
        return runs, (runs * full).sum(axis=1)

    def powers(self, runs: Runs) -> Floats:
        """As of `Fleet`."""
        return runs

    def own(self, runs: Runs) -> Floats:
        """As of `Fleet`."""
        own: Floats = (runs * self._waiting()).sum(axis=1)
        return own

    def soonest(self) -> Runs:
        """As of `Fleet`."""
        return self._poured(np.where(self.may, np.arange(HORIZON), np.inf))

    def realised(self, runs: Runs, price: Floats) -> Runs:
        """What is switched uses the slots that its run fills most, of those the cheapest, whole but for the last."""
        if not self.switched.any():
            return runs
        order = np.lexsort((np.broadcast_to(price, runs.shape), -runs.round(3), ~self.may), axis=1)
        rank = np.empty_like(order)
        np.put_along_axis(rank, order, np.broadcast_to(np.arange(HORIZON), order.shape), axis=1)
        used = rank < np.ceil(self.energy / self.power - FULL)[:, None]
        before = self.power[:, None] * (used.cumsum(axis=1) - used)
        whole = np.where(used, np.minimum(self.power[:, None], self.energy[:, None] - before), 0.0)
        return np.where(self.switched[:, None], whole, runs)

    def settle(self, i: int, left: Floats, costs: Costs, room: Floats | None = None) -> Any:
        """As of `Fleet`: each kink of a slot's cost makes a slot of its own, and they are filled in the order of their slopes.

        What is switched takes its slots in the order of what each costs whole.
        """
        alone, costs = self.some(np.array([i])), within(costs, left, room)
        most = np.where(self.may[i], self.power[i], 0.0)
        if self.switched[i]:
            whole = np.where(self.may[i], costs.added(left, most) + self.power[i] * alone._waiting()[0], np.inf)
            return alone.realised(np.zeros((1, HORIZON)), whole)[0]
        lengths, slopes = costs.steps(left, most)
        order = (slopes + alone._waiting()).ravel().argsort(kind="stable")
        lengths = lengths.ravel()[order]
        taken = np.clip(self.energy[i] - (lengths.cumsum() - lengths), 0.0, lengths)
        return np.bincount(order % HORIZON, weights=taken, minlength=HORIZON)

    def formulate(self, i: int, name: str) -> Formulation:
        """0 ≤ x_t ≤ power, Σ_t x_t = energy. What is switched uses n slots, z_t, and rests for a share r of the last one, y_t:

        x_t = power · (z_t − r · y_t),   Σ_t z_t = n,   Σ_t y_t = 1,   y_t ≤ z_t,   z_s ≤ 1 − Σ_{t<s} y_t,   z, y ∈ {0, 1}
        """
        slots, power = [int(t) for t in np.flatnonzero(self.may[i])], float(self.power[i])
        alone, waiting = self.some(np.array([i])), self._waiting()[i]
        if not self.switched[i]:
            return self._modulated(slots, i, name)
        n = int(np.ceil(self.energy[i] / power - FULL))
        rest = n - float(self.energy[i]) / power
        z = {t: pulp.LpVariable(f"{name}_z{t}", cat=pulp.LpBinary) for t in slots}
        y = {t: pulp.LpVariable(f"{name}_y{t}", cat=pulp.LpBinary) for t in slots}
        rows = [(pulp.lpSum(z.values()) == n, f"{name}_slots"), (pulp.lpSum(y.values()) == 1, f"{name}_last")]
        for t in slots:
            rows.append((y[t] - z[t] <= 0, f"{name}_uses{t}"))
            rows.append((pulp.LpAffineExpression([(z[t], 1.0), *((y[s], 1.0) for s in slots if s < t)]) <= 1, f"{name}_over{t}"))

        def begin(run: Any) -> None:
            last = int(np.flatnonzero(run)[-1])
            for t in slots:
                z[t].setInitialValue(int(run[t] > 0))
                y[t].setInitialValue(int(t == last))

        def read() -> Any:
            run = np.zeros(HORIZON)
            run[slots] = [power * round(z[t].value()) for t in slots]
            return alone.realised(run[None], np.arange(0.0, HORIZON))[0]

        drawn = [(t, z[t], power) for t in slots] + ([(t, y[t], -power * rest) for t in slots] if rest > FULL else [])
        return Formulation(tuple(drawn), np.zeros(HORIZON), tuple((v, w * float(waiting[t])) for t, v, w in drawn), tuple(rows),
                           begin, read)

    def _modulated(self, slots: list[int], i: int, name: str) -> Formulation:
        x = {t: pulp.LpVariable(f"{name}_x{t}", 0, float(self.power[i])) for t in slots}
        waiting = self._waiting()[i]

        def begin(run: Any) -> None:
            for t in slots:
                x[t].setInitialValue(float(min(run[t], self.power[i])))

        def read() -> Any:
            run = np.zeros(HORIZON)
            run[slots] = [max(0.0, x[t].value()) for t in slots]
            return run * self.energy[i] / max(run.sum(), FULL)

        return Formulation(tuple((t, x_t, 1.0) for t, x_t in x.items()), np.zeros(HORIZON),
                           tuple((x_t, float(waiting[t])) for t, x_t in x.items()),
                           ((pulp.lpSum(x.values()) == float(self.energy[i]), f"{name}_energy"),), begin, read)

    def sizes(self) -> Floats:
        """As of `Fleet`."""
        return self.energy

    def peaks(self) -> Floats:
        """As of `Fleet`."""
        return self.power

    def dearest(self) -> Floats:
        """As of `Fleet`."""
        return self.own(self._poured(np.where(self.may, -np.arange(HORIZON), np.inf)))

    def _waiting(self) -> Floats:
        """The price of a watt in each slot by itself: what draws all its power waits at the price of a machine."""
        waiting: Floats = (self.haste / self.power)[:, None] * np.arange(HORIZON)
        return waiting

    def _poured_alike(self, price: Floats) -> Runs:
        """The energy in the slots of all the loads in one order: far quicker than an order for each."""
        order = price.argsort(kind="stable")
        most, runs = self.power[:, None] * self.may[:, order], np.empty(self.may.shape)
        runs[:, order] = np.clip(self.energy[:, None] - (most.cumsum(axis=1) - most), 0.0, most)
        return runs

    def _poured(self, price: Floats) -> Runs:
        """The energy in the slots of each load in the order of their prices, each filled before the next."""
        order = price.argsort(axis=1, kind="stable")
        most = self.power[:, None] * np.take_along_axis(self.may, order, axis=1)
        runs = np.zeros(price.shape)
        np.put_along_axis(runs, order, np.clip(self.energy[:, None] - (most.cumsum(axis=1) - most), 0.0, most), axis=1)
        return runs
