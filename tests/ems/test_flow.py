"""Charges that modulate: the best plan at once, and prices that prove it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pulp
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from elfe.ems import decompose, model
from elfe.ems.costs import Aims
from elfe.ems.flow import flowed, flows
from elfe.ems.loads.fills import Fills
from elfe.ems.model import Problem
from elfe.ems.solve import Limits, choices
from elfe.slots import HORIZON

UNEVEN = Aims(imported=0.4, unused_surplus=1.0, price=0.6, prices=tuple(2 + np.cos(np.arange(HORIZON) / 4)), feeder_w=30_000.0)
AIMS = {"the import": Aims(), "all that slots tell apart": UNEVEN, "the surplus": Aims(imported=0.0, unused_surplus=1.0)}


def cars(count: int, dice: np.random.Generator) -> Fills:
    power = dice.choice([2300.0, 3680.0, 7360.0], count)
    may = np.zeros((count, HORIZON), bool)
    for row in may:
        begin = int(dice.integers(0, 70))
        row[begin:begin + int(dice.integers(4, 60))] = True
        row[dice.integers(0, HORIZON, 3)] = True          # windows with holes, and islands
    energy = power * may.sum(axis=1) * dice.choice([0.0, 0.3, 0.77, 1.0], count, p=[0.1, 0.4, 0.4, 0.1])
    return Fills(power, may, energy, np.zeros(count, bool), np.zeros(count))


def a_street(count: int, seed: int, aims: Aims, surplus: float = 1.0) -> Problem:
    dice = np.random.default_rng(seed)
    fleets = (cars(count - count // 3, dice), cars(count // 3, dice))
    sun = np.maximum(0.0, np.sin(np.pi * (np.arange(HORIZON) - 28) / 50)) * dice.uniform(0.6, 1.0, HORIZON)
    needed = sum(float(fleet.energy.sum()) for fleet in fleets)
    return Problem(surplus * needed * sun / sun.sum() - 300.0 * count, fleets, aims.costs())


def exact(problem: Problem) -> float:
    built = model.build(problem)
    built.model.solve(pulp.HiGHS(msg=False, threads=1))
    return model.objective(problem, built.read())


@given(count=st.integers(3, 25), seed=st.integers(0, 10_000), aims=st.sampled_from(sorted(AIMS)), surplus=st.floats(0.2, 3.0))
@settings(max_examples=60, deadline=None)
def test_no_price_proves_more_than_the_plan_costs_nor_less(count: int, seed: int, aims: str, surplus: float) -> None:
    problem = a_street(count, seed, AIMS[aims], surplus)
    runs, prices = flowed(problem)
    reached = model.objective(problem, runs)
    assert decompose.bound(problem, tuple(prices)) == pytest.approx(reached, rel=1e-9, abs=1e-3)
    for fleet, some in zip(problem.fleets, runs, strict=True):
        assert isinstance(fleet, Fills)
        assert some.sum(axis=1) == pytest.approx(fleet.energy)
        assert (some >= -1e-9).all()
        assert (some <= fleet.power[:, None] * fleet.may + 1e-9).all()


@pytest.mark.parametrize("aims", AIMS)
def test_it_is_the_plan_of_the_exact_model(aims: str) -> None:
    problem = a_street(15, 7, AIMS[aims])
    assert model.objective(problem, flowed(problem)[0]) == pytest.approx(exact(problem), rel=1e-7)


@pytest.mark.parametrize("otherwise", [
    {"costs": Aims(peak=1.0).costs()},
    {"homes": model.Homes(np.zeros(15, np.int64), np.array([9000.0]))},
    {"fleets": (evolve(cars(15, np.random.default_rng(1)), haste=np.full(15, 1e-3)),)},
    {"fleets": (evolve(cars(15, np.random.default_rng(1)), switched=np.ones(15, bool)),)},
])
def test_what_a_flow_cannot_say_is_left_to_the_others(otherwise: dict[str, Any]) -> None:
    problem = a_street(15, 1, Aims())
    assert flows(problem)
    assert not flows(evolve(problem, **otherwise))


def test_one_that_is_told_to_stop_leaves_a_plan_and_a_bound() -> None:
    problem = a_street(60, 3, UNEVEN)
    runs, prices = flowed(problem, lambda: False)
    best = model.objective(problem, flowed(problem)[0])
    assert decompose.bound(problem, tuple(prices)) <= best + 1e-6 <= model.objective(problem, runs) + 2e-6


def test_the_solver_proves_a_street_of_cars_at_once() -> None:
    """No round of the decomposition, no search: the first choice is the last one."""
    problem = a_street(300, 2, Aims())
    found, = choices(problem, Limits(seconds=None))
    assert found.bound == pytest.approx(found.objective, rel=1e-9)
