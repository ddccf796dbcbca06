"""The shape of a machine: one profile, never cut, shifted to a start. A run is the slot that it starts in.

    respond_i(λ) = min_{first_i ≤ s ≤ last_i}  Σ_j λ_{s+j} · profile_ij + haste_i · s + faith_i · [s ≠ promised_i]
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from attrs import field, frozen
from numpy.lib.stride_tricks import sliding_window_view

from elfe.ems.costs import Costs
from elfe.ems.loads.base import NEVER, NOTHING, OWN, Bools, Choosing, Floats, Ints, Menu, Runs, Wishes, arrays, within
from elfe.slots import HORIZON

AT_ONCE = 4096           # loads priced at once: their costs stay in the processor's cache


@cache
def _behind(length: int) -> Ints:
    """The slots that a run of this length is in, by its start: slots × length; 96 is beyond the horizon."""
    slots: Ints = np.minimum(np.arange(HORIZON)[:, None] + np.arange(length), HORIZON)
    return slots


@frozen(eq=False)
class Shifts(Choosing):
    """profile[i, j] W is what load i draws j slots behind its start, which is in first[i] .. last[i]."""

    profile: Floats          # loads × slots of the longest
    first: Ints
    last: Ints
    haste: Floats = field(metadata=OWN)     # W per slot of waiting
    promised: Ints | None = None     # the slot of the start that was told before, −1 for none; None: nobody was told any
    faith: Floats | None = field(default=None, metadata=OWN)     # W summed over slots: what breaking it costs

    @classmethod
    def of(cls, profiles: Sequence[Sequence[float]], first: Sequence[int], last: Sequence[int],
           wishes: Sequence[Wishes]) -> Shifts:
        """From plain values."""
        told = any(each.promised >= 0 for each in wishes)
        return cls(
            arrays(profiles, max(map(len, profiles), default=1)), np.array(first, np.int64), np.array(last, np.int64),
            np.array([each.haste for each in wishes], float),
            np.array([each.promised for each in wishes], np.int64) if told else None,
            np.array([each.faith for each in wishes], float) if told else None)

    @property
    def count(self) -> int:
        """As of `Fleet`."""
        return len(self.first)

    def respond(self, price: Floats) -> tuple[Runs, Floats]:
        """As of `Fleet`; the earliest among equals."""
        length = self.profile.shape[1]
        shifted = sliding_window_view(np.concatenate([price, np.zeros(length)]), length)[:HORIZON]      # slot × slots behind
        starts, costs = np.empty(self.count, np.int64), np.empty(self.count)
        for begin in range(0, self.count, AT_ONCE):
            some = slice(begin, begin + AT_ONCE)
            cost = self.profile[some] @ shifted.T
            cost += self._own(some)
            np.copyto(cost, NEVER, where=self._closed(some))
            starts[some] = cost.argmin(axis=1)
            costs[some] = cost[np.arange(len(cost)), starts[some]]
        return starts, costs

    def powers(self, runs: Runs) -> Floats:
        """As of `Fleet`."""
        length = self.profile.shape[1]
        powers = np.zeros((len(runs), HORIZON + length))
        np.put_along_axis(powers, runs[:, None] + np.arange(length), self.profile, axis=1)
        drawn: Floats = powers[:, :HORIZON]
        return drawn

    def row(self, i: int, run: int) -> Floats:
        """As of `Fleet`."""
        row, until = np.zeros(HORIZON), min(HORIZON, run + self.profile.shape[1])
        row[run:until] = self.profile[i, :until - run]
        return row

    def drawn(self, runs: Runs, groups: Ints, count: int) -> Floats:
        """As of `Fleet`."""
        length = self.profile.shape[1]
        wide = HORIZON + length
        total = np.zeros(count * wide)
        for begin in range(0, self.count, 16 * AT_ONCE):
            some = slice(begin, begin + 16 * AT_ONCE)
            cells = ((groups[some] * wide + runs[some])[:, None] + np.arange(length)).ravel()
            total += np.bincount(cells, weights=self.profile[some].ravel(), minlength=count * wide)
        summed: Floats = total.reshape(count, wide)[:, :HORIZON]
        return summed

    def own(self, runs: Runs) -> Floats:
        """As of `Fleet`."""
        own: Floats = self.haste * runs
        if self.promised is not None and self.faith is not None:
            own = own + self.faith * ((runs != self.promised) & (self.promised >= 0))
        return own

    def menu(self, i: int) -> Menu:
        """As of `Choosing`."""
        starts = np.arange(self.first[i], self.last[i] + 1)
        length = int(np.flatnonzero(self.profile[i]).max(initial=0)) + 1
        slots = _behind(length)[starts]
        return Menu(starts, slots, np.broadcast_to(self.profile[i, :length], slots.shape), self._own_of(i, starts))

    def settle(self, i: int, left: Floats, costs: Costs, room: Floats | None = None) -> int:
        """As of `Fleet`; the first among equals. What its menu would say, without writing it down."""
        starts, profile = np.arange(self.first[i], self.last[i] + 1), self.profile[i]
        slots, added = _behind(len(profile))[starts], self._own_of(i, starts)
        levels = costs.levels if room is None else within(costs, left, room).levels
        for level in levels:
            covered, weight = np.zeros(HORIZON + 1), np.zeros(HORIZON + 1)
            np.maximum(left + level.offset, 0.0, out=covered[:HORIZON])
            weight[:HORIZON] = level.weight
            added = added + (np.maximum(profile - covered[slots], 0.0) * weight[slots]).sum(axis=1)
        if costs.drawn.any():
            added = added + np.append(costs.drawn, 0.0)[slots] @ profile
        return int(starts[(added <= added.min() + NOTHING).argmax()])

    def soonest(self) -> Runs:
        """As of `Fleet`."""
        return self.first.copy()

    def told(self) -> Ints:
        """As of `Fleet`."""
        promised = np.full(self.count, -1) if self.promised is None else self.promised
        return np.where((promised >= self.first) & (promised <= self.last), promised, -1)

    def dearest(self) -> Floats:
        """As of `Fleet`."""
        dearest: Floats = self.haste * self.last + (0.0 if self.faith is None else self.faith)
        return dearest

    def sizes(self) -> Floats:
        """As of `Fleet`."""
        total: Floats = self.profile.sum(axis=1)
        return total

    def _own_of(self, i: int, starts: Ints) -> Floats:
        """What these starts of load `i` cost by themselves."""
        own: Floats = self.haste[i] * starts
        if self.promised is not None and self.faith is not None and self.promised[i] >= 0:
            own = own + self.faith[i] * (starts != self.promised[i])
        return own

    def _own(self, some: slice) -> Floats:
        """What each start costs by itself, loads × slots."""
        slots = np.arange(HORIZON)
        own: Floats = self.haste[some, None] * slots
        if self.promised is not None and self.faith is not None:
            promised = self.promised[some, None]
            own = own + self.faith[some, None] * ((slots != promised) & (promised >= 0))
        return own

    def _closed(self, some: slice) -> Bools:
        """The starts that are not allowed, loads × slots."""
        slots = np.arange(HORIZON)
        closed: Bools = (slots < self.first[some, None]) | (slots > self.last[some, None])
        return closed
