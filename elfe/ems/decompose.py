"""Territories of any size: the loads answer prices, a small master mixes their answers (Dantzig-Wolfe). Pure.

The model is `model.py`'s, with its loads in groups g, and Y_gc what a whole group draws when it answers the c-th prices:

    minimise    Σ_l Σ_t weight_lt · m_lt + Σ_t drawn_t · y_t + peak · p + Σ_g Σ_c own_gc · θ_gc
    subject to  import_t:   Σ_l m_lt ≥ y_t − b_t,   y_t = Σ_g Σ_c Y_gct · θ_gc         ∀ t        dual λ_t
                step_lt:    m_lt ≤ offset_{l+1,t} − offset_lt                          ∀ l, t     (levels as steps of one import)
                peak_t:     p ≥ Σ_l m_lt                                               ∀ t
                whole_g:    Σ_c θ_gc = 1                                               ∀ g

Given prices λ every load answers with its cheapest run. That is a new column for each group, and a bound that anybody can
compute again from the prices alone, whatever made them (`bound`):

    bound(λ) = Σ_i min_x ( Σ_t (λ_t + drawn_t) · x_t + own_i(x) ) − Σ_t λ_t · b_t − F*(λ)

where F* is the conjugate of the import's cost: each λ_t is filled with the weights of its levels in their order, and what lies in a
level costs its offset; beyond all of them it must be a share of the peak. With the import alone, 0 ≤ λ ≤ 1 and F* = 0.

Prices are smoothed towards the best ones known (Wentges, Discrete Applied Mathematics 1997). A large territory begins with the
prices of a sample of its loads. When master and bound have met, the loads that may mix their runs do so, each other takes one of
its group's answers, as often as the mix says. Single moves then mend what rounding broke; what modulates is mixed anew around it.
What is lost by rounding does not grow with the number of loads (Shapley and Folkman), so the more loads, the nearer to the bound;
and so some thousand loads that move suffice to mend any number.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pulp
from attrs import define, evolve, field

from elfe.ems import search
from elfe.ems.costs import Costs
from elfe.ems.loads.base import Fleet, Floats, Ints, Runs
from elfe.ems.model import Choice, Homes, Problem, left_of, objective, powers_of
from elfe.slots import HORIZON

GROUPS = 20
MOST_ROUNDS = 80
MET = 5e-7               # master and bound, relatively
TOWARDS_BEST = 0.3       # how much of the best prices known stays in the next ones
KEPT = 4                 # rounds that a column stays in the master without being used
SAMPLE = 2500            # loads of a territory twice as large that find the prices to begin with
BEGUN_WITH = 8           # of those prices
MENDING = 4000           # loads that move to mend the rounding of all


# -- prices -----------------------------------------------------------------------------------------------------------------------


def allowed(costs: Costs, prices: Floats) -> Floats:
    """The nearest prices of which a bound can be made: none below zero, none above what an import can cost."""
    most = sum(level.weight for level in costs.levels)
    beyond = np.maximum(0.0, prices - most)
    share = min(1.0, costs.peak / beyond.sum()) if beyond.any() else 1.0
    nearest: Floats = np.minimum(prices.clip(min=0.0), most) + beyond * share
    return nearest


def conjugate(costs: Costs, prices: Floats) -> float:
    """F*: what the import's cost forgoes at these prices; 0 where no level begins above zero."""
    rest, total = prices, 0.0
    for level in costs.levels:
        in_level = np.minimum(rest, level.weight)
        total += float(in_level @ level.offset)
        rest = rest - in_level
    return total


def bound(problem: Problem, prices: Sequence[float], own: bool = True) -> float:
    """No choice costs less than this, whatever the prices: computed from them alone. `own=False`: nor does any import alone."""
    price = allowed(problem.costs, np.array(prices, float))
    total = -float(price @ problem.balance) - conjugate(problem.costs, price)
    for fleet in problem.fleets:
        total += float((fleet if own else fleet.selfless()).respond(price + problem.costs.drawn)[1].sum())
    return total


# -- the master -------------------------------------------------------------------------------------------------------------------


@define(eq=False)
class _Column:
    """What every group draws and costs when it answers these prices."""

    prices: Floats
    drawn: Floats            # groups × slots
    own: Floats              # groups
    used: Ints               # the round in which each group last used it
    runs: list[Runs]         # of each fleet; none when no group uses it any more


@define(eq=False)
class Decomposition:
    """The answers so far, and the best bound with its prices."""

    problem: Problem
    bound: float = -np.inf
    prices: Floats = field(factory=lambda: np.zeros(HORIZON))
    columns: list[_Column] = field(factory=list)
    groups: int = field(init=False)
    members: list[Ints] = field(init=False)      # the group of each load, by fleet
    _round: int = 0

    def __attrs_post_init__(self) -> None:
        self.groups = min(GROUPS, self.problem.count)
        dice = np.random.default_rng(0)
        dealt = dice.permutation(np.arange(self.problem.count) % self.groups)
        self.members = np.split(dealt, np.cumsum([fleet.count for fleet in self.problem.fleets])[:-1])

    def ask(self, prices: Floats) -> None:
        """Every load answers: a column for each group, and a bound."""
        costs = self.problem.costs
        price = allowed(costs, prices)
        drawn, own, answers = np.zeros((self.groups, HORIZON)), np.zeros(self.groups), []
        found = -float(price @ self.problem.balance) - conjugate(costs, price)
        for fleet, groups in zip(self.problem.fleets, self.members, strict=True):
            runs, answered = fleet.respond(price + costs.drawn)
            found += float(answered.sum())
            drawn += fleet.drawn(runs, groups, self.groups)
            own += np.bincount(groups, weights=fleet.own(runs), minlength=self.groups)
            answers.append(runs)
        if found > self.bound:
            self.bound, self.prices = found, price
        self.columns.append(_Column(price, drawn, own, np.full(self.groups, self._round), answers))

    def mix(self) -> tuple[float, Floats, Floats]:
        """The master solved: its objective, its prices, and how much of each column each group takes (columns × groups)."""
        self._round += 1
        for column in self.columns:
            if column.used.max() <= self._round - KEPT:
                column.runs = []
        model, theta, imports = self._master()
        model.solve(pulp.HiGHS(msg=False, threads=1))
        shares = np.zeros((len(self.columns), self.groups))
        for (c, g), variable in theta.items():
            shares[c, g] = max(0.0, variable.value())
            if shares[c, g] > 0:
                self.columns[c].used[g] = self._round
        prices = np.array([each.pi for each in imports], float)
        return float(model.objective.value()), prices, shares / shares.sum(axis=0)

    def _master(self) -> tuple[pulp.LpProblem, dict[tuple[int, int], pulp.LpVariable], list[pulp.LpConstraint]]:
        """Of the columns, those that a group has used of late, or may not yet have had the chance to."""
        costs, balance = self.problem.costs, self.problem.balance
        model = pulp.LpProblem("master", pulp.LpMinimize)
        theta = {(c, g): pulp.LpVariable(f"theta_{g}_{c}", lowBound=0) for c, column in enumerate(self.columns)
                 for g in range(self.groups) if column.used[g] > self._round - KEPT}
        m = [[pulp.LpVariable(f"m{n}_{t}", lowBound=0, upBound=width) for t, width in enumerate(widths)]
             for n, widths in enumerate(_widths(costs))]
        p = pulp.LpVariable("p", lowBound=0)
        steepness = np.cumsum([level.weight for level in costs.levels], axis=0)
        worth = [(m[n][t], float(weight)) for n, weights in enumerate(steepness) for t, weight in enumerate(weights)]
        worth += [(x, float(self.columns[c].own[g] + costs.drawn @ self.columns[c].drawn[g])) for (c, g), x in theta.items()]
        model.setObjective(pulp.LpAffineExpression([*worth, (p, costs.peak)]))
        imports = []
        for t in range(HORIZON):
            drawn = [(x, -float(self.columns[c].drawn[g, t])) for (c, g), x in theta.items() if self.columns[c].drawn[g, t]]
            imports.append(pulp.LpAffineExpression([*((row[t], 1.0) for row in m), *drawn]) >= -float(balance[t]))
            model.addConstraint(imports[t], f"import_{t}")
            if costs.peak:
                model.addConstraint(pulp.LpAffineExpression([(p, 1.0), *((row[t], -1.0) for row in m)]) >= 0, f"peak_{t}")
        for group in range(self.groups):
            whole = pulp.LpAffineExpression([(x, 1.0) for (_, g), x in theta.items() if g == group])
            model.addConstraint(whole == 1, f"whole_{group}")
        return model, theta, imports

    def meet(self) -> Floats:
        """Rounds until master and bound have met: how much of each column each group then takes."""
        for _ in range(MOST_ROUNDS):
            reached, prices, shares = self.mix()
            if reached - self.bound <= MET * max(1.0, abs(reached)):
                break
            self.ask(TOWARDS_BEST * self.prices + (1 - TOWARDS_BEST) * prices)
        return np.concatenate([shares, np.zeros((len(self.columns) - len(shares), self.groups))])

    def chosen(self, shares: Floats) -> list[Runs]:
        """A run per load. What may be mixed is; of the others, each column of a group is taken by its share of the loads."""
        return [(self._mixed if fleet.relaxed else self._dealt)(f, shares) for f, fleet in enumerate(self.problem.fleets)]

    def _mixed(self, f: int, shares: Floats) -> Runs:
        """Σ_c θ_gc · answer_c, made real where the answers are relaxed."""
        fleet, groups = self.problem.fleets[f], self.members[f]
        runs = np.zeros((fleet.count, HORIZON))
        for column, share in zip(self.columns, shares, strict=True):
            which = np.flatnonzero(share[groups] > 0)
            if len(which):
                runs[which] += share[groups[which], None] * column.runs[f][which]
        return fleet.realised(runs, self.prices + self.problem.costs.drawn)

    def _dealt(self, f: int, shares: Floats) -> Runs:
        """Each load takes the answer of one column, those of a group in the proportions of its shares."""
        groups, runs = self.members[f], self.problem.fleets[f].soonest()
        taken = np.empty(len(groups), np.int64)
        for g in range(self.groups):
            mine = np.flatnonzero(groups == g)
            middles = (np.arange(len(mine)) + 0.5) / max(1, len(mine))
            taken[mine] = np.searchsorted(np.cumsum(shares[:, g]), middles).clip(0, len(self.columns) - 1)
        for c in np.unique(taken):
            which = np.flatnonzero(taken == c)
            runs[which] = self.columns[c].runs[f][which]
        return runs


def _widths(costs: Costs) -> list[list[float | None]]:
    """How much of the import lies in each level, per slot: up to the next one's offset; the last has no end."""
    offsets = [level.offset for level in costs.levels]
    widths: list[list[float | None]] = [[max(0.0, float(b - a)) for a, b in zip(here, above, strict=True)]
                                        for here, above in itertools.pairwise(offsets)]
    return [*widths, [None] * HORIZON]


# -- the whole of it --------------------------------------------------------------------------------------------------------------


def decomposed(problem: Problem) -> Choice:
    """The best choice that the decomposition and single moves find, with its bound. Bounded by rounds and moves alone."""
    work = Decomposition(problem)
    for prices in _first_prices(problem):
        work.ask(prices)
    runs = work.chosen(work.meet())
    runs = _mended(problem, runs, work.bound)
    runs = _mixed_again(problem, runs, work)
    return Choice(tuple(runs), objective(problem, runs), work.bound, "decomposition", tuple(map(float, work.prices)))


def _first_prices(problem: Problem) -> list[Floats]:
    """Half of what an import costs, flat and by the balance; of a large territory, the prices that a sample of it ends with."""
    if problem.count > 2 * SAMPLE:
        sample = Decomposition(_sample(problem))
        for prices in _first_prices(sample.problem):
            sample.ask(prices)
        taken = sample.meet().sum(axis=1)
        most = [int(c) for c in np.argsort(-taken, kind="stable")[:BEGUN_WITH] if taken[c] > 0]
        return [sample.prices, *(sample.columns[c].prices for c in most)]
    shape = problem.balance / (2 * max(1.0, float(np.abs(problem.balance).max())))
    weight = problem.costs.levels[0].weight
    return [weight * 0.5, weight * np.clip(0.5 - shape, 0, 1)]


def _sample(problem: Problem) -> Problem:
    """A small territory like this one: of each fleet the same share of its loads, and so of the balance and of what limits it."""
    dice, share = np.random.default_rng(3), SAMPLE / problem.count
    fleets = tuple(fleet.some(dice.choice(fleet.count, round(share * fleet.count), replace=False)) for fleet in problem.fleets)
    return Problem(problem.balance * share, fleets, problem.costs.scaled(share))


def _mended(problem: Problem, runs: list[Runs], bound: float) -> list[Runs]:
    """The same after the single moves that help, of all loads or of some."""
    if problem.count <= MENDING:
        return list(search.improved(problem, runs, "", bound).runs)
    chosen = np.sort(np.random.default_rng(4).choice(problem.count, MENDING, replace=False))
    begins = np.cumsum([0, *(fleet.count for fleet in problem.fleets)])
    which = [chosen[(chosen >= begin) & (chosen < end)] - begin for begin, end in itertools.pairwise(begins)]
    some = [mine[each] for mine, each in zip(runs, which, strict=True)]
    part = _part(problem, [fleet.some(each) for fleet, each in zip(problem.fleets, which, strict=True)], some, runs)
    if problem.homes is not None:
        part = evolve(part, homes=_homes_around(problem, runs, chosen))
    mended = [each.copy() for each in runs]
    for all_of, each, moved in zip(mended, which, search.improved(part, some, "").runs, strict=True):
        all_of[each] = moved
    return min(runs, mended, key=lambda each: objective(problem, each))


def _mixed_again(problem: Problem, runs: list[Runs], parent: Decomposition) -> list[Runs]:
    """What modulates is mixed anew around all the others, which stay where they are; where homes are limited it is not."""
    mixing = [f for f, fleet in enumerate(problem.fleets) if fleet.convex and fleet.count]
    if not mixing or len(mixing) == len(problem.fleets) or problem.homes is not None:
        return runs
    part = _part(problem, [problem.fleets[f] for f in mixing], [runs[f] for f in mixing], runs)
    work = Decomposition(part)
    for prices in [parent.prices, *(column.prices for column in parent.columns if column.runs)][:BEGUN_WITH]:
        work.ask(prices)
    again = list(runs)
    for f, some in zip(mixing, work.chosen(work.meet()), strict=True):
        again[f] = some
    return min(runs, again, key=lambda each: objective(problem, each))


def _part(problem: Problem, fleets: Sequence[Fleet], some: Sequence[Runs], runs: Sequence[Runs]) -> Problem:
    """The problem of these loads alone, all the others staying as in `runs`."""
    theirs = problem.balance - left_of(Problem(problem.balance, tuple(fleets)), some)
    return Problem(left_of(problem, runs) + theirs, tuple(fleets), problem.costs)


def _homes_around(problem: Problem, runs: Sequence[Runs], chosen: Ints) -> Homes:
    """What these loads may draw in their homes: less by the most that the others of the home draw at any time."""
    assert problem.homes is not None
    others = np.ones(problem.count, bool)
    others[chosen] = False
    limited = others & (problem.homes.of >= 0)
    drawn = np.zeros((len(problem.homes.limit_w), HORIZON))
    np.add.at(drawn, problem.homes.of[limited], powers_of(problem, runs)[limited])
    return Homes(problem.homes.of[chosen], problem.homes.limit_w - drawn.max(axis=1))
