"""Where every load of a problem stands while a choice is looked for, and what a move would cost. Pure.

Whole neighbourhoods are compared at once, as arrays. Where something else bounds the time, `go_on` says when to stop.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from functools import cached_property

import numpy as np
from attrs import define, field

from elfe.ems.costs import Costs
from elfe.ems.loads.base import Bools, Choosing, Floats, Offers, Runs
from elfe.ems.model import Problem, own_of, powers_of
from elfe.slots import HORIZON

GoOn = Callable[[], bool]
ASKS_EVERY = 64          # tries between two questions whether to go on
MOST_ROUNDS = 20
KEPT = 3000              # loads whose alternatives are kept with their prices: of more, most are asked for once
MOST_MOVES = 20_000
HELPS = 1e-7


@define(eq=False, slots=False)
class _Rows(Offers):
    """Offers that keep what each alternative draws, over 97 slots: the last is beyond the horizon."""

    @cached_property
    def rows(self) -> Floats:
        """Alternatives × 97, W."""
        return np.pad(self.menu.rows(), ((0, 0), (0, 1)))

    @cached_property
    def columns(self) -> Floats:
        """The same, 97 × alternatives."""
        return np.ascontiguousarray(self.rows.T)


@define(eq=False)
class Board:
    """Where every load stands, what it draws, and what is left of the balance and of each home's limit."""

    problem: Problem
    runs: list[Runs]
    rows: Floats = field(init=False)             # loads × 97 slots, W
    left: Floats = field(init=False)             # 97 slots, W
    room: Floats | None = field(init=False)      # homes × 97 slots, W
    costs: Costs = field(init=False)
    places: list[tuple[int, int]] = field(init=False)      # of each load: its fleet, and where it stands in it
    _fits: Bools = field(init=False)             # whether a load's home can carry all its loads at once
    _offers: dict[int, _Rows] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        fleets = self.problem.fleets
        self.rows = np.pad(powers_of(self.problem, self.runs), ((0, 0), (0, 1)))
        self.left = np.append(self.problem.balance, np.inf) - self.rows.sum(axis=0)
        self.costs = self.problem.costs.with_peak_at(max(0.0, -float(self.left.min())))
        self.places = [(f, i) for f, fleet in enumerate(fleets) for i in range(fleet.count)]
        self._fits, self.room = fits(self.problem), None
        if self.problem.homes is not None:
            limited = self.problem.homes.of >= 0
            self.room = np.pad(self.problem.homes.limit_w, ((0, 0), (0, 1)), constant_values=np.inf)
            np.subtract.at(self.room, self.problem.homes.of[limited], self.rows[limited])

    def copy(self) -> Board:
        """Another one with everything where it stands; what never changes is shared."""
        other = copy.copy(self)
        other.runs, other.rows, other.left = [some.copy() for some in self.runs], self.rows.copy(), self.left.copy()
        other.room = None if self.room is None else self.room.copy()
        return other

    @property
    def loose(self) -> list[int]:
        """The loads that choose one of several alternatives, and whose home can carry them whatever they choose."""
        return [n for n, (f, _) in enumerate(self.places)
                if isinstance(self.problem.fleets[f], Choosing) and self._fits[n] and len(self.offers(n).rows) > 1]

    def offers(self, i: int) -> _Rows:
        """The alternatives of a load that has some."""
        if i not in self._offers:
            f, k = self.places[i]
            fleet = self.problem.fleets[f]
            assert isinstance(fleet, Choosing)
            self._offers[i] = _Rows(fleet.menu(k), self.costs)
        return self._offers[i]

    def cost(self) -> float:
        """The objective of the model."""
        return self.problem.costs.of(self.left[:HORIZON], self.problem.balance) + own_of(self.problem, self.runs)

    def lift(self, which: Iterable[int]) -> None:
        """Take loads away."""
        for i in which:
            self._draw(i, -self.rows[i])

    def put(self, i: int, pick: int) -> None:
        """Put a load that was lifted to one of its alternatives."""
        f, k = self.places[i]
        self.runs[f][k] = self.offers(i).menu.runs[pick]
        self._draw(i, self.offers(i).rows[pick])

    def settle(self, i: int) -> None:
        """Put a load that was lifted where it costs least, the first among equals."""
        f, k = self.places[i]
        fleet = self.problem.fleets[f]
        home = -1 if self.problem.homes is None else int(self.problem.homes.of[i])
        room = self.room[home, :HORIZON] if self.room is not None and home >= 0 else None
        if isinstance(fleet, Choosing) and len(self.places) <= KEPT:
            self.put(i, self.offers(i).best(self.left, room))
        else:
            self.runs[f][k] = fleet.settle(k, self.left[:HORIZON], self.costs, room)
            self._draw(i, np.append(fleet.row(k, self.runs[f][k]), 0.0))

    def move_both(self, i: int, j: int) -> None:
        """Lift two loads and put them where they cost least together: every pair of their alternatives is compared."""
        self.lift((i, j))
        one, other = self.offers(i), self.offers(j)
        added = other.added(self.left[:, None] - one.columns) + one.added(self.left[:, None]).T
        for load, pick in zip((j, i), np.unravel_index(int(added.argmin()), added.shape), strict=True):
            self.put(load, int(pick))

    def moved(self, bound: float = -np.inf, go_on: GoOn = lambda: True, rounds: int = MOST_ROUNDS) -> list[Runs]:
        """The runs after every single move that helps, load after load, until none does, the bound is met, or it was enough."""
        dice, moves, cost = np.random.default_rng(1), 0, self.cost()
        for _ in range(rounds):
            if moves >= MOST_MOVES or not go_on() or cost - bound <= HELPS * max(1.0, abs(cost)):
                break
            for n, i in enumerate(dice.permutation(len(self.places))[:MOST_MOVES]):
                if not n % ASKS_EVERY and not go_on():
                    break
                self._move(int(i))
            moves += len(self.places)
            before, cost = cost, self.cost()
            if before - cost <= HELPS * max(1.0, abs(cost)):
                break
        return self.runs

    def _move(self, i: int) -> None:
        """Put a load where it costs least; back to where it stood, where it answers nearly and that was better."""
        f, k = self.places[i]
        stood, drew = copy.copy(self.runs[f][k]), self.rows[i].copy()
        self.lift((i,))
        self.settle(i)
        if not isinstance(self.problem.fleets[f], Choosing):
            left, fleet = self.left + self.rows[i], self.problem.fleets[f].some(np.array([k]))
            now, before = (float(self.costs.added(left[:HORIZON], row[:HORIZON]).sum() + fleet.own(np.asarray(run)[None])[0])
                           for row, run in ((self.rows[i], self.runs[f][k]), (drew, stood)))
            if now > before and self.room is None:
                self.runs[f][k] = stood
                self._draw(i, drew - self.rows[i])

    def _draw(self, i: int, row: Floats) -> None:
        """Load i draws this more."""
        self.left -= row
        self.rows[i] += row
        if self.room is not None and self.problem.homes is not None and self.problem.homes.of[i] >= 0:
            self.room[self.problem.homes.of[i]] -= row


def fits(problem: Problem) -> Bools:
    """Whether the home of each load can carry the peaks of all its loads at once."""
    if problem.homes is None:
        return np.ones(problem.count, bool)
    peaks, of = np.concatenate([fleet.peaks() for fleet in problem.fleets]), problem.homes.of
    total = np.bincount(of[of >= 0], weights=peaks[of >= 0], minlength=len(problem.homes.limit_w))
    fits: Bools = (of < 0) | (total <= problem.homes.limit_w.min(axis=1))[of]
    return fits
