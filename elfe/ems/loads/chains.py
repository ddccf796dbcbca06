"""The shape of a tank: so many slots one after the other among those that it may use; it pauses between two windows.

A run is the slot that it starts in. With u_0 < u_1 < … the usable slots of a load, n the slots that it needs and r the share of the
last one that it heats:

    respond(λ) = min_j  P · ( λ_{u_j} + … + λ_{u_{j+n−2}} + r · λ_{u_{j+n−1}} ) + haste · u_j + faith · [u_j ≠ promised]
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import field, frozen

from elfe.ems.loads.base import NEVER, OWN, Bools, Choosing, Floats, Ints, Menu, Runs, Wishes
from elfe.slots import HORIZON


@frozen(eq=False)
class Chains(Choosing):
    """usable[i] are the slots of load i in their order, filled up with 96."""

    usable: Ints             # loads × 96
    needed: Ints             # slots
    power: Floats            # W
    last_share: Floats       # of the power, in the last slot
    haste: Floats = field(metadata=OWN)
    promised: Ints           # the slot of the start that was told before, −1: none
    faith: Floats = field(metadata=OWN)

    @classmethod
    def of(cls, usable: Sequence[Sequence[int]], needed: Sequence[int], power: Sequence[float], energy: Sequence[float],
           wishes: Sequence[Wishes]) -> Chains:
        """From plain values; `energy` in W summed over slots, cut to what the needed slots hold."""
        filled = np.full((len(usable), HORIZON), HORIZON, np.int64)
        for here, row in zip(filled, usable, strict=True):
            here[:len(row)] = row
        slots, powers = np.array(needed, np.int64), np.array(power, float)
        share = (np.array(energy, float) / np.maximum(powers, 1e-9) - (slots - 1)).clip(0.0, 1.0)
        return cls(filled, slots, powers, share, np.array([each.haste for each in wishes], float),
                   np.array([each.promised for each in wishes], np.int64), np.array([each.faith for each in wishes], float))

    @property
    def count(self) -> int:
        """As of `Fleet`."""
        return len(self.needed)

    def respond(self, price: Floats) -> tuple[Runs, Floats]:
        """As of `Fleet`; the earliest among equals."""
        priced = np.append(price, 0.0)[self.usable]
        summed = np.concatenate([np.zeros((self.count, 1)), priced.cumsum(axis=1)], axis=1)
        begins = np.arange(HORIZON)
        ends = np.minimum(begins + self.needed[:, None] - 1, HORIZON - 1)            # the last slot of a run from each of them
        whole = np.take_along_axis(summed, ends, axis=1) - summed[:, :HORIZON]
        cost = self.power[:, None] * (whole + self.last_share[:, None] * np.take_along_axis(priced, ends, axis=1))
        cost += self.haste[:, None] * self.usable + self.faith[:, None] * self._breaks(self.usable)
        room = (self.usable < HORIZON).sum(axis=1) - self.needed
        cost[begins > room[:, None]] = NEVER
        picked = cost.argmin(axis=1)[:, None]
        return np.take_along_axis(self.usable, picked, axis=1)[:, 0], np.take_along_axis(cost, picked, axis=1)[:, 0]

    def powers(self, runs: Runs) -> Floats:
        """As of `Fleet`."""
        begins = (self.usable < runs[:, None]).sum(axis=1)[:, None]
        place = np.arange(HORIZON)
        behind = place - begins
        drawn = self.power[:, None] * ((behind >= 0) & (behind < self.needed[:, None] - 1))
        drawn = drawn + (self.power * self.last_share)[:, None] * (behind == self.needed[:, None] - 1)
        powers = np.zeros((len(runs), HORIZON + 1))
        np.put_along_axis(powers, self.usable, drawn, axis=1)
        total: Floats = powers[:, :HORIZON]
        return total

    def own(self, runs: Runs) -> Floats:
        """As of `Fleet`."""
        own: Floats = self.haste * runs + self.faith * self._breaks(runs[:, None])[:, 0]
        return own

    def menu(self, i: int) -> Menu:
        """As of `Choosing`."""
        mine = self.usable[i, self.usable[i] < HORIZON]
        needed = int(self.needed[i])
        slots = np.lib.stride_tricks.sliding_window_view(mine, needed)
        powers = np.full(needed, self.power[i])
        powers[-1] *= self.last_share[i]
        own = self.haste[i] * slots[:, 0] + self.faith[i] * ((slots[:, 0] != self.promised[i]) & (self.promised[i] >= 0))
        return Menu(slots[:, 0], slots, np.broadcast_to(powers, slots.shape), own)

    def soonest(self) -> Runs:
        """As of `Fleet`."""
        return self.usable[:, 0].copy()

    def told(self) -> Ints:
        """As of `Fleet`."""
        behind = (self.usable < HORIZON).sum(axis=1) - (self.usable < self.promised[:, None]).sum(axis=1)
        may = (self.usable == self.promised[:, None]).any(axis=1) & (behind >= self.needed) & (self.promised < HORIZON)
        return np.where(may, self.promised, -1)

    def dearest(self) -> Floats:
        """As of `Fleet`."""
        dearest: Floats = self.haste * HORIZON + self.faith
        return dearest

    def sizes(self) -> Floats:
        """As of `Fleet`."""
        total: Floats = self.power * (self.needed - 1 + self.last_share)
        return total

    def _breaks(self, starts: Ints) -> Bools:
        broken: Bools = (starts != self.promised[:, None]) & (self.promised[:, None] >= 0)
        return broken
