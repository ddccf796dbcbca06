"""The shape of what stores: a room that is kept warm, a battery. A run is a row of 96 powers, negative where a battery gives.

The state s after slot t (°C of a room, Wh of a battery), x_t = base + Σ_j v_jt the power, each part j of it between 0 and watts_j:

    s_t = keep · s_{t−1} + drift_t + Σ_j gain_j · v_jt                       low_t ≤ s_t ≤ high_t

    respond(λ) = min Σ_t λ_t · x_t + wear · max(0, x_t)

A room has one part, what its heater draws, and no base. A battery has the base −D, as if it always gave all that it can; its first
part is to give less, its second to be charged, which stores less per watt. What is only switched answers as if it modulated, and
where a price is below zero a battery as if it could be charged and give at once: such answers are `relaxed`.

Solved exactly, for all loads at once. In the unit s / keep^t what is stored counts the same for good, so each part of each slot is
an offer of so many units at a price per unit. W_t(s), the least that state s costs, is convex; where its slope passes a price p is

    S_t(p) = clip( S_{t−1}(p) + drift_t + Σ of the offers of slot t that are cheaper than p,   low_t, high_t )

one clipped sum per price, and the only prices that matter are those of the offers. Going back, an offer of price c is taken as far
as the state before it would else have to be above S_{t−1}(c).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pulp
from attrs import define, field, frozen

from elfe.ems.costs import Costs
from elfe.ems.loads.base import OVERLOAD, OWN, Bools, Fleet, Floats, Formulation, Ints, Runs, within
from elfe.slots import HORIZON

AT_ONCE = 256            # loads solved at once: their states stay in the processor's cache
FEW_AT_ONCE = 128        # of what is switched
MOST_LABELS = 2000
NEAR_HIGH, DENSE = 2, 64 # slots of heating below the warmest that is allowed: so many labels are kept in each
NEARLY = 1e-6            # units of state that rounding may miss a bound by
SAME_COST = 1e-6         # W summed over slots: what rounding may make of the same cost
PRICE_DIGITS = 4
"""Prices are rounded: so many runs cost the same, and fewer states differ. It hardly moves a bound."""


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
    wear: Floats = field(metadata=OWN)     # W of import that a stored watt weighs: of a battery, whose every charge ages it

    @property
    def relaxed(self) -> bool:          # type: ignore[override]
        """As of `Fleet`: what is switched takes one of its answers."""
        return not self.switched.any()

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

    def exactly(self, price: Floats) -> tuple[Runs, Floats]:
        """As of `Fleet`: what is switched, by the states that it can reach."""
        runs, cost = self.respond(price)
        which = np.flatnonzero(self.switched)
        for some in (which[begin:begin + FEW_AT_ONCE] for begin in range(0, len(which), FEW_AT_ONCE)):
            found, least = self.some(some)._switched(np.broadcast_to(price, (len(some), HORIZON)))
            runs[some], cost[some] = found, np.maximum(cost[some], least)
        return runs, cost

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

    def fitted(self, price: Floats, room: Floats) -> Runs:
        """For each load a cheap run at a price per slot where its home has `room` W, loads × slots: all of them at once."""
        runs = np.empty(room.shape)
        for kind, at_once in ((True, FEW_AT_ONCE), (False, AT_ONCE)):
            which = np.flatnonzero(self.switched == kind)
            for some in (which[begin:begin + at_once] for begin in range(0, len(which), at_once)):
                runs[some] = (self.some(some)._switched_within if kind else self.some(some)._poured_within)(price, room[some])
        return runs

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
        """The best run of the only load, switched."""
        watts = float(self.watts[0, 0])
        price = (costs.added(left, np.full(HORIZON, watts)) / watts).round(PRICE_DIGITS)
        run: Floats = self._switched(price[None])[0][0]
        return run

    def _switched_within(self, price: Floats, room: Floats) -> Runs:
        watts = self.watts[:, :1]
        return self._switched((price + OVERLOAD * np.maximum(0.0, watts - room) / watts).round(PRICE_DIGITS))[0]

    def _poured_within(self, price: Floats, room: Floats) -> Runs:
        """Each part of each load is two: what its home has room for, and what is beyond."""
        below = (self.base[:, None] + self.watts.cumsum(axis=1) - self.watts)[:, :, None]
        inside = np.clip(room[:, None] - below, 0.0, self.watts[:, :, None])
        cost = np.broadcast_to(price + self._wears()[:, :, None], inside.shape)
        drawn = self._solved(np.concatenate([inside, self.watts[:, :, None] - inside], axis=1),
                             np.concatenate([cost, cost + OVERLOAD], axis=1), np.tile(np.arange(self.watts.shape[1]), 2))
        return self._held(self.base[:, None] + drawn.sum(axis=1))

    def _switched(self, price: Floats) -> tuple[Runs, Floats]:
        """The best runs of what is switched, and a cost that none is below: see `_Labels`. `price`: loads × slots."""
        runs, least = _Labels(self, price, overshoots=True).best()
        hot = (self.states(runs) > self.high + NEARLY).any(axis=1)
        if hot.any():
            some = np.flatnonzero(hot)
            runs[some] = _Labels(self.some(some), price[some], overshoots=False).best()[0]
        return runs, least

    def _solved(self, most: Floats, cost: Floats, of: Ints) -> Floats:
        """What each part draws: see the module. `most` W at a `cost` per W, loads × parts × slots; part k gains as of[k] does."""
        grown = self.keep[:, None] ** -np.arange(1.0, HORIZON + 1)         # one unit of state after slot t, in units
        unit = self.gain[:, of, None] * grown[:, None]                      # units per W
        each = np.moveaxis(cost / unit, 0, 2)                               # parts × slots × loads from here on
        volume = np.moveaxis(np.broadcast_to(most, unit.shape) * unit, 0, 2)
        bounds = [np.ascontiguousarray((some * grown).T) for some in (self.drift, self.low, self.high)]
        order = each.argsort(axis=0, kind="stable")
        each, volume = (np.take_along_axis(some, order, axis=0) for some in (each, volume))
        taken = np.empty(volume.shape)
        np.put_along_axis(taken, order, self._taken(each, volume, *bounds), axis=0)
        found: Floats = np.minimum(np.moveaxis(taken, 2, 0) / unit, most)
        return found

    def _taken(self, price: Floats, volume: Floats, drift: Floats, low: Floats, high: Floats) -> Floats:
        """How many units of each offer are taken; the offers of a slot in the order of their prices."""
        parts = len(price)
        levels = np.concatenate([np.swapaxes(price, 0, 1).reshape(parts * HORIZON, -1), np.zeros((1, self.count))])
        state = np.empty(levels.shape)
        state[:] = self.begin
        for t in range(HORIZON):
            later, level = state[parts * (t + 1):], levels[parts * (t + 1):]
            later += drift[t]
            for k in range(parts):
                later += volume[k, t] * (price[k, t] < level)
            np.maximum(later, low[t], out=later)
            np.minimum(later, high[t], out=later)
        taken, now = np.empty(volume.shape), state[-1]
        below = volume.cumsum(axis=0) - volume
        for t in range(HORIZON - 1, -1, -1):
            now = now - drift[t]
            before = now - below[-1, t] - volume[-1, t]
            for k in range(parts):
                before = np.maximum(before, np.minimum(state[parts * t + k], now - below[k, t]))
            taken[:, t] = np.clip(now - before - below[:, t], 0.0, volume[:, t])
            now = before
        return taken


@define(eq=False)
class _Labels:
    """Every state that some run of a switched heater reaches, with the least that it costs, but for those that are both colder and
    no cheaper than another one of the same slot: what a colder room can do a warmer one can for the same price or less.

    That is so where a heater that would make its room too warm may be on and leave it at `high`: `overshoots`, which bounds what it
    can really do. Where it may not, the best of these states gives a good run, and no bound. A load of which more than MOST_LABELS
    states are left is thinned, and its bound is none.

    The labels of all loads lie one behind the other, of each the warmest first: so two sorted halves are merged in each slot.
    """

    fleet: Stores
    price: Floats
    overshoots: bool
    thinned: Bools = field(init=False)
    _load: Ints = field(init=False)
    _state: Floats = field(init=False)
    _cost: Floats = field(init=False)
    _trail: list[tuple[Ints, Bools]] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self._load, self._state = np.arange(self.fleet.count), self.fleet.begin.copy()
        self._cost, self.thinned = np.zeros(self.fleet.count), np.zeros(self.fleet.count, bool)

    def best(self) -> tuple[Runs, Floats]:
        """A cheapest run of each load, and what none is below."""
        for t in range(HORIZON):
            self._step(t)
        count, watts = self.fleet.count, self.fleet.watts[:, 0]
        cheapest = np.lexsort((self._cost, self._load))
        at = cheapest[np.searchsorted(self._load[cheapest], np.arange(count))]
        least = np.where(self.thinned, -np.inf, self._cost[at] - HORIZON * SAME_COST)
        runs = np.zeros((count, HORIZON))
        for t in range(HORIZON - 1, -1, -1):
            came, on = self._trail[t]
            runs[:, t], at = watts * on[at], came[at]
        return runs, least

    def _step(self, t: int) -> None:
        fleet, load = self.fleet, self._load
        watts, low, high = fleet.watts[load, 0], fleet.low[load, t], fleet.high[load, t]
        rests = fleet.keep[load] * self._state + fleet.drift[load, t]
        heated = rests + fleet.gain[load, 0] * watts
        idle, fits = rests >= low - NEARLY, heated <= high + NEARLY
        if self.overshoots:
            heated = np.where(fits, heated, np.maximum(rests, high))
        came = np.concatenate([np.flatnonzero(idle), np.flatnonzero(self.overshoots | fits | ~idle)])
        on = np.arange(len(came)) >= idle.sum()
        state = np.where(on, heated[came], rests[came])
        cost = self._cost[came] + on * (self.price[load, t] * watts)[came]
        kept = self._worth_keeping(load[came], state, cost, t)
        self._load, self._state, self._cost = load[came][kept], state[kept], cost[kept]
        self._trail.append((came[kept], on[kept]))

    def _worth_keeping(self, load: Ints, state: Floats, cost: Floats, t: int) -> Ints:
        """The labels that are cheaper than every warmer one of their load, in order; below `high` also some that are not."""
        wide, dear = 2 * (np.ptp(state) + 1), 2 * (np.ptp(cost) + 1)
        order = (load * wide - state).argsort(kind="stable")
        falling = cost[order] - load[order] * dear                        # below all of the loads before
        before = np.concatenate([[np.inf], np.minimum.accumulate(falling)[:-1]])
        worth = falling < before - SAME_COST
        if not self.overshoots:
            worth |= self._fills_up(load[order], state[order], cost[order], t)
        kept: Ints = order[worth]
        many = np.bincount(load[kept], minlength=self.fleet.count)
        if many.max() > MOST_LABELS:
            full = many > MOST_LABELS
            self.thinned |= full
            place = np.arange(len(kept)) - np.searchsorted(load[kept], load[kept])
            kept = kept[~full[load[kept]] | (place % 2 == (many[load[kept]] - 1) % 2)]      # the coldest stays
        return kept

    def _fills_up(self, load: Ints, state: Floats, cost: Floats, t: int) -> Bools:
        """Whether a label is the cheapest at its distance below `high`: which of them fills the room best is not known yet."""
        fleet = self.fleet
        below = (fleet.high[load, t] - state) / (fleet.gain[load, 0] * fleet.watts[load, 0])
        near = np.flatnonzero(below < NEAR_HIGH)
        place = load[near] * (2 * NEAR_HIGH * DENSE) + np.floor(below[near] * DENSE).astype(np.int64)
        order = np.lexsort((cost[near], place))
        first = order[np.flatnonzero(np.diff(place[order], prepend=-1))]
        found = np.zeros(len(load), bool)
        found[near[first]] = True
        return found
