"""Territories too large for an exact model: a bound that the prices alone prove, and a choice that is near it."""

from __future__ import annotations

import random

import numpy as np
import pulp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfe.ems import decompose, model
from elfe.ems.loads import Alternative
from elfe.ems.model import EARLIER, Placing
from elfe.ems.solve import MANY, Solver
from elfe.slots import HORIZON
from tests.ems.made import a_problem


def a_territory(count: int, seed: int, pausing: float = 0.2, surplus: float = 0.9) -> Placing:
    """Many cycles and some tanks that pause, on a balance whose surplus is worth `surplus` of what they need."""
    dice = random.Random(seed)
    loads = []
    for i in range(count):
        if dice.random() < pausing:
            power = dice.choice([1500.0, 2200.0])
            rows = tuple(Alternative(start, (power, power, 0.0, 0.0, power)) for start in sorted(dice.sample(range(85), 6)))
            loads.append((i, rows))
        else:
            profile = tuple(dice.uniform(50, 2200) for _ in range(dice.randint(3, 9)))
            first = dice.randint(0, 60)
            loads.append((i, tuple(Alternative(s, profile[:HORIZON - s]) for s in range(first, first + dice.randint(1, 35)))))
    needed = sum(sum(each[0].power_w) for _, each in loads)
    shape = [max(0.0, np.sin(np.pi * (t - 28) / 50)) if 28 < t < 78 else 0.0 for t in range(HORIZON)]
    balance = tuple(surplus * needed * each / sum(shape) - 20.0 * count for each in shape)
    return Placing(balance, tuple(loads))


def relaxed(problem: Placing) -> float:
    """The exact model with every choice divisible: the best bound that prices can prove."""
    built, x, _ = model.build(problem)
    for variable in (each for row in x for each in row):
        variable.cat = pulp.LpContinuous
    built.solve(pulp.HiGHS(msg=False, threads=1))
    return float(built.objective.value())


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_that_of_the_relaxed_model(seed):
    problem = a_territory(40, seed)
    assert decompose.decomposed(problem).bound == pytest.approx(relaxed(problem), rel=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_a_territory_of_some_hundreds_is_placed_within_a_thousandth_of_its_bound(seed):
    problem = a_territory(400, seed)
    found = decompose.decomposed(problem)
    assert found.bound <= found.objective <= found.bound * 1.001
    assert found.objective == pytest.approx(model.objective(problem, found.picks))


@given(count=st.integers(1, 6), seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_no_choice_is_below_the_bound_of_any_prices(count, seed):
    problem = a_problem(count, starts=6, seed=seed)
    dice = np.random.default_rng(seed)
    bound = decompose.bound(decompose.menus(problem), problem.balance_w, dice.random(HORIZON))
    picks = tuple(int(dice.integers(len(each))) for _, each in problem.loads)
    assert bound <= model.objective(problem, picks) + 1e-6


def test_prices_out_of_their_bounds_prove_no_more_than_those_at_them():
    problem = a_territory(10, 1)
    all_menus = decompose.menus(problem)
    assert decompose.bound(all_menus, problem.balance_w, [2.0] * HORIZON) == decompose.bound(
        all_menus, problem.balance_w, [1.0] * HORIZON)


def test_shifted_profiles_and_rows_answer_alike():
    """A load of one profile, once as shifts and once as if it were of any shape."""
    profile = (500.0, 1500.0, 80.0)
    shifting = Placing((0.0,) * HORIZON, ((1, tuple(Alternative(s, profile) for s in range(10, 40))),))
    alternatives = shifting.loads[0][1]
    one = decompose.menus(shifting)
    rows = decompose.Rows(np.array([[0.0] * a.start + list(a.power_w) + [0.0] * (HORIZON - a.start - 3) for a in alternatives]),
                          np.array([a.start for a in alternatives]), np.array([0]))
    price = np.random.default_rng(3).random(HORIZON)
    (pick,), (cost,) = one.answers(price)
    (row_pick,), (row_cost,) = rows.answers(price)
    assert (pick, cost) == (row_pick, pytest.approx(row_cost))
    left = np.random.default_rng(4).uniform(-500, 2000, HORIZON)
    assert one.import_of(0, left) == pytest.approx(rows.import_of(0, left))


def test_the_earliest_of_equals_is_taken():
    alternatives = tuple(Alternative(s, (1000.0,)) for s in (5, 20, 50))
    problem = Placing((0.0,) * HORIZON, ((1, alternatives), (2, tuple(Alternative(s, (1000.0,)) for s in range(7, 12)))))
    assert decompose.menus(problem).answers(np.ones(HORIZON))[0].tolist() == [0, 0]


def test_single_moves_only_ever_help():
    problem = a_territory(60, 5)
    all_menus, balance = decompose.menus(problem), np.array(problem.balance_w)
    worst = np.zeros(all_menus.count, np.int64)
    mended = decompose.moved(all_menus, balance, worst, -np.inf)

    def cost(picks):
        everybody = np.arange(all_menus.count)
        return -(balance - all_menus.drawn(picks, everybody)).clip(max=0).sum() + all_menus.waiting(picks, everybody)
    assert cost(mended) < cost(worst)
    assert all_menus.waiting(mended, np.arange(60)) >= EARLIER * 0


def test_a_large_territory_goes_to_the_decomposition_and_is_the_same_every_time():
    problem = a_territory(MANY + 50, 2)
    first, second = Solver(), Solver()
    try:
        found, again = first.solve(problem), second.solve(problem)
    finally:
        first.close()
        second.close()
    assert found == again
    assert found.made_by in {"decomposition", "optimal"}
    assert found.objective <= found.bound * 1.002
