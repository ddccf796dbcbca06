"""The shape of what stores: a room that is kept warm, a battery. A run is a row of 96 powers, negative where a battery gives.

The state s after slot t (°C of a room, Wh of a battery), x_t = base + Σ_j v_jt the power, each part j of it between 0 and watts_j:

    s_t = keep · s_{t−1} + drift_t + Σ_j gain_j · v_jt                       low_t ≤ s_t ≤ high_t

    respond(λ) = min Σ_t λ_t · x_t + wear · max(0, x_t)

A room has one part, what its heater draws, and no base. A battery has the base −D, as if it always gave all that it can; its first
part is to give less, its second to be charged, which stores less per watt. What is only switched answers as if it modulated, and
where a price is below zero a battery as if it could be charged and give at once: such answers are `relaxed`.

Solved exactly, for all loads at once, going forward in time. In the unit s / keep^t what is stored counts the same for good: each
part of each slot is an offer of so many units at a price per unit. Where the state must rise to `low` the cheapest offers are
taken, whenever they stood; where all that is offered would lift it above `high` the dearest are forgotten. (The value of the state
is convex and piecewise linear: its pieces are the offers, its domain is what can be reached.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pulp
from attrs import frozen

from elfe.ems.costs import Costs
from elfe.ems.loads.base import Bools, Fleet, Floats, Formulation, Ints, Runs, within
from elfe.slots import HORIZON

AT_ONCE = 512            # loads solved at once: their offers stay in the processor's cache
NEARLY, ALIKE = 1e-6, 0.05
"""Units of state: what rounding may miss a bound by; what is the same state for a heater that is switched."""


@frozen(eq=False)
class Stores(Fleet):
    """`low` and `high` can be kept by some run, from each of their states on, which whoever makes a fleet sees to."""

    begin: Floats            # the state before the first slot
    keep: Floats             # the share of the state that a slot leaves
    drift: Floats            # loads × slots, units of state
    base: Floats             # W
    watts: Floats            # loads × parts, W
    gain: Floats             # loads × parts, units of state per W; no part gives more than the one before it
    low: Floats              # loads × slots
    high: Floats
    switched: Bools          # whether its only part is drawn whole or not at all
    wear: Floats             # W of import that a watt which is stored weighs: of a battery, whose every charge ages it

    relaxed = True

    @property
    def convex(self) -> bool:           # type: ignore[override]
        """As of `Fleet`."""
        return not self.switched.any()

    @property
    def count(self) -> int:
        """As of `Fleet`."""
        return len(self.begin)

    def respond(self, price: Floats) -> tuple[Runs, Floats]:
        """As of `Fleet`: `relaxed`."""
        found = [self.some(slice(begin, begin + AT_ONCE))._answered(price) for begin in range(0, self.count, AT_ONCE)]
        return (np.concatenate([np.zeros((0, HORIZON)), *(runs for runs, _ in found)]),
                np.concatenate([np.zeros(0), *(cost for _, cost in found)]))

    def powers(self, runs: Runs) -> Floats:
        """As of `Fleet`."""
        return runs

    def own(self, runs: Runs) -> Floats:
        """As of `Fleet`."""
        own: Floats = self.wear * runs.clip(min=0.0).sum(axis=1)
        return own

    def states(self, runs: Runs) -> Floats:
        """The state after each slot, loads × slots."""
        now, told = self.begin, []
        for t in range(HORIZON):
            now = self.keep * now + self.drift[:, t] + (self.gain * self._parts(runs[:, t])).sum(axis=1)
            told.append(now)
        return np.stack(told, axis=1)

    def soonest(self) -> Runs:
        """Nobody plans: a thermostat at the least that is wanted; a battery rests, but for what it must."""
        return np.where(self.switched[:, None], self._followed(self.low), self._held(np.zeros(self.low.shape)))

    def realised(self, runs: Runs, _price: Floats) -> Runs:
        """What is switched is on or off for whole slots, along the states of the relaxed run; the rest keeps within its bounds."""
        whole = (runs == 0) | (runs == self.watts[:, :1])
        follows = self.switched & ~whole.all(axis=1)
        real = np.where(self.switched[:, None], runs, self._held(runs))
        if follows.any():
            some = self.some(np.flatnonzero(follows))
            real[follows] = some._followed(some.states(runs[follows]))
        return real

    def settle(self, i: int, left: Floats, costs: Costs, room: Floats | None = None) -> Any:
        """As of `Fleet`."""
        alone, costs = self.some(np.array([i])), within(costs, left, room)
        return alone._stepped(left, costs) if self.switched[i] else alone._poured(left, costs)

    def formulate(self, i: int, name: str) -> Formulation:
        """v_jt and s_t as above; what is switched draws watts · z_t, z_t ∈ {0, 1}."""
        parts, slots = range(self.watts.shape[1]), range(HORIZON)
        cat = pulp.LpInteger if self.switched[i] else pulp.LpContinuous
        unit = [float(w) if self.switched[i] else 1.0 for w in self.watts[i]]
        v = [[pulp.LpVariable(f"{name}_v{j}_{t}", 0, float(self.watts[i, j]) / unit[j], cat) for t in slots] for j in parts]
        s = [pulp.LpVariable(f"{name}_s{t}", float(self.low[i, t]) - NEARLY, float(self.high[i, t]) + NEARLY) for t in slots]
        rows = []
        for t in slots:
            raised = [(v[j][t], -float(self.gain[i, j]) * unit[j]) for j in parts]
            before = [(s[t - 1], -float(self.keep[i]))] if t else []
            known = float(self.drift[i, t]) + (0.0 if t else float(self.keep[i] * self.begin[i]))
            rows.append((pulp.LpAffineExpression([(s[t], 1.0), *before, *raised]) == known, f"{name}_state{t}"))
        alone = self.some(np.array([i]))

        def begin(run: Any) -> None:
            for t, state in enumerate(alone.states(run[None])[0]):
                s[t].setInitialValue(float(np.clip(state, s[t].lowBound, s[t].upBound)))
                for j, part in enumerate(alone._parts(run[t:t + 1])[0]):
                    v[j][t].setInitialValue(float(part) / unit[j])

        def read() -> Any:
            drawn = np.array([[float(v[j][t].value()) for t in slots] for j in parts])
            drawn = drawn.round() if self.switched[i] else drawn
            return alone.realised((self.base[i] + np.array(unit) @ drawn)[None], np.zeros(HORIZON))[0]

        own = tuple((v_t, float(self.wear[i]) * unit[-1]) for v_t in v[-1]) if self.wear[i] else ()
        return Formulation(tuple((t, v[j][t], unit[j]) for j in parts for t in slots), np.full(HORIZON, self.base[i]), own,
                           tuple(rows), begin, read)

    def sizes(self) -> Floats:
        """As of `Fleet`."""
        total: Floats = self.watts.sum(axis=1)
        return total

    def peaks(self) -> Floats:
        """As of `Fleet`."""
        peaks: Floats = self.base + self.watts.sum(axis=1)
        return peaks

    def dearest(self) -> Floats:
        """As of `Fleet`."""
        dearest: Floats = self.wear * HORIZON * self.watts[:, -1]
        return dearest

    def _wears(self) -> Floats:
        """What a watt of each part weighs by itself, loads × parts: the last one stores."""
        stores = np.arange(self.watts.shape[1]) == self.watts.shape[1] - 1
        weighs: Floats = self.wear[:, None] * stores
        return weighs

    def _parts(self, powers: Floats) -> Floats:
        """What each part draws where the loads draw this, loads × parts."""
        more = (powers - self.base)[:, None]
        before = self.watts.cumsum(axis=1) - self.watts
        parts: Floats = np.clip(more - before, 0.0, self.watts)
        return parts

    # -- what can be carried out --------------------------------------------------------------------------------------------------

    def _held(self, runs: Runs) -> Runs:
        """The same, but for what would leave the bounds."""
        held, now = np.empty(runs.shape), self.begin
        for t in range(HORIZON):
            rests = self.keep * now + self.drift[:, t]
            parts = self._parts(runs[:, t])
            state = rests + (self.gain * parts).sum(axis=1)
            for j in range(self.watts.shape[1]):
                lacks = np.maximum(0.0, self.low[:, t] - state) / self.gain[:, j]
                more = np.minimum(lacks, self.watts[:, j] - parts[:, j])
                parts[:, j] += more
                state = state + self.gain[:, j] * more
            for j in reversed(range(self.watts.shape[1])):
                over = np.maximum(0.0, state - self.high[:, t]) / self.gain[:, j]
                less = np.minimum(over, parts[:, j])
                parts[:, j] -= less
                state = state - self.gain[:, j] * less
            held[:, t], now = self.base + parts.sum(axis=1), state
        return held

    def _followed(self, wanted: Floats) -> Runs:
        """On where the state would else be below `low`, or further below what is wanted than half of what a slot gives."""
        now, runs = self.begin, np.zeros(self.low.shape)
        watts, step = self.watts[:, 0], self.gain[:, 0] * self.watts[:, 0]
        for t in range(HORIZON):
            rests = self.keep * now + self.drift[:, t]
            must = rests < self.low[:, t] - NEARLY
            may = rests + step <= self.high[:, t] + NEARLY
            draws = must | (may & (rests + step / 2 < wanted[:, t]))
            runs[:, t] = np.where(draws, watts, 0.0)
            now = rests + np.where(draws, step, 0.0)
        return runs

    # -- best answers -------------------------------------------------------------------------------------------------------------

    def _answered(self, price: Floats) -> tuple[Runs, Floats]:
        """As of `respond`."""
        cost = price + self._wears()[:, :, None]
        drawn = self._solved(np.broadcast_to(self.watts[:, :, None], cost.shape), cost, np.arange(self.watts.shape[1]))
        runs = self.base[:, None] + drawn.sum(axis=1)
        return runs, self.base * price.sum() + (drawn * cost).sum(axis=(1, 2))

    def _poured(self, left: Floats, costs: Costs) -> Floats:
        """The best run of the only load: each kink of a slot's cost makes another part of it."""
        lengths, slopes, of = [], [], []
        below = float(self.base[0])
        for j, (watts, wear) in enumerate(zip(self.watts[0], self._wears()[0], strict=True)):
            length, slope = costs.steps(left - below, np.full(HORIZON, watts))
            lengths += list(length)
            slopes += list(slope + wear)
            of += [j] * len(length)
            below += float(watts)
        drawn = self._solved(np.array([lengths]), np.array([slopes]), np.array(of))
        run: Floats = self._held(self.base[:, None] + drawn.sum(axis=1))[0]
        return run

    def _stepped(self, left: Floats, costs: Costs) -> Floats:
        """The best run of the only load, switched: dynamic programming over its states, of those that are alike the cheapest."""
        watts, step = float(self.watts[0, 0]), float(self.gain[0, 0] * self.watts[0, 0])
        added = costs.added(left, np.full(HORIZON, watts))
        now, cost, trail = self.begin.copy(), np.zeros(1), []
        for t in range(HORIZON):
            rests = float(self.keep[0]) * now + self.drift[0, t]
            idle = rests >= self.low[0, t] - NEARLY
            draws = ~idle | (rests + step <= self.high[0, t] + NEARLY)
            came = np.concatenate([np.flatnonzero(idle), np.flatnonzero(draws)])
            on = np.arange(len(came)) >= idle.sum()
            now, cost = rests[came] + step * on, cost[came] + added[t] * on
            kept = _cheapest_of_alike(now, cost)
            now, cost = now[kept], cost[kept]
            trail.append((came[kept], on[kept]))
        run, at = np.zeros(HORIZON), int(cost.argmin())
        for t in range(HORIZON - 1, -1, -1):
            run[t] = watts * trail[t][1][at]
            at = int(trail[t][0][at])
        return run

    def _solved(self, most: Floats, cost: Floats, of: Ints) -> Floats:
        """What each part draws: see the module. `most` W at a `cost` per W, loads × parts × slots; part k gains as of[k] does."""
        count, parts = len(most), most.shape[1]
        grown = self.keep[:, None] ** -np.arange(1.0, HORIZON + 1)         # one unit of state after slot t, in units
        unit = self.gain[:, of, None] * grown[:, None]                      # units per W
        low, high, drift = self.low * grown, self.high * grown, self.drift * grown
        each, volume = (cost / unit).reshape(count, -1), (most * unit).reshape(count, -1)
        order = each.argsort(axis=1, kind="stable")
        place = _inverse(order)
        offered, taken = np.zeros(each.shape), np.zeros(each.shape)         # in the order of their prices
        rows, state = np.arange(count)[:, None], self.begin.copy()
        for t in range(HORIZON):
            here = np.arange(parts) * HORIZON + t
            offered[rows, place[:, here]] = volume[:, here]
            state = state + drift[:, t]
            summed = offered.cumsum(axis=1)
            now = np.diff(np.minimum(summed, np.maximum(0.0, low[:, t] - state)[:, None]), axis=1, prepend=0.0)
            taken += now
            offered -= now
            state = state + now.sum(axis=1)
            summed = np.minimum(offered.cumsum(axis=1), np.maximum(0.0, high[:, t] - state)[:, None])
            offered = np.diff(summed, axis=1, prepend=0.0)
        taken = taken + np.where(np.take_along_axis(each, order, axis=1) < 0, offered, 0.0)
        drawn = np.take_along_axis(taken, place, axis=1).reshape(most.shape) / unit
        found: Floats = np.minimum(drawn, most)
        return found


def _cheapest_of_alike(states: Floats, cost: Floats) -> Ints:
    """Of states that are alike, the index of the cheapest."""
    kinds = np.floor(states / ALIKE).astype(np.int64)
    order = np.lexsort((cost, kinds))
    kept: Ints = order[np.flatnonzero(np.diff(kinds[order], prepend=kinds[order][0] - 1))]
    return kept


def _inverse(order: Ints) -> Ints:
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(order.shape[1]), order.shape), axis=1)
    return place
