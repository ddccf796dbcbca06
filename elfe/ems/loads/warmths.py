"""The shape of a room that is kept warm. A run is a row of 96 powers, each none or all of the heater's.

The room's temperature T after slot t, of one resistance and one capacity, exact for a quarter:

    T_t = a · T_{t−1} + (1 − a) · (outside_t + R · x_t)          a = exp(−900 s / RC)          low_t ≤ T_t ≤ high_t

    respond(λ) = min Σ_t λ_t · x_t  with 0 ≤ x_t ≤ P         as if the heater modulated: its answers are `relaxed`

Solved exactly, for all rooms at once, going forward in time. In the unit T / a^t a quarter of heat counts the same for good: each
slot is an offer of so many units at a price per unit. Where the state must rise to `low` the cheapest offers are taken, whenever
they stood; where all that is offered would lift it above `high` the dearest are forgotten. (The value of the state is convex and
piecewise linear: its pieces are the offers, its domain is what can be reached.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pulp
from attrs import frozen

from elfe.ems.costs import Costs
from elfe.ems.loads.base import OVERLOAD, Fleet, Floats, Formulation, Ints, Runs
from elfe.slots import HORIZON

AT_ONCE = 1024           # rooms solved at once: their offers stay in the processor's cache
NEARLY, ALIKE = 1e-6, 0.05      # K


@frozen(eq=False)
class Warmths(Fleet):
    """`low` and `high` can be kept by some run, which whoever makes a fleet sees to."""

    begin: Floats            # °C before the first slot
    keep: Floats             # a
    outside: Floats          # rooms × slots, °C
    gain: Floats             # (1 − a) · R, K per W
    watts: Floats            # P
    low: Floats              # rooms × slots, °C
    high: Floats

    convex = True            # what modulates mixes; `realised` makes on and off of it

    @property
    def count(self) -> int:
        """As of `Fleet`."""
        return len(self.begin)

    def respond(self, price: Floats) -> tuple[Runs, Floats]:
        """As of `Fleet`: `relaxed`."""
        runs = np.concatenate([np.zeros((0, HORIZON)), *(
            self.some(slice(begin, begin + AT_ONCE))._solved(np.broadcast_to(price, self.low[begin:begin + AT_ONCE].shape))
            for begin in range(0, self.count, AT_ONCE))])
        return runs, runs @ price

    def powers(self, runs: Runs) -> Floats:
        """As of `Fleet`."""
        return runs

    def own(self, runs: Runs) -> Floats:
        """As of `Fleet`: nothing."""
        return np.zeros(len(runs))

    def temperatures(self, runs: Runs) -> Floats:
        """The temperature after each slot, rooms × slots, °C."""
        now, told = self.begin, []
        for t in range(HORIZON):
            now = self.keep * now + (1 - self.keep) * self.outside[:, t] + self.gain * runs[:, t]
            told.append(now)
        return np.stack(told, axis=1)

    def soonest(self) -> Runs:
        """Nobody plans: a thermostat at the least that is wanted."""
        return self._followed(self.low)

    def realised(self, runs: Runs, _price: Floats) -> Runs:
        """On or off for whole slots, along the temperatures of the relaxed run, never below `low`."""
        if ((runs == 0) | (runs == self.watts[:, None])).all():
            return runs
        return self._followed(self.temperatures(runs))

    def settle(self, i: int, left: Floats, costs: Costs, room: Floats | None = None) -> Any:
        """As of `Fleet`: dynamic programming over its temperatures, of those that are alike the cheapest."""
        watts = float(self.watts[i])
        added = costs.table(np.arange(HORIZON)[:, None], np.full((HORIZON, 1), watts)).added(np.append(left, np.inf)[None])[0]
        if room is not None:
            added = added + OVERLOAD * np.maximum(0.0, watts - room)
        cools, step = (1 - float(self.keep[i])) * self.outside[i], float(self.gain[i]) * watts
        now, cost, trail = np.array([self.begin[i]]), np.zeros(1), []
        for t in range(HORIZON):
            cold = float(self.keep[i]) * now + cools[t]
            rests = cold >= self.low[i, t] - NEARLY
            heats = ~rests | (cold + step <= self.high[i, t] + NEARLY)
            came = np.concatenate([np.flatnonzero(rests), np.flatnonzero(heats)])
            on = np.arange(len(came)) >= rests.sum()
            now, cost = cold[came] + step * on, cost[came] + added[t] * on
            kept = _cheapest_of_alike(now, cost)
            now, cost = now[kept], cost[kept]
            trail.append((came[kept], on[kept]))
        run, at = np.zeros(HORIZON), int(cost.argmin())
        for t in range(HORIZON - 1, -1, -1):
            run[t] = watts * trail[t][1][at]
            at = int(trail[t][0][at])
        return run

    def formulate(self, i: int, name: str) -> Formulation:
        """z_t ∈ {0, 1} heats for slot t; T_t as above, between its bounds."""
        watts, a = float(self.watts[i]), float(self.keep[i])
        z = [pulp.LpVariable(f"{name}_z{t}", cat=pulp.LpBinary) for t in range(HORIZON)]
        warm = [pulp.LpVariable(f"{name}_T{t}", float(self.low[i, t]) - NEARLY, float(self.high[i, t]) + NEARLY)
                for t in range(HORIZON)]
        rows = []
        for t in range(HORIZON):
            before = [(warm[t - 1], -a)] if t else []
            known = (1 - a) * float(self.outside[i, t]) + (0.0 if t else a * float(self.begin[i]))
            heat = [(z[t], -float(self.gain[i]) * watts)]
            rows.append((pulp.LpAffineExpression([(warm[t], 1.0), *before, *heat]) == known, f"{name}_warm{t}"))

        def begin(run: Any) -> None:
            for t, now in enumerate(self.some(np.array([i])).temperatures(run[None])[0]):
                z[t].setInitialValue(int(run[t] > 0))
                warm[t].setInitialValue(float(now))

        def read() -> Any:
            return np.array([watts * round(z_t.value()) for z_t in z])

        return Formulation(tuple((t, z_t, watts) for t, z_t in enumerate(z)), np.zeros(HORIZON), (), tuple(rows), begin, read)

    def peaks(self) -> Floats:
        """As of `Fleet`."""
        return self.watts

    def _followed(self, wanted: Floats) -> Runs:
        """On where the room would else be below `low`, or further below what is wanted than half of what a slot heats."""
        now, runs, step = self.begin, np.zeros(self.low.shape), self.gain * self.watts
        for t in range(HORIZON):
            cold = self.keep * now + (1 - self.keep) * self.outside[:, t]
            must = cold < self.low[:, t] - NEARLY
            may = cold + step <= self.high[:, t] + NEARLY
            heats = must | (may & (cold + step / 2 < wanted[:, t]))
            runs[:, t] = np.where(heats, self.watts, 0.0)
            now = cold + np.where(heats, step, 0.0)
        return runs

    def _solved(self, price: Floats) -> Runs:
        """See the module; a price per room and slot."""
        grown = self.keep[:, None] ** -np.arange(1.0, HORIZON + 1)         # one K after slot t, in units
        unit = self.gain[:, None] * grown                                   # units per W in slot t
        low, high, drift = self.low * grown, self.high * grown, (1 - self.keep)[:, None] * self.outside * grown
        each = price / unit
        order = each.argsort(axis=1, kind="stable")
        place = _inverse(order)
        offered, taken = np.zeros(price.shape), np.zeros(price.shape)       # in the order of their prices
        rows, state = np.arange(self.count), self.begin.copy()
        for t in range(HORIZON):
            state = state + drift[:, t]
            offered[rows, place[:, t]] = unit[:, t] * self.watts
            before = offered.cumsum(axis=1) - offered
            now = np.clip((low[:, t] - state)[:, None] - before, 0.0, offered)
            taken, offered, state = taken + now, offered - now, state + now.sum(axis=1)
            before = offered.cumsum(axis=1) - offered
            offered = np.clip((high[:, t] - state)[:, None] - before, 0.0, offered)
        taken = taken + np.where(np.take_along_axis(each, order, axis=1) < 0, offered, 0.0)
        runs: Runs = np.minimum(np.take_along_axis(taken, place, axis=1) / unit, self.watts[:, None])
        return runs


def _cheapest_of_alike(temperatures: Floats, cost: Floats) -> Ints:
    """Of temperatures that are alike, the index of the cheapest."""
    kinds = np.floor(temperatures / ALIKE).astype(np.int64)
    order = np.lexsort((cost, kinds))
    kept: Ints = order[np.flatnonzero(np.diff(kinds[order], prepend=kinds[order][0] - 1))]
    return kept


def _inverse(order: Ints) -> Ints:
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(order.shape[1]), order.shape), axis=1)
    return place
