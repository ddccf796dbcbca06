"""What a better plan can hold."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from attrs import evolve

from elfe.ems import model, search
from elfe.ems.decompose import decomposed
from elfe.ems.model import Choice, Homes, Problem
from elfe.ems.shortlist import Shortlist, shorter
from elfe.ems.solve import Limits, choices, exact
from elfe.slots import HORIZON
from tests.ems.made import a_problem


def plans(problem: Problem) -> list[tuple[int, ...]]:
    cycles, = problem.fleets
    return list(itertools.product(*(range(first, last + 1) for first, last in zip(cycles.first, cycles.last, strict=True))))


def known(problem: Problem) -> Choice:
    """A plan that is not the best, with a bound."""
    proved = decomposed(problem)
    soonest = model.soonest(problem)
    return evolve(proved, runs=soonest, objective=model.objective(problem, soonest))


@pytest.mark.parametrize("share", [1.0, 1 / 3])
@pytest.mark.parametrize("seed", range(6))
def test_every_plan_that_is_left_out_costs_as_much_as_is_said(seed: int, share: float) -> None:
    problem = a_problem(count=4, starts=7, seed=seed)
    best = known(problem)
    short = shorter(problem, best, share)
    fleet, = short.problem.fleets
    assert isinstance(fleet, Shortlist)
    kept = [set(map(int, fleet.menu(i).runs)) for i in range(4)]
    out = [model.objective(problem, (np.array(plan),)) for plan in plans(problem)
           if not all(start in some for start, some in zip(plan, kept, strict=True))]
    assert min(out, default=np.inf) >= short.beyond - 1e-2
    assert all(int(start) in some for start, some in zip(best.runs[0], kept, strict=True))
    if share == 1:
        assert short.beyond >= best.objective


def test_near_the_bound_what_is_too_dear_is_left_out() -> None:
    problem = a_problem(count=300, starts=40, seed=1)
    best = decomposed(problem)
    whole, short, likely = shorter(problem, evolve(best, prices=())), shorter(problem, best), shorter(problem, best, 1 / 3)
    assert likely.columns <= short.columns < whole.columns


def test_what_is_looked_through_of_a_shortlist_is_a_plan_of_the_problem() -> None:
    problem = a_problem(count=8, starts=30, seed=3)
    best = decomposed(problem)
    short = shorter(problem, best)
    found = search.searched(short.problem, best, tries=60)
    solved = exact(problem, best, Limits(), short)
    assert model.objective(problem, found.runs) == pytest.approx(found.objective)
    assert solved.objective <= found.objective
    assert best.bound is not None
    assert solved.bound is not None
    assert best.bound - 1e-3 <= solved.bound <= solved.objective + 1e-3


def test_an_answer_of_a_shortlist_is_the_cheapest_of_it() -> None:
    problem = a_problem(count=8, starts=30, seed=3)
    fleet, = shorter(problem, decomposed(problem)).problem.fleets
    price = np.random.default_rng(1).uniform(0, 1, HORIZON)
    runs, least = fleet.respond(price)
    np.testing.assert_allclose(fleet.powers(runs) @ price + fleet.own(runs), least)
    alone = fleet.some(np.array([5]))
    assert (alone.respond(price)[0][0], alone.count) == (runs[5], 1)
    assert (fleet.selfless().respond(price)[1] <= least).all()


def test_a_plan_that_asks_too_much_of_a_home_rules_nothing_out() -> None:
    problem = a_problem(count=4, starts=7, seed=1)
    limited = evolve(problem, homes=Homes(np.zeros(4, np.int64), np.array([100.0])))
    assert shorter(limited, known(problem)).problem is limited
    assert shorter(evolve(limited, homes=Homes(np.zeros(4, np.int64), np.array([1e6]))), known(problem)).beyond < np.inf


def test_search_and_proof_side_by_side_find_what_they_find_in_turn() -> None:
    problem = a_problem(count=12, starts=30, seed=3)
    in_turn, side_by_side = (list(choices(problem, Limits(seconds=seconds)))[-1] for seconds in (None, 60.0))
    assert in_turn.objective == pytest.approx(side_by_side.objective)
    for each in (in_turn, side_by_side):
        assert each.bound == pytest.approx(each.objective, rel=1e-5)
