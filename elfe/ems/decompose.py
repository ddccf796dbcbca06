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
its group's answers, as often as the mix says. Single moves then mend what rounding broke; what modulates is mixed anew around it,
charges that do not hurry exactly (`flow.py`). What is lost by rounding does not grow with the number of loads (Shapley, Folkman),
so the more loads, the nearer to the bound; and so some thousand loads that move suffice to mend any number.

Where there is no time for master and bound of a large territory to meet, each load takes what those of the sample do, which met,
and charges are placed exactly around that: the answers of all are asked for once, and the bound at the sample's prices.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import highspy
import numpy as np
import pulp
from attrs import define, evolve, field, frozen

from elfe.ems.board import GoOn
from elfe.ems.costs import Costs
from elfe.ems.flow import flowed, flows
from elfe.ems.loads.base import Fleet, Floats, Ints, Runs
from elfe.ems.loads.fills import Fills
from elfe.ems.loads.stores import PRICE_DIGITS, Stores
from elfe.ems.mending import mended, part_of, stored_again
from elfe.ems.model import Choice, Problem, objective
from elfe.slots import HORIZON

GROUPS, FEWEST_GROUPS = 60, 16
MOST_ROUNDS = 120
MET = 5e-7               # master and bound, relatively
APART = 1e-3             # likewise: what a sample knows of the whole is no nearer than that, but soon known
TOWARDS_BEST = 0.3       # how much of the best prices known stays in the next ones
SAMPLE = 2500            # loads of a territory twice as large that find the prices to begin with
BEGUN_WITH = 8           # of those prices
FEW = 0.3                # of all loads: so many may be of one mind where the others can make up for it
PARTY, MOST_PARTIES = 16, 60
PREFERENCE, MOST_OVER = 5e-4, 10.0        # what makes up its mind among slots that cost the same
AT_ONCE, EXACTLY_AT_ONCE = 4096, 512      # loads that one thread asks at once
THREADS = 2


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


def bound(problem: Problem, prices: Sequence[float], own: bool = True, go_on: GoOn = lambda: True) -> float:
    """No choice costs less than this, whatever the prices: computed from them alone. `own=False`: nor does any import alone.

    Where it was enough before all have answered exactly, the others answer nearly: a bound all the same.
    """
    price = allowed(problem.costs, plain(problem, prices))
    asked = [(fleet if own else fleet.selfless()).some(slice(begin, begin + EXACTLY_AT_ONCE)) for fleet in problem.fleets
             for begin in range(0, fleet.count, EXACTLY_AT_ONCE)]

    def answered(some: Fleet) -> float:
        return float((some.exactly if go_on() else some.respond)(price + problem.costs.drawn)[1].sum())

    with ThreadPoolExecutor(THREADS) as threads:
        found = sum(threads.map(answered, asked))
    return found - float(price @ problem.balance) - conjugate(problem.costs, price)


def plain(problem: Problem, prices: Sequence[float] | Floats) -> Floats:
    """Rounded, where loads are switched by what they store: exact answers to prices that are all different take far longer."""
    told = np.array(prices, float)
    return told.round(PRICE_DIGITS) if _switches(problem) else told


def _switches(problem: Problem) -> bool:
    return any(isinstance(fleet, Stores) and not fleet.convex for fleet in problem.fleets)


# -- the master -------------------------------------------------------------------------------------------------------------------


@frozen(eq=False)
class _Column:
    """What every group draws and costs when it answers these prices."""

    prices: Floats
    drawn: Floats            # groups × slots
    own: Floats              # groups


class _Master:
    """The linear programme of the module, written in PuLP with its first columns; later ones are added where HiGHS stands."""

    def __init__(self, costs: Costs, balance: Floats, columns: Sequence[_Column]) -> None:
        self._costs, groups = costs, len(columns[0].own)
        model = pulp.LpProblem("master", pulp.LpMinimize)
        theta = [[pulp.LpVariable(f"theta_{g}_{c}", lowBound=0) for g in range(groups)] for c in range(len(columns))]
        m = [[pulp.LpVariable(f"m{n}_{t}", lowBound=0, upBound=width) for t, width in enumerate(widths)]
             for n, widths in enumerate(_widths(costs))]
        p = pulp.LpVariable("p", lowBound=0)
        steepness = np.cumsum([level.weight for level in costs.levels], axis=0)
        worth = [(m[n][t], float(weight)) for n, weights in enumerate(steepness) for t, weight in enumerate(weights)]
        worth += [(x, float(w)) for xs, each in zip(theta, columns, strict=True)
                  for x, w in zip(xs, self._worth(each), strict=True)]
        model.setObjective(pulp.LpAffineExpression([*worth, (p, costs.peak)]))
        self._imports = []
        for t in range(HORIZON):
            drawn = [(x, -float(w)) for xs, each in zip(theta, columns, strict=True)
                     for x, w in zip(xs, each.drawn[:, t], strict=True) if w]
            self._imports.append(pulp.LpAffineExpression([*((row[t], 1.0) for row in m), *drawn]) >= -float(balance[t]))
            model.addConstraint(self._imports[t], f"import_{t}")
            if costs.peak:
                model.addConstraint(pulp.LpAffineExpression([(p, 1.0), *((row[t], -1.0) for row in m)]) >= 0, f"peak_{t}")
        self._wholes = [pulp.LpAffineExpression([(xs[g], 1.0) for xs in theta]) == 1 for g in range(groups)]
        for g, whole in enumerate(self._wholes):
            model.addConstraint(whole, f"whole_{g}")
        solver = pulp.HiGHS(msg=False, threads=1)
        solver.createAndConfigureSolver(model)
        solver.buildSolverModel(model)
        self._highs = model.solverModel
        self._theta = np.array([[x.index for x in xs] for xs in theta])
        self._import_rows, self._whole_rows = (np.array([row.index for row in rows]) for rows in (self._imports, self._wholes))

    def _worth(self, column: _Column) -> Floats:
        worth: Floats = column.own + column.drawn @ self._costs.drawn
        return worth

    def add(self, column: _Column) -> None:
        """One more answer of every group."""
        groups, first = len(column.own), self._highs.getNumCol()
        g, t = np.nonzero(column.drawn)
        of = np.concatenate([g, np.arange(groups)])
        order = of.argsort(kind="stable")
        rows = np.concatenate([self._import_rows[t], self._whole_rows])[order].astype(np.int32)
        values = np.concatenate([-column.drawn[g, t], np.ones(groups)])[order]
        begins = np.searchsorted(of[order], np.arange(groups)).astype(np.int32)
        self._highs.addCols(groups, self._worth(column), np.zeros(groups), np.full(groups, highspy.kHighsInf), len(rows), begins,
                            rows, values)
        self._theta = np.concatenate([self._theta, first + np.arange(groups)[None]])

    def solve(self) -> tuple[float, Floats, Floats]:
        """Its objective, its prices, and how much of each column each group takes (columns × groups)."""
        self._highs.run()
        found = self._highs.getSolution()
        shares = np.array(found.col_value)[self._theta].clip(min=0.0)
        prices: Floats = np.array(found.row_dual)[self._import_rows]
        return float(self._highs.getInfo().objective_function_value), prices, shares / shares.sum(axis=0)


@define(eq=False)
class Decomposition:
    """The answers so far, and the best bound with its prices."""

    problem: Problem
    bound: float = -np.inf
    prices: Floats = field(factory=lambda: np.zeros(HORIZON))
    columns: list[_Column] = field(factory=list)
    shares: Floats = field(factory=lambda: np.zeros((0, 0)))      # columns × groups, once master and bound have met
    apart: float = np.inf                                         # what was still between them, relatively
    groups: int = field(init=False)
    members: list[Ints] = field(init=False)      # the group of each load, by fleet

    def __attrs_post_init__(self) -> None:
        self.groups = min(self.problem.count, GROUPS, max(FEWEST_GROUPS, self.problem.count // FEWEST_GROUPS))
        dice = np.random.default_rng(0)
        dealt = dice.permutation(np.arange(self.problem.count) % self.groups)
        self.members = np.split(dealt, np.cumsum([fleet.count for fleet in self.problem.fleets])[:-1])

    def ask(self, prices: Floats) -> None:
        """Every load answers: a column for each group, and a bound."""
        costs = self.problem.costs
        price = allowed(costs, prices)
        asked = [(fleet, groups, slice(begin, begin + AT_ONCE))
                 for fleet, groups in zip(self.problem.fleets, self.members, strict=True)
                 for begin in range(0, fleet.count, AT_ONCE)]
        with ThreadPoolExecutor(THREADS) as threads:
            answers = list(threads.map(lambda each: self._answer(each[0], each[1], each[2], price + costs.drawn), asked))
        found = -float(price @ self.problem.balance) - conjugate(costs, price) + sum(answered for _, _, answered in answers)
        if found > self.bound:
            self.bound, self.prices = found, price
        drawn, own = np.sum([each[0] for each in answers], axis=0), np.sum([each[1] for each in answers], axis=0)
        self.columns.append(_Column(price, drawn, own))

    def _answer(self, fleet: Fleet, groups: Ints, which: slice, price: Floats) -> tuple[Floats, Floats, float]:
        """What some loads of a fleet draw at a price, and what that costs by itself, by group; and their bound."""
        some = fleet.some(which)
        runs, answered = some.respond(price)
        own: Floats = np.bincount(groups[which], weights=some.own(runs), minlength=self.groups).astype(float)
        return some.drawn(runs, groups[which], self.groups), own, float(answered.sum())

    def meet(self, go_on: GoOn = lambda: True) -> None:
        """Rounds until master and bound have met, or it was enough; `shares` and `apart` then tell what came of it."""
        master = _Master(self.problem.costs, self.problem.balance, self.columns)
        for _ in range(MOST_ROUNDS):
            reached, prices, self.shares = master.solve()
            self.apart = (reached - self.bound) / max(1.0, abs(reached))
            if self.apart <= MET or not go_on():
                break
            self.ask(TOWARDS_BEST * self.prices + (1 - TOWARDS_BEST) * prices)
            master.add(self.columns[-1])

    def like(self, sample: Decomposition) -> Decomposition:
        """Of the same loads, each taking what those of a sample would take of its columns."""
        other = Decomposition(self.problem, self.bound, sample.prices, sample.columns, sample.shares)
        assert other.groups == sample.groups, "a sample has the groups of its territory"
        return other

    def chosen(self, go_on: GoOn = lambda: True) -> list[Runs]:
        """A run per load. What may be mixed is; of the others, each column of a group is taken by its share of the loads."""
        return [self._mixed(f) if fleet.relaxed else self._followed(f, go_on) if self._are_few(f) else self._dealt(f)
                for f, fleet in enumerate(self.problem.fleets)]

    def _are_few(self, f: int) -> bool:
        """Whether a fleet whose exact answers are dear draws so little of all that the others make up for its being of one mind."""
        fleets = self.problem.fleets
        return isinstance(fleets[f], Stores) and fleets[f].count < FEW * sum(fleet.count for fleet in fleets)

    def _followed(self, f: int, go_on: GoOn) -> Runs:
        """Each does nearly what is best at the best prices, party after party, so that all together draw what the mix draws.

        Many slots cost the same there, and which of them are used matters: where the parties before drew too much is a little
        dearer. What is free costs a little all the same, or they would waste it. Those whose turn does not come follow the mix.
        """
        fleet, blend, prices = self.problem.fleets[f], self._blend(f), self.prices + self.problem.costs.drawn
        runs, target, drawn = fleet.realised(blend, prices), blend.sum(axis=0), np.zeros(HORIZON)
        parties = max(1, min(MOST_PARTIES, fleet.count // PARTY))
        for n, party in enumerate(np.array_split(np.random.default_rng(5).permutation(fleet.count), parties)):
            if not go_on():
                break
            over = (drawn - target * (n / parties)) * parties / max(1.0, float(target.mean()))
            price = prices + PREFERENCE * over.clip(-MOST_OVER, MOST_OVER).round()
            price = np.maximum(price, np.minimum(prices + PREFERENCE, PREFERENCE)).round(PRICE_DIGITS)
            runs[party] = fleet.some(party).exactly(price)[0]
            drawn += runs[party].sum(axis=0)
        return runs

    def _mixed(self, f: int) -> Runs:
        """Σ_c θ_gc · answer_c, made real where the answers are relaxed."""
        return self.problem.fleets[f].realised(self._blend(f), self.prices + self.problem.costs.drawn)

    def _blend(self, f: int) -> Runs:
        fleet, groups = self.problem.fleets[f], self.members[f]
        runs = np.zeros((fleet.count, HORIZON))
        for c, share in enumerate(self.shares):
            which = np.flatnonzero(share[groups] > 0)
            if len(which):
                runs[which] += share[groups[which], None] * self._answers(f, which, c)
        return runs

    def _dealt(self, f: int) -> Runs:
        """Each load takes the answer of one column, those of a group in the proportions of its shares."""
        groups, runs = self.members[f], self.problem.fleets[f].soonest()
        taken = np.empty(len(groups), np.int64)
        for g in range(self.groups):
            mine = np.flatnonzero(groups == g)
            middles = (np.arange(len(mine)) + 0.5) / max(1, len(mine))
            taken[mine] = np.searchsorted(np.cumsum(self.shares[:, g]), middles).clip(0, len(self.columns) - 1)
        for c in np.unique(taken):
            which = np.flatnonzero(taken == c)
            runs[which] = self._answers(f, which, c, exactly=True)
        return self.problem.fleets[f].realised(runs, self.prices + self.problem.costs.drawn)

    def _answers(self, f: int, which: Ints, c: int, exactly: bool = False) -> Runs:
        """Asked again: nobody keeps what a hundred thousand loads would do at each of the prices."""
        fleet, price = self.problem.fleets[f].some(which), self.columns[c].prices + self.problem.costs.drawn
        return fleet.exactly(price.round(PRICE_DIGITS))[0] if exactly and isinstance(fleet, Stores) else fleet.respond(price)[0]


def _widths(costs: Costs) -> list[list[float | None]]:
    """How much of the import lies in each level, per slot: up to the next one's offset; the last has no end."""
    offsets = [level.offset for level in costs.levels]
    widths: list[list[float | None]] = [[max(0.0, float(b - a)) for a, b in zip(here, above, strict=True)]
                                        for here, above in itertools.pairwise(offsets)]
    return [*widths, [None] * HORIZON]


# -- the whole of it --------------------------------------------------------------------------------------------------------------


Within = Callable[[float], bool]
"""Whether no more than a share of the time is used; work that is bounded by itself has all the time."""


@frozen
class _Ends:
    """The shares of the time that may be used when each step ends."""

    sampled: float
    asked: float
    followed: float
    mixed: float
    proved: float
    mended: float


ENDS = _Ends(sampled=0.45, asked=0.46, followed=0.6, mixed=0.7, proved=0.9, mended=0.92)
HOME_ENDS = _Ends(sampled=0.2, asked=0.25, followed=0.4, mixed=0.65, proved=0.95, mended=0.92)
"""Where homes are limited, their loads have more of the time to find room in them, and what is proved comes last."""


def quick(problem: Problem) -> Choice:
    """What every load would do by itself at a price that follows the balance: far from the best, and at once, for any number."""
    prices = plain_prices(problem)[1]
    runs = tuple(fleet.realised(fleet.respond(prices + problem.costs.drawn)[0], prices) for fleet in problem.fleets)
    proved = bound(problem, tuple(prices), go_on=lambda: False)
    return Choice(runs, objective(problem, runs), proved, "prices alone", tuple(map(float, prices)))


def decomposed(problem: Problem, within: Within = lambda _share: True) -> Choice:
    """The best choice that the decomposition and single moves find, with its bound. Bounded by rounds, moves, and the time."""
    if flows(problem):
        return _flowed(problem, lambda: within(ENDS.mended))
    ends = ENDS if problem.homes is None else HOME_ENDS
    work, sample = Decomposition(problem), _sampled(problem, lambda: within(ends.sampled))
    for prices in plain_prices(problem) if sample is None else _likely_prices(sample):
        if not work.columns or within(ends.asked):
            work.ask(prices)
    work.meet(lambda: within(ends.asked))
    followed = work if sample is None or work.apart <= APART else work.like(sample)
    runs = _poured_again(problem, followed.chosen(lambda: within(ends.followed)))
    if followed is work and within(ends.followed):
        runs = _mixed_again(problem, runs, work, lambda: within(ends.mixed))
    runs = stored_again(problem, runs, followed.prices, lambda: within(ends.mixed))
    if problem.homes is not None:
        runs = mended(problem, runs, work.bound, lambda: within(ends.mended))
    nearer = _nearer(problem, followed.prices, lambda: within(ends.proved))
    proved, with_prices = max((work.bound, tuple(map(float, work.prices))), nearer)
    if problem.homes is None:
        runs = mended(problem, runs, proved, lambda: within(ends.mended))
    return Choice(tuple(runs), objective(problem, runs), proved, "decomposition", with_prices)


def _flowed(problem: Problem, go_on: GoOn) -> Choice:
    """Where nothing but charges modulates, and none hurries, there is nothing to decompose."""
    runs, prices = flowed(problem, go_on)
    with_prices = tuple(map(float, prices))
    return Choice(tuple(runs), objective(problem, runs), bound(problem, with_prices), "flow", with_prices)


def _nearer(problem: Problem, prices: Floats, go_on: GoOn) -> tuple[float, tuple[float, ...]]:
    """The bound, and its prices, that exact answers prove, where loads answered nearly."""
    if not _switches(problem) or not go_on():
        return -np.inf, ()
    told = tuple(map(float, plain(problem, prices)))
    return bound(problem, told, go_on=go_on), told


def plain_prices(problem: Problem) -> list[Floats]:
    """Half of what an import costs: flat, and by the balance."""
    shape = problem.balance / (2 * max(1.0, float(np.abs(problem.balance).max())))
    weight = problem.costs.levels[0].weight
    return [weight * 0.5, weight * np.clip(0.5 - shape, 0, 1)]


def _sampled(problem: Problem, go_on: GoOn) -> Decomposition | None:
    """A sample of a large territory, decomposed."""
    if problem.count <= 2 * SAMPLE:
        return None
    sample = Decomposition(_sample(problem))
    for prices in plain_prices(sample.problem):
        sample.ask(prices)
    sample.meet(go_on)
    return sample


def _likely_prices(sample: Decomposition) -> list[Floats]:
    """Those that it ends with, and those of the columns that are taken most."""
    taken = sample.shares.sum(axis=1)
    return [sample.prices, *(sample.columns[c].prices for c in np.argsort(-taken, kind="stable")[:BEGUN_WITH] if taken[c] > 0)]


def _sample(problem: Problem) -> Problem:
    """A small territory like this one: of each fleet the same share of its loads, and so of the balance and of what limits it."""
    dice, share = np.random.default_rng(3), SAMPLE / problem.count
    fleets = tuple(fleet.some(dice.choice(fleet.count, round(share * fleet.count), replace=False)) for fleet in problem.fleets)
    return Problem(problem.balance * share, fleets, problem.costs.scaled(share))


def _poured_again(problem: Problem, runs: list[Runs]) -> list[Runs]:
    """Charges that modulate are placed exactly around the others, as if none hurried; where that costs less in all, it stays."""
    pours = [f for f, fleet in enumerate(problem.fleets) if isinstance(fleet, Fills) and fleet.convex and fleet.count]
    idle = [evolve(fleet, haste=np.zeros(fleet.count)) for fleet in problem.fleets if isinstance(fleet, Fills) and fleet.convex]
    part = part_of(problem, [each for each in idle if each.count], [runs[f] for f in pours], runs)
    if problem.homes is not None or not flows(part):
        return runs
    again = list(runs)
    for f, some in zip(pours, flowed(part)[0], strict=True):
        again[f] = some
    return min(runs, again, key=lambda each: objective(problem, each))


def _mixed_again(problem: Problem, runs: list[Runs], parent: Decomposition, go_on: GoOn) -> list[Runs]:
    """What modulates is mixed anew around all the others, which stay where they are; where homes are limited it is not."""
    mixing = [f for f, fleet in enumerate(problem.fleets) if fleet.convex and fleet.count]
    if not mixing or len(mixing) == len(problem.fleets) or problem.homes is not None:
        return runs
    part = part_of(problem, [problem.fleets[f] for f in mixing], [runs[f] for f in mixing], runs)
    again = list(runs)
    for f, some in zip(mixing, _mixed_around(part, parent, go_on), strict=True):
        again[f] = some
    return min(runs, again, key=lambda each: objective(problem, each))


def _mixed_around(part: Problem, parent: Decomposition, go_on: GoOn) -> list[Runs]:
    if flows(part):
        return flowed(part, go_on)[0]
    work = Decomposition(part)
    for prices in [parent.prices, *(column.prices for column in reversed(parent.columns))][:BEGUN_WITH]:
        if not work.columns or go_on():
            work.ask(prices)
    work.meet(go_on)
    return work.chosen()
