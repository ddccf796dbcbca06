"""What a plan is judged by: one convex cost per slot of what the territory imports, and a price of what is drawn. Pure.

Let y_t be what the loads draw together and b_t the balance without them; n_t = y_t − b_t is the net import, W.

    cost(y) = Σ_t Σ_l weight_lt · max(0, n_t − offset_lt) + Σ_t drawn_t · y_t + peak · max_t max(0, n_t)

Each aim of a community is of this form (`Aims.costs`), and so is their sum:

    energy imported              weight 1 from offset 0
    surplus not consumed         max(0, −n) = max(0, n) − n: weight 1 from offset 0, −1 on what is drawn, and a constant
    market price, CO2            weight p_t from offset 0
    a feeder's maximum           a heavy weight from the offset F on
    peak                         the last term
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from elfe.slots import HORIZON

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OVERFLOW = 20.0
"""What a watt beyond a feeder's maximum weighs against a watt of import: more than any price, so it is the last resort."""


@frozen(eq=False)
class Level:
    """A weight on every watt of net import beyond an offset, per slot."""

    offset: Floats
    weight: Floats


@frozen(eq=False)
class Costs:
    """See above. The first level has the offset 0."""

    levels: tuple[Level, ...]
    drawn: Floats                     # per W drawn, per slot
    peak: float = 0.0                 # per W of the greatest import

    def of(self, left: Floats, balance: Floats) -> float:
        """The cost where `left` = balance − y is left of the balance, without the constant of the surplus."""
        net = -left
        kinked = sum(float(level.weight @ np.maximum(0.0, net - level.offset)) for level in self.levels)
        return kinked + float(self.drawn @ (balance - left)) + self.peak * max(0.0, float(net.max(initial=0.0)))

    def table(self, slots: Ints, powers: Floats) -> Table:
        """What rows of powers would cost, row k drawing powers[k, j] in slot slots[k, j]; slot 96 is beyond the horizon.

        Without the peak, which no slot has to itself: `with_peak_at` makes a level of it.
        """
        slots = np.where(powers == 0.0, slots.min(initial=HORIZON), slots)      # nothing is drawn alike anywhere
        window = slice(int(slots.min(initial=HORIZON)), int(slots.max(initial=HORIZON - 1)) + 1)
        steps = tuple(_Step(_unless(0.0, _beyond(level.offset, 0.0)[window]), _unless(1.0, _beyond(level.weight, 1.0)[window]),
                            np.ascontiguousarray((_at(level.weight, slots) * powers).T)[:, :, None]) for level in self.levels)
        return Table(window, np.ascontiguousarray(slots.T) - window.start, (_at(self.drawn, slots) * powers).sum(axis=-1), steps)

    def steps(self, left: Floats, most: Floats) -> tuple[Floats, Floats]:
        """What drawing up to `most` W more costs in each slot: the lengths of its steps, W, and their slopes, steps × slots."""
        kinks = np.stack([np.clip(left + level.offset, 0.0, most) for level in self.levels])
        weights = np.stack([np.broadcast_to(level.weight, most.shape) for level in self.levels])
        order = kinks.argsort(axis=0, kind="stable")
        ends = np.concatenate([np.take_along_axis(kinks, order, axis=0), most[None]])
        rises = np.take_along_axis(weights, order, axis=0).cumsum(axis=0)
        return np.diff(ends, axis=0, prepend=0.0), self.drawn + np.concatenate([np.zeros((1, len(most))), rises])

    def added(self, left: Floats, powers: Floats) -> Floats:
        """What drawing these powers adds in each slot, each for itself."""
        added: Floats = self.table(np.arange(HORIZON)[:, None], powers[:, None]).added(np.append(left, np.inf)[:, None])[:, 0]
        return added

    def scaled(self, share: float) -> Costs:
        """The same for a share of the territory: what limits it is smaller by as much."""
        return evolve(self, levels=tuple(Level(level.offset * share, level.weight) for level in self.levels))

    def beyond(self, offset: Floats, weight: float) -> Costs:
        """The same, with a weight on every watt of net import beyond an offset."""
        return evolve(self, levels=(*self.levels, Level(offset, np.full(HORIZON, weight))))

    def with_peak_at(self, level_w: float) -> Costs:
        """The same, with the peak as a weight on every watt beyond a peak that is there anyway."""
        if not self.peak:
            return self
        return evolve(self.beyond(np.full(HORIZON, level_w), self.peak), peak=0.0)

    @property
    def steepest(self) -> Floats:
        """What a watt can cost at most, per slot, without the peak."""
        total: Floats = self.drawn + sum(level.weight for level in self.levels)
        return total


@frozen(eq=False)
class _Step:
    """A level of the costs as rows meet it, in the window of their table."""

    offset: Floats | None    # slots; None: 0 everywhere
    weight: Floats | None    # slots; None: 1 everywhere
    worth: Floats            # columns × rows × 1: the powers, each at the weight of its slot

    def covers(self, lefts: Floats) -> Floats:
        """How much of what is drawn is below this level, at the weight of its slot. `lefts`: slots × any W."""
        beside = (slice(None), *(None,) * (lefts.ndim - 1))
        covers: Floats = np.maximum(lefts if self.offset is None else lefts + self.offset[beside], 0.0)
        if self.weight is not None:
            covers *= self.weight[beside]
        return covers


@frozen(eq=False)
class Table:
    """Rows of powers with what a watt costs where they draw."""

    window: slice            # of the 97 slots: where any row may draw
    slots: Ints              # columns × rows, counted from the window's first
    drawn: Floats            # per row: the price of what it draws
    steps: tuple[_Step, ...]

    def added(self, lefts: Floats) -> Floats:
        """What each row adds, rows × states. `lefts`: 97 × states W, what is left of the balance; slot 96 is beyond it.

        As no weight is below zero, weight · max(0, power − left) = max(0, weight · power − weight · left).
        """
        total = np.empty((len(self.drawn), lefts.shape[1]))
        total[:] = self.drawn[:, None]
        for step in self.steps:
            total += _over(step.worth, step.covers(lefts[self.window]).take(self.slots, axis=0))
        return total

    def added_after(self, rows: Ints, left: Floats, columns: Floats, picks: Ints) -> Floats:
        """What some rows add after each of some draws of another load, rows × copies × draws: others in each copy.

        `rows`: rows × copies; `left`: 97 × copies W; `columns`: 97 × alternatives W, of which `picks` (copies × draws) draw first.
        """
        lefts = left[self.window, :, None] - columns[self.window][:, picks]
        total = np.empty((*rows.shape, picks.shape[1]))
        total[:] = self.drawn[rows][:, :, None]
        slots, copies = self.slots[:, rows], np.arange(rows.shape[1])
        for step in self.steps:
            total += _over(step.worth[:, rows], step.covers(lefts)[slots, copies])
        return total


def _over(worth: Floats, covered: Floats) -> Floats:
    """What is drawn above a level, summed over columns (the first axis); `covered` is used up."""
    np.subtract(worth, covered, out=covered)
    np.maximum(covered, 0.0, out=covered)
    total: Floats = covered.sum(axis=0)
    return total


def _beyond(row: Floats, last: float) -> Floats:
    """A row of slots with one beyond the horizon, where nothing is ever drawn."""
    extended: Floats = np.append(row, last)
    return extended


def _unless(usual: float, row: Floats) -> Floats | None:
    """The row, where it is not the same everywhere."""
    return None if (row == usual).all() else row


def _at(row: Floats, slots: Ints) -> Floats:
    taken: Floats = np.append(row, 0.0)[slots]
    return taken


IMPORT = Costs((Level(np.zeros(HORIZON), np.ones(HORIZON)),), np.zeros(HORIZON))
"""The documentation's first wording: the energy imported."""


@frozen
class Aims:
    """How much each aim weighs. The unit is a watt of import for a slot; a price or an intensity weighs relatively to its mean."""

    imported: float = 1.0
    unused_surplus: float = 0.0
    price: float = 0.0
    co2: float = 0.0
    peak: float = 0.0
    feeder_w: float | None = None                # the territory's import is kept below it where that is possible
    prices: tuple[float, ...] = ()               # per slot, any unit; empty: unknown, and the aim is left out
    intensities: tuple[float, ...] = ()          # likewise, of the imported energy

    def costs(self) -> Costs:
        """As a cost."""
        weight = np.full(HORIZON, self.imported + self.unused_surplus)
        weight = weight + self.price * _relative(self.prices) + self.co2 * _relative(self.intensities)
        feeder = () if self.feeder_w is None else (Level(np.full(HORIZON, self.feeder_w), np.full(HORIZON, OVERFLOW)),)
        return Costs((Level(np.zeros(HORIZON), weight), *feeder), np.full(HORIZON, -self.unused_surplus), self.peak)


USUAL_TIMES = 20.0
"""What a price or an intensity weighs at most, times the usual one: a single one that cannot be would make all others nothing."""


def _relative(values: Sequence[float]) -> Floats:
    """Each value by the mean of them all, none below zero: importing is never paid for by a weight."""
    if not values:
        return np.zeros(HORIZON)
    row = np.asarray(values, float).clip(min=0.0)
    usual = float(np.median(row))
    row = row.clip(max=USUAL_TIMES * usual) if usual > 0 else row
    relative: Floats = row / row.mean() if row.mean() > 0 else np.zeros(HORIZON)
    return relative
