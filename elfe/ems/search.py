"""A good choice without a solver. Pure, and the same on every machine: bounded by tries, its dice are loaded.

    greedy      the largest loads first, each where it costs least, then single moves until none helps
    improved    single moves alone, from a choice that is there
    annealed    sixteen copies of a choice at once; load after load is lifted from all of them and put back where its run is drawn
                with the odds exp(−cost / temperature), the temperature falling (heat bath)
    paired      every pair of loads is lifted and put back where both together cost least
    kicked      a few loads are thrown anywhere, all pairs with one of them follow; kept when that is hardly worse

Whole neighbourhoods are compared at once, as arrays. Where something else bounds the time, `go_on` says when to stop.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np
from attrs import define, evolve, field

from elfe.ems.costs import Costs
from elfe.ems.loads.base import Bools, Choosing, Fleet, Floats, Ints, Offers, Runs
from elfe.ems.loads.chains import Chains
from elfe.ems.loads.shifts import Shifts
from elfe.ems.model import Choice, Problem, objective, own_of, powers_of, soonest
from elfe.slots import HORIZON

GoOn = Callable[[], bool]
ASKS_EVERY = 64          # tries between two questions whether to go on
MOST_ROUNDS = 20
MOST_MOVES = 20_000
HELPS = 1e-7
COPIES = 16
DICE = 1 << 17
COLD_W, WARM_W, HOT_W = 3.0, 30.0, 1000.0
HOTTER_W = 5.0
"""Temperatures, W summed over slots: a move that costs as much is taken now and then. A bath ends cold, and begins the hotter the
more sweeps it has to cool down in."""
ENOUGH = 10              # tries per cube of the number of loads: a handful of loads is soon searched through
THROWN, TOLERATED_W = 4, (300.0, 150.0, 75.0)
"""How many loads a kick throws, and how much worse than before it may leave the plan: enough to get over ridges, then less."""
FEW = 40                 # loads up to which kicks alone find more than all the rest


def greedy(problem: Problem) -> Choice:
    """The largest loads first, each where it costs least; then every load in turn, until none wants to move."""
    board = Board(problem, [some.copy() for some in soonest(problem)])
    sizes = np.concatenate([np.zeros(0), *(fleet.sizes() for fleet in problem.fleets)])
    order = [int(i) for i in np.argsort(-sizes, kind="stable")]
    board.lift(order)
    for i in order:
        board.settle(i)
    return _choice(problem, board.moved(), "greedy")


def kept(problem: Problem) -> Choice:
    """What was told before, wherever it still can be; the others where they cost least around it, the largest first."""
    board = Board(problem, [some.copy() for some in soonest(problem)])
    told = {n: promised for n, (f, i) in enumerate(board.places)
            if (promised := _promised(problem.fleets[f], i)) is not None and promised in board.offers(n).menu.runs}
    board.lift(range(problem.count))
    for n, promised in told.items():
        board.put(n, int(np.flatnonzero(board.offers(n).menu.runs == promised)[0]))
    sizes = np.concatenate([np.zeros(0), *(fleet.sizes() for fleet in problem.fleets)])
    for n in np.argsort(-sizes, kind="stable"):
        if int(n) not in told:
            board.settle(int(n))
    return _choice(problem, board.runs, "the plan before, kept")


def _promised(fleet: Fleet, i: int) -> int | None:
    starts = fleet.promised if isinstance(fleet, Shifts | Chains) else None
    return None if starts is None or starts[i] < 0 else int(starts[i])


def improved(problem: Problem, runs: Sequence[Runs], made_by: str, bound: float = -np.inf, go_on: GoOn = lambda: True) -> Choice:
    """The same choice after every single move that helps; one that has met its bound is left alone."""
    return _choice(problem, Board(problem, [some.copy() for some in runs]).moved(bound, go_on), made_by)


def searched(problem: Problem, start: Choice, tries: int, go_on: GoOn = lambda: True, seed: int = 0) -> Choice:
    """The best that tries of all kinds find from a choice; its bound and prices stay."""
    best, tries = Board(problem, [some.copy() for some in start.runs]), min(tries, ENOUGH * problem.count**3)
    if problem.count > FEW:
        baths = annealed(best, tries, go_on, seed)
        best = paired(sorted([best, *baths], key=Board.cost), tries, go_on)
    for n, tolerated_w in enumerate(TOLERATED_W):
        best = kicked(best, tries // len(TOLERATED_W), tolerated_w, seed * len(TOLERATED_W) + n, go_on)
    found = _choice(problem, best.moved(go_on=go_on), "local search")
    return evolve(min(start, found, key=lambda each: each.objective), bound=start.bound, prices=start.prices)


def _choice(problem: Problem, runs: Sequence[Runs], made_by: str) -> Choice:
    return Choice(tuple(runs), objective(problem, runs), None, made_by)


# -- the board ------------------------------------------------------------------------------------------------------------------


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
            self.room = np.repeat(self.problem.homes.limit_w[:, None], HORIZON + 1, axis=1)
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
        if isinstance(fleet, Choosing):
            self.put(i, self.offers(i).best(self.left, room))
        else:
            self.runs[f][k] = fleet.settle(k, self.left[:HORIZON], self.costs, room)
            self._draw(i, np.append(fleet.some(np.array([k])).powers(self.runs[f][k:k + 1])[0], 0.0))

    def throw(self, which: Iterable[int], dice: np.random.Generator) -> None:
        """Put loads anywhere."""
        for i in which:
            self.lift((i,))
            self.put(i, int(dice.integers(len(self.offers(i).rows))))

    def move_both(self, i: int, j: int) -> None:
        """Lift two loads and put them where they cost least together: every pair of their alternatives is compared."""
        self.lift((i, j))
        one, other = self.offers(i), self.offers(j)
        added = other.added(self.left[:, None] - one.columns) + one.added(self.left[:, None]).T
        for load, pick in zip((j, i), np.unravel_index(int(added.argmin()), added.shape), strict=True):
            self.put(load, int(pick))

    def moved(self, bound: float = -np.inf, go_on: GoOn = lambda: True) -> list[Runs]:
        """The runs after every single move that helps, load after load, until none does, the bound is met, or it was enough."""
        dice, moves, cost = np.random.default_rng(1), 0, self.cost()
        for _ in range(MOST_ROUNDS):
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
    fits: Bools = (of < 0) | (total <= problem.homes.limit_w)[of]
    return fits


# -- annealing ------------------------------------------------------------------------------------------------------------------


def annealed(board: Board, steps: int, go_on: GoOn = lambda: True, seed: int = 0) -> list[Board]:
    """The copies of a board after so many steps, each of one load in all of them, the best first; only the loose loads move."""
    bath = _Bath(board, seed)
    sweeps = steps // max(1, len(bath.loads))
    for temperature in np.geomspace(min(HOT_W, max(WARM_W, HOTTER_W * sweeps)), COLD_W, sweeps) if bath.loads else ():
        if go_on():
            bath.sweep(float(temperature))
    return bath.boards()


class _Bath:
    """The copies: what each has left of the balance, and which alternative of each load it holds."""

    def __init__(self, board: Board, seed: int) -> None:
        self._board, self.loads = board, board.loose
        self._offers = [board.offers(n) for n in self.loads]
        places = [board.places[n] for n in self.loads]
        picks = [int(np.flatnonzero(offers.menu.runs == board.runs[f][k])[0])
                 for (f, k), offers in zip(places, self._offers, strict=True)]
        self._picks = np.repeat(np.array(picks, np.int64)[:, None], COPIES, axis=1)
        self._left = np.repeat(board.left[:, None], COPIES, axis=1)
        self._dice = np.random.default_rng(seed)
        self._noise = self._dice.gumbel(size=DICE)

    def sweep(self, temperature: float) -> None:
        """Every load is lifted and put back, once."""
        for i in self._dice.permutation(len(self.loads)):
            self._move(int(i), temperature)

    def boards(self) -> list[Board]:
        """The copies, the best first, those that are alike once."""
        return sorted((self._copy(picks) for picks in np.unique(self._picks, axis=1).T), key=Board.cost)

    def _copy(self, picks: Ints) -> Board:
        board = self._board.copy()
        board.lift(self.loads)
        for n, pick in zip(self.loads, picks, strict=True):
            board.put(n, int(pick))
        return board

    def _move(self, i: int, temperature: float) -> None:
        """The largest of −cost/temperature plus Gumbel noise falls with the odds of the heat bath."""
        offers, count = self._offers[i], len(self._offers[i].rows)
        self._left += offers.columns[:, self._picks[i]]
        added = offers.added(self._left)
        at = int(self._dice.integers(DICE - COPIES * count))
        added -= temperature * self._noise[at:at + COPIES * count].reshape(count, COPIES)
        self._picks[i] = added.argmin(axis=0)
        self._left -= offers.columns[:, self._picks[i]]


# -- moves of two, and kicks ----------------------------------------------------------------------------------------------------


def paired(boards: Sequence[Board], tries: int, go_on: GoOn = lambda: True) -> Board:
    """The best of the boards after every move of two loads at once that helps, until none does or so many were tried in all."""
    for board in boards:
        if tries > 0:
            tries -= _pair(board, tries, go_on)
    return min(boards, key=Board.cost)


def _pair(board: Board, tries: int, go_on: GoOn) -> int:
    """How many pairs it tried to move."""
    pairs = list(itertools.combinations(board.loose, 2))
    dice, tried, cost = np.random.default_rng(2), 0, board.cost()
    while pairs and tried < tries and go_on():
        for n in dice.permutation(len(pairs))[:tries - tried]:
            board.move_both(*pairs[n])
            tried += 1
            if not tried % ASKS_EVERY and not go_on():
                break
        before, cost = cost, board.cost()
        if before - cost <= HELPS * max(1.0, abs(cost)):
            break
    return tried


def kicked(board: Board, tries: int, tolerated_w: float, seed: int = 0, go_on: GoOn = lambda: True) -> Board:
    """The best of what is met by throwing a few loads anywhere and mending it, again and again."""
    dice, loose = np.random.default_rng(seed), board.loose
    best = kept = board.copy()
    best_cost = kept_cost = board.cost()
    while len(loose) > 2 and tries > 0 and go_on():
        thrown = [int(i) for i in dice.choice(loose, min(THROWN, len(loose)), replace=False)]
        board.throw(thrown, dice)
        pairs = [(i, j) for i in thrown for j in loose if i != j]
        for n in dice.permutation(len(pairs)):
            board.move_both(*pairs[n])
        tries -= len(pairs)
        cost = board.cost()
        if cost > kept_cost + tolerated_w:
            board = kept.copy()
        else:
            kept, kept_cost = board.copy(), cost
        if cost < best_cost:
            best, best_cost = kept, cost
    return best
