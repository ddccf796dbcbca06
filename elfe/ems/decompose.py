"""Territories of any size: the loads answer prices, a small master mixes their answers (Dantzig-Wolfe). Pure.

The model is `model.py`'s, with its loads in groups g, and Y_gc what a whole group draws under its c-th answer:

    minimise    Σ_t m_t + Σ_g Σ_c cost_gc · θ_gc
    subject to  import_t:   m_t − Σ_g Σ_c Y_gct · θ_gc ≥ −b_t           ∀ t        dual λ_t, 0 ≤ λ_t ≤ 1
                whole_g:    Σ_c θ_gc = 1                                ∀ g

Given prices λ every load answers with its cheapest alternative. That is a new column for each group, and a bound that anybody can
compute again from the prices alone, whatever made them:

    bound(λ) = − Σ_t λ_t · b_t + Σ_i min_k ( Σ_t λ_t · w_ikt + ε · start_ik )

Prices are smoothed towards the best ones known (Wentges, Discrete Applied Mathematics 1997). When master and bound have met,
each load takes one of its group's answers, as often as the mix says; single moves then mend what rounding broke. What is lost by
rounding does not grow with the number of loads (Shapley and Folkman), so the more loads, the nearer to the bound.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pulp
from attrs import define, field, frozen
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from elfe.ems.loads import Alternative
from elfe.ems.model import EARLIER, Choice, Placing, objective
from elfe.slots import HORIZON

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GROUPS = 20
MOST_ROUNDS = 60
MET = 1e-6               # master and bound, relatively
TOWARDS_BEST = 0.3       # how much of the best prices known stays in the next ones
AT_ONCE = 4096           # loads priced at once: what bounds the memory
MOST_SWEEPS = 20
NEVER = np.inf


# -- how loads answer prices ----------------------------------------------------------------------------------------------


@frozen(eq=False)
class Shifts:
    """Loads that draw one profile, shifted to their start; their alternatives start one slot apart.

    profile[i, j] W is what load i draws j slots behind its start; it may start at first[i] .. last[i].
    """

    profile: Floats          # loads × slots of the longest
    first: Ints
    last: Ints

    def answers(self, price: Floats) -> tuple[Ints, Floats]:
        """For each load its cheapest alternative, the earliest among equals, and what it costs with its waiting."""
        count, length = self.profile.shape
        shifted = sliding_window_view(np.concatenate([price, np.zeros(length)]), length)[:HORIZON]      # slot × slots behind
        slots = np.arange(HORIZON)
        starts, costs = np.empty(count, np.int64), np.empty(count)
        for begin in range(0, count, AT_ONCE):
            some = slice(begin, begin + AT_ONCE)
            cost = self.profile[some] @ shifted.T + EARLIER * slots
            cost[(slots < self.first[some, None]) | (slots > self.last[some, None])] = NEVER
            starts[some] = cost.argmin(axis=1)
            costs[some] = cost[np.arange(len(cost)), starts[some]]
        return starts - self.first, costs

    def drawn(self, picks: Ints, which: Ints) -> Floats:
        """What these loads draw together, W per slot."""
        length = self.profile.shape[1]
        slots = ((self.first + picks)[which, None] + np.arange(length)).ravel()
        drawn = np.bincount(slots, weights=self.profile[which].ravel(), minlength=HORIZON + length)[:HORIZON]
        return drawn.astype(np.float64)

    def waiting(self, picks: Ints, which: Ints) -> float:
        """The price of their waiting."""
        return EARLIER * float((self.first + picks)[which].sum())

    def import_of(self, i: int, left: Floats) -> Floats:
        """What each alternative of load i adds to the import and to the waiting, where `left` W is left of the balance."""
        profile, first, last = self.profile[i], self.first[i], self.last[i]
        roomy = np.concatenate([left, np.full(len(profile), np.inf)])
        windows = sliding_window_view(roomy[first:last + len(profile)], len(profile))
        added: Floats = np.maximum(0.0, profile - windows.clip(0)).sum(axis=1) + EARLIER * np.arange(first, last + 1)
        return added


@frozen(eq=False)
class Rows:
    """Loads whose alternatives are of any shape (a tank that pauses): a row of 96 powers for each, load after load."""

    power: Floats            # alternatives of all loads × slots
    start: Ints              # of each alternative
    begins: Ints             # the first alternative of each load

    def answers(self, price: Floats) -> tuple[Ints, Floats]:
        """As of `Shifts`."""
        cost = self.power @ price + EARLIER * self.start
        least = np.minimum.reduceat(cost, self.begins)
        at_least = np.flatnonzero(cost <= np.repeat(least, np.diff(self.begins, append=len(cost))))
        _, earliest = np.unique(np.searchsorted(self.begins, at_least, side="right"), return_index=True)
        return at_least[earliest] - self.begins, least

    def drawn(self, picks: Ints, which: Ints) -> Floats:
        """As of `Shifts`."""
        drawn: Floats = self.power[(self.begins + picks)[which]].sum(axis=0)
        return drawn

    def waiting(self, picks: Ints, which: Ints) -> float:
        """As of `Shifts`."""
        return EARLIER * float(self.start[(self.begins + picks)[which]].sum())

    def import_of(self, i: int, left: Floats) -> Floats:
        """As of `Shifts`."""
        ends = self.begins[i + 1] if i + 1 < len(self.begins) else len(self.power)
        mine = slice(self.begins[i], ends)
        added: Floats = np.maximum(0.0, self.power[mine] - left.clip(0)).sum(axis=1) + EARLIER * self.start[mine]
        return added


@frozen(eq=False)
class Menus:
    """The alternatives of all loads; the first `len(shifts.first)` of `order` are shifts, the others rows."""

    shifts: Shifts
    rows: Rows
    order: Ints              # load of the problem, by its place here

    @property
    def count(self) -> int:
        """How many loads."""
        return len(self.order)

    def answers(self, price: Floats) -> tuple[Ints, Floats]:
        """For each load its cheapest alternative, the earliest among equals, and what it costs with its waiting."""
        parts = [part.answers(price) for part in self._parts]
        return np.concatenate([picks for picks, _ in parts]), np.concatenate([costs for _, costs in parts])

    def drawn(self, picks: Ints, which: Ints) -> Floats:
        """What these loads draw together, W per slot."""
        drawn: Floats = np.zeros(HORIZON)
        for part, mine, asked in self._split(picks, which):
            drawn = drawn + part.drawn(mine, asked)
        return drawn

    def waiting(self, picks: Ints, which: Ints) -> float:
        """The price of their waiting."""
        return sum(part.waiting(mine, asked) for part, mine, asked in self._split(picks, which))

    def import_of(self, i: int, left: Floats) -> Floats:
        """What each alternative of load i adds to the import and to the waiting."""
        shifts = len(self.shifts.first)
        return self.shifts.import_of(i, left) if i < shifts else self.rows.import_of(i - shifts, left)

    @property
    def _parts(self) -> tuple[Shifts | Rows, ...]:
        return (*((self.shifts,) if len(self.shifts.first) else ()), *((self.rows,) if len(self.rows.begins) else ()))

    def _split(self, picks: Ints, which: Ints) -> list[tuple[Shifts | Rows, Ints, Ints]]:
        shifts = len(self.shifts.first)
        parts: list[tuple[Shifts | Rows, Ints, Ints]] = [
            (self.shifts, picks[:shifts], which[which < shifts]), (self.rows, picks[shifts:], which[which >= shifts] - shifts)]
        return [part for part in parts if len(part[2])]


def menus(problem: Placing) -> Menus:
    """The problem's alternatives as arrays."""
    kinds = [_shifts(alternatives) for _, alternatives in problem.loads]
    order = [i for i, shifts in enumerate(kinds) if shifts] + [i for i, shifts in enumerate(kinds) if not shifts]
    shifting = [problem.loads[i][1] for i in order if kinds[i]]
    others = [problem.loads[i][1] for i in order if not kinds[i]]
    profiles = [max((each.power_w for each in alternatives), key=len) for alternatives in shifting]
    length = max(map(len, profiles), default=1)
    return Menus(
        Shifts(np.array([profile + (0.0,) * (length - len(profile)) for profile in profiles], float).reshape(len(profiles), length),
               np.array([each[0].start for each in shifting], np.int64), np.array([each[-1].start for each in shifting], np.int64)),
        Rows(np.array([_row(each) for alternatives in others for each in alternatives], float).reshape(-1, HORIZON),
             np.array([each.start for alternatives in others for each in alternatives], np.int64),
             np.cumsum([0, *map(len, others)][:-1] if others else [], dtype=np.int64)),
        np.array(order, np.int64))


def _shifts(alternatives: Sequence[Alternative]) -> bool:
    """Whether they are one profile, shifted slot by slot and cut at the horizon."""
    longest, first = max((each.power_w for each in alternatives), key=len), alternatives[0].start
    return all(each.start == first + k and each.power_w == longest[:HORIZON - each.start] for k, each in enumerate(alternatives))


def _row(each: Alternative) -> list[float]:
    row = [0.0] * HORIZON
    for offset, power in enumerate(each.power_w[:HORIZON - each.start]):
        row[each.start + offset] = power
    return row


# -- the master -----------------------------------------------------------------------------------------------------------


@define(eq=False)
class _Column:
    drawn: Floats
    cost: float
    picks: Ints              # of the loads of its group


@define(eq=False)
class Decomposition:
    """The mix of answers so far, and the best bound with its prices."""

    menus: Menus
    balance: Floats
    bound: float = -np.inf
    prices: Floats = field(factory=lambda: np.zeros(HORIZON))
    groups: list[Ints] = field(init=False)
    columns: list[list[_Column]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        shuffled = np.random.default_rng(0).permutation(self.menus.count)
        self.groups = [each for each in np.array_split(shuffled, min(GROUPS, self.menus.count)) if len(each)]
        self.columns = [[] for _ in self.groups]

    def ask(self, prices: Floats) -> None:
        """Every load answers: a column for each group, and a bound."""
        picks, costs = self.menus.answers(prices)
        bound = float(costs.sum() - prices @ self.balance)
        if bound > self.bound:
            self.bound, self.prices = bound, prices
        for group, columns in zip(self.groups, self.columns, strict=True):
            columns.append(_Column(self.menus.drawn(picks, group), self.menus.waiting(picks, group), picks[group]))

    def mix(self) -> tuple[float, Floats, list[Floats]]:
        """The master solved: its objective, its prices, and how much of each column."""
        model, theta, imports = self._master()
        model.solve(pulp.HiGHS(msg=False, threads=1))
        prices = np.array([each.pi for each in imports], float)
        shares = [np.array([variable.value() for variable in row], float).clip(0) for row in theta]
        return float(model.objective.value()), prices.clip(0, 1), [each / each.sum() for each in shares]

    def _master(self) -> tuple[pulp.LpProblem, list[list[pulp.LpVariable]], list[pulp.LpConstraint]]:
        model = pulp.LpProblem("master", pulp.LpMinimize)
        m = [pulp.LpVariable(f"m_{t}", lowBound=0) for t in range(HORIZON)]
        theta = [[pulp.LpVariable(f"theta_{g}_{c}", lowBound=0) for c in range(len(columns))]
                 for g, columns in enumerate(self.columns)]
        mixed = [(variable, column) for row, columns in zip(theta, self.columns, strict=True)
                 for variable, column in zip(row, columns, strict=True)]
        model.setObjective(pulp.LpAffineExpression([(m_t, 1.0) for m_t in m] + [(x, column.cost) for x, column in mixed]))
        imports = [pulp.LpAffineExpression([(m[t], 1.0), *((x, -float(column.drawn[t])) for x, column in mixed if column.drawn[t])])
                   >= -float(self.balance[t]) for t in range(HORIZON)]
        for t, constraint in enumerate(imports):
            model.addConstraint(constraint, f"import_{t}")
        for g, row in enumerate(theta):
            model.addConstraint(pulp.LpAffineExpression([(x, 1.0) for x in row]) == 1, f"whole_{g}")
        return model, theta, imports

    def rounded(self, shares: Sequence[Floats]) -> Ints:
        """An alternative per load: each column of a group is taken by as many of its loads as its share says."""
        picks = np.empty(self.menus.count, np.int64)
        for group, columns, share in zip(self.groups, self.columns, shares, strict=True):
            middles = (np.arange(len(group)) + 0.5) / len(group)
            taken = np.searchsorted(np.cumsum(share), middles).clip(0, len(columns) - 1)
            answers = np.stack([each.picks for each in columns])
            picks[group] = answers[taken, np.arange(len(group))]
        return picks


def bound(menus: Menus, balance_w: Sequence[float], prices: Sequence[float]) -> float:
    """No choice costs less than this, whatever the prices between 0 and 1: computed from them alone."""
    price: Floats = np.clip(np.array(prices, float), 0, 1)
    return float(menus.answers(price)[1].sum() - price @ np.array(balance_w, float))


def decomposed(problem: Placing) -> Choice:
    """The best choice that the decomposition and single moves find, with its bound. Bounded by rounds and sweeps alone."""
    balance, all_menus = np.array(problem.balance_w, float), menus(problem)
    work = Decomposition(all_menus, balance)
    work.ask(np.full(HORIZON, 0.5))
    work.ask(np.clip(0.5 - balance / (2 * max(1.0, float(np.abs(balance).max()))), 0, 1))
    shares: list[Floats] = []
    for _ in range(MOST_ROUNDS):
        reached, prices, shares = work.mix()
        if reached - work.bound <= MET * max(1.0, abs(reached)):
            break
        work.ask(TOWARDS_BEST * work.prices + (1 - TOWARDS_BEST) * prices)
    picks = moved(all_menus, balance, work.rounded(shares), work.bound)
    by_load = np.empty(all_menus.count, np.int64)
    by_load[all_menus.order] = picks
    chosen = tuple(int(pick) for pick in by_load)
    return Choice(chosen, objective(problem, chosen), work.bound, "decomposition")


# -- single moves ---------------------------------------------------------------------------------------------------------


def moved(menus: Menus, balance: Floats, picks: Ints, bound: float) -> Ints:
    """The same picks after every single move that helps, load by load, until none does or the bound is met."""
    everybody = np.arange(menus.count)
    left, picks, dice = balance - menus.drawn(picks, everybody), picks.copy(), np.random.default_rng(1)
    for _ in range(MOST_SWEEPS):
        cost = -float(left.clip(max=0).sum()) + menus.waiting(picks, everybody)
        if cost - bound <= MET * max(1.0, abs(cost)):
            break
        helped = [_moves(menus, left, picks, int(i)) for i in dice.permutation(menus.count)]
        if not any(helped):
            break
    return picks


def _moves(menus: Menus, left: Floats, picks: Ints, i: int) -> bool:
    """Whether load i finds a better alternative; `left` and `picks` follow."""
    alone = np.array([i])
    left += menus.drawn(picks, alone)
    costs = menus.import_of(i, left)
    best = int(costs.argmin())
    better = bool(costs[best] < costs[picks[i]] - 1e-9)
    if better:
        picks[i] = best
    left -= menus.drawn(picks, alone)
    return better
