"""The placement problem as mathematics. Reads and writes values; PuLP is the modelling front.

Sets        t ∈ T = 0..95           slots of the horizon
            i ∈ I                   loads, in fleets of one shape each
Data        b_t   [W]               the forecast balance without the loads, production − consumption
            X_i                     the runs of load i; x_it [W] what a run draws, own_i(x) what it costs by itself
            f_t                     the convex cost of a net import, see `costs.py`; its levels l with offset_lt and weight_lt
            H_ht  [W]               what the loads of home h may draw at once, less what it has begun already
Variables   those of each load's own formulation (`loads/`), binary starts or powers
            m_lt ≥ 0  [W]           what the territory imports in slot t beyond offset_lt
            p ≥ 0  [W]              the greatest import

minimise    Σ_l Σ_t weight_lt · m_lt + Σ_t drawn_t · Σ_i x_it + peak · p + Σ_i own_i

subject to  each load's own constraints                                     ∀ i
            import_lt:  m_lt ≥ Σ_i x_it − b_t − offset_lt                   ∀ l, t
            peak_t:     p ≥ m_0t                                            ∀ t        where the peak weighs
            home_ht:    Σ_{i ∈ h} x_it ≤ H_ht                               ∀ h, t

With the first aim alone, the energy imported is Σ_t m_0t · ¼ h.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pulp
from attrs import cmp_using, field, frozen

from elfe.ems.costs import IMPORT, Costs
from elfe.ems.loads.base import Bools, Fleet, Floats, Formulation, Ints, Load, Runs
from elfe.slots import HORIZON, SLOT_S


def _per_slot(limit_w: Floats) -> Floats:
    """A limit per home is that of every slot."""
    return limit_w if limit_w.ndim == 2 else np.repeat(limit_w[:, None], HORIZON, axis=1)


@frozen(eq=False)
class Homes:
    """What homes may draw at once: of[i] is the home of load i of the problem, −1 for none that is limited; limit_w[h, t] W."""

    of: Ints
    limit_w: Floats = field(converter=_per_slot)


@frozen(eq=False)
class Problem:
    """What is to be placed, and against which balance. Loads are numbered fleet after fleet."""

    balance: Floats                          # W per slot
    fleets: tuple[Fleet, ...]
    costs: Costs = IMPORT
    homes: Homes | None = None

    @property
    def count(self) -> int:
        """How many loads."""
        return sum(fleet.count for fleet in self.fleets)

    def find(self, number: int) -> tuple[int, int]:
        """The fleet of a load, and its place in it."""
        for f, fleet in enumerate(self.fleets):
            if number < fleet.count:
                return f, number
            number -= fleet.count
        raise IndexError(number)


def _same(one: tuple[Runs, ...], other: tuple[Runs, ...]) -> bool:
    return len(one) == len(other) and all(np.array_equal(here, there) for here, there in zip(one, other, strict=True))


@frozen
class Choice:
    """A run for each load, and how good that is."""

    runs: tuple[Runs, ...] = field(eq=cmp_using(eq=_same))     # of each fleet
    objective: float
    bound: float | None                # no choice is below; None where nobody proved it
    made_by: str
    prices: tuple[float, ...] = ()     # what a watt is worth in each slot: with them anybody computes the bound again


@frozen
class Placing:
    """A problem with the order in which its loads were given: load n is number[n] of the problem."""

    problem: Problem
    number: tuple[int, ...]

    def run_of(self, choice: Choice, n: int) -> Any:
        """The run that load n was given."""
        f, i = self.problem.find(self.number[n])
        return choice.runs[f][i]


def placing(balance_w: Sequence[float], loads: Sequence[Load], costs: Costs = IMPORT,
            homes: Mapping[int, tuple[int, float]] | None = None, taken: Mapping[int, Floats] | None = None) -> Placing:
    """The problem of these loads: a fleet per kind, and another of those of it that modulate.

    `homes`: by appliance, the number of its home and that home's limit, W; `taken`: by home, what runs in it already, W per slot.
    """
    kinds: dict[tuple[type, bool], list[int]] = {}
    for n, load in enumerate(loads):
        kinds.setdefault((type(load), load.modulates), []).append(n)
    order = [n for members in kinds.values() for n in members]
    number = np.empty(len(loads), np.int64)
    number[order] = np.arange(len(loads))
    fleets = tuple(kind.fleet([loads[n] for n in members]) for (kind, _), members in kinds.items())    # type: ignore[attr-defined]
    problem = Problem(np.array(balance_w, float), fleets, costs, _homes([loads[n] for n in order], homes or {}, taken or {}))
    return Placing(problem, tuple(int(each) for each in number))


def limits(homes: Iterable[str], own_w: Mapping[str, float], home_w: float | None) -> dict[str, float]:
    """What each of these homes may draw at once, W: its own limit, or that of all; those that have neither are left out."""
    found = {home: own_w.get(home, home_w) for home in sorted(set(homes))}
    return {home: limit_w for home, limit_w in found.items() if limit_w is not None}


def _homes(loads: Sequence[Load], homes: Mapping[int, tuple[int, float]], taken: Mapping[int, Floats]) -> Homes | None:
    if not homes:
        return None
    limits = np.full((1 + max(home for home, _ in homes.values()), HORIZON), np.inf)
    for home, limit_w in homes.values():
        limits[home] = np.maximum(0.0, limit_w - taken.get(home, 0.0))
    return Homes(np.array([homes.get(load.appliance.id, (-1, 0.0))[0] for load in loads], np.int64), limits)


# -- what a choice is worth -----------------------------------------------------------------------------------------------------


def powers_of(problem: Problem, runs: Sequence[Runs]) -> Floats:
    """What each load draws: loads × slots, W."""
    drawn = [np.zeros((0, HORIZON)), *(fleet.powers(some) for fleet, some in zip(problem.fleets, runs, strict=True))]
    return np.concatenate(drawn)


def left_of(problem: Problem, runs: Sequence[Runs]) -> Floats:
    """The balance once the loads draw, W per slot."""
    left = problem.balance.copy()
    for fleet, some in zip(problem.fleets, runs, strict=True):
        left -= fleet.drawn(some, np.zeros(fleet.count, np.int64), 1)[0]
    return left


def own_of(problem: Problem, runs: Sequence[Runs]) -> float:
    """What the runs cost by themselves."""
    return sum(float(fleet.own(some).sum()) for fleet, some in zip(problem.fleets, runs, strict=True))


def objective(problem: Problem, runs: Sequence[Runs]) -> float:
    """The objective of a choice, evaluated without the model."""
    return problem.costs.of(left_of(problem, runs), problem.balance) + own_of(problem, runs)


def overload(problem: Problem, runs: Sequence[Runs]) -> float:
    """What homes draw beyond their limits, W summed over homes and slots."""
    return 0.0 if problem.homes is None else float(_over(problem.homes, powers_of(problem, runs)).sum())


def beyond(problem: Problem, runs: Sequence[Runs]) -> Bools:
    """Of each load, whether its home draws beyond its limit in some slot."""
    if problem.homes is None:
        return np.zeros(problem.count, bool)
    over: Bools = np.append(_over(problem.homes, powers_of(problem, runs)).any(axis=1), False)[problem.homes.of]
    return over


def _over(homes: Homes, powers: Floats) -> Floats:
    """What homes draw beyond their limits: homes × slots, W."""
    drawn = np.zeros((len(homes.limit_w) + 1, HORIZON))      # the last for those of no home that is limited
    np.add.at(drawn, homes.of, powers)
    return (drawn[:-1] - homes.limit_w).clip(min=0.0)


def longest_waiting(problem: Problem) -> float:
    """The most that the runs can cost by themselves: what to take off a bound on the objective to bound the rest alone."""
    return sum(float(fleet.dearest().sum()) for fleet in problem.fleets)


def soonest(problem: Problem) -> tuple[Runs, ...]:
    """What happens when nobody plans: each load as soon as it may."""
    return tuple(fleet.realised(fleet.soonest(), np.zeros(HORIZON)) for fleet in problem.fleets)


def imported_wh(balance_w: Sequence[float] | Floats) -> float:
    """The energy that a territory of this balance imports, Wh."""
    return float(np.maximum(0.0, -np.asarray(balance_w, float)).sum()) * SLOT_S / 3600


# -- the model ------------------------------------------------------------------------------------------------------------------


@frozen
class Built:
    """The model, and its loads' formulations in the problem's order."""

    model: pulp.LpProblem
    loads: tuple[tuple[Formulation, ...], ...]
    imports: tuple[tuple[pulp.LpVariable, ...], ...]       # by level and slot
    peak: pulp.LpVariable                                  # stands in the model only where the peak weighs

    def begin(self, problem: Problem, runs: Sequence[Runs]) -> None:
        """Set every variable to what a choice says."""
        for formulations, some in zip(self.loads, runs, strict=True):
            for formulation, run in zip(formulations, some, strict=True):
                formulation.begin(run)
        net = -left_of(problem, runs)
        for level, row in zip(problem.costs.levels, self.imports, strict=True):
            for variable, watts in zip(row, np.maximum(0.0, net - level.offset), strict=True):
                variable.setInitialValue(float(watts))
        self.peak.setInitialValue(float(net.max(initial=0.0)))

    def read(self) -> tuple[Runs, ...]:
        """The choice that the variables say."""
        return tuple(np.array([each.read() for each in formulations]) for formulations in self.loads)


def build(problem: Problem) -> Built:
    """The model above, constraint by constraint."""
    model = pulp.LpProblem("placement", pulp.LpMinimize)
    loads = tuple(tuple(fleet.formulate(i, f"f{f}_{i}") for i in range(fleet.count)) for f, fleet in enumerate(problem.fleets))
    m = tuple(tuple(pulp.LpVariable(f"m{level}_{t}", lowBound=0) for t in range(HORIZON)) for level, _ in
              enumerate(problem.costs.levels))
    everybody = [each for formulations in loads for each in formulations]

    worth = [(variable, float(weight)) for level, row in zip(problem.costs.levels, m, strict=True)
             for variable, weight in zip(row, level.weight, strict=True)]
    worth += [(variable, float(problem.costs.drawn[t]) * watts) for each in everybody for t, variable, watts in each.drawn
              if problem.costs.drawn[t]]
    worth += [pair for each in everybody for pair in each.own]
    p = pulp.LpVariable("p", lowBound=0)
    model.setObjective(_sum([*worth, *([(p, problem.costs.peak)] if problem.costs.peak else [])]))

    for each in everybody:
        for constraint, name in each.constraints:
            model.addConstraint(constraint, name)
    for level, (row, cost) in enumerate(zip(m, problem.costs.levels, strict=True)):
        for t, (drawn, base) in enumerate(_by_slot(everybody)):
            least = base - float(problem.balance[t] + cost.offset[t])
            model.addConstraint(_sum([(row[t], 1.0), *((x, -w) for x, w in drawn)]) >= least, f"import{level}_{t}")
    for t in range(HORIZON if problem.costs.peak else 0):
        model.addConstraint(p - m[0][t] >= 0, f"peak_{t}")
    if problem.homes is not None:
        _limit_homes(model, problem.homes, everybody)
    return Built(model, loads, m, p)


def _limit_homes(model: pulp.LpProblem, homes: Homes, everybody: Sequence[Formulation]) -> None:
    for h in np.unique(homes.of[homes.of >= 0]):
        members = [everybody[int(i)] for i in np.flatnonzero(homes.of == h)]
        for t, (drawn, base) in enumerate(_by_slot(members)):
            if drawn and sum(max(0.0, w) * x.upBound for x, w in drawn) + base > homes.limit_w[h, t]:
                model.addConstraint(_sum(drawn) <= float(homes.limit_w[h, t]) - base, f"home{h}_{t}")


def _by_slot(loads: Sequence[Formulation]) -> list[tuple[list[tuple[pulp.LpVariable, float]], float]]:
    """For each slot what these loads draw in it: variables with their W per unit, and the W that they draw anyway."""
    drawn: list[list[tuple[pulp.LpVariable, float]]] = [[] for _ in range(HORIZON)]
    base = np.zeros(HORIZON)
    for each in loads:
        base = base + each.base
        for t, variable, watts in each.drawn:
            drawn[t].append((variable, watts))
    return list(zip(drawn, map(float, base), strict=True))


def _sum(terms: Sequence[tuple[pulp.LpVariable, float]]) -> pulp.LpAffineExpression:
    """Terms as one expression; a variable may stand in several of them."""
    total: dict[pulp.LpVariable, float] = {}
    for variable, factor in terms:
        total[variable] = total.get(variable, 0.0) + factor
    return pulp.LpAffineExpression(total)
