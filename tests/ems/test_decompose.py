"""Territories too large for an exact model: a bound that the prices alone prove, and a choice that is near it."""

from __future__ import annotations

import random

import numpy as np
import pulp
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from elfe.ems import decompose, mending, model
from elfe.ems.costs import Aims
from elfe.ems.loads.base import Choosing, Fleet, Wishes
from elfe.ems.loads.chains import Chains
from elfe.ems.loads.fills import Fills
from elfe.ems.loads.shifts import Shifts
from elfe.ems.loads.stores import Stores
from elfe.ems.model import Homes, Problem, overload
from elfe.ems.search import improved
from elfe.ems.solve import Limits, Solver, choices
from elfe.slots import HORIZON
from tests.ems.made import a_problem


def tanks(count: int, dice: random.Random) -> Chains:
    """Tanks with two windows."""
    windows = [[*range(begin, begin + 12), *range(begin + 40, begin + 52)] for begin in (dice.randrange(40) for _ in range(count))]
    power = [dice.choice([1500.0, 2200.0]) for _ in range(count)]
    needed = [dice.randint(4, 20) for _ in range(count)]
    return Chains.of(windows, needed, power, [each * 3.4 for each in power], [Wishes()] * count)


def cycles(count: int, dice: random.Random) -> Shifts:
    profiles = [[dice.uniform(50, 2200) for _ in range(dice.randint(3, 9))] for _ in range(count)]
    first = [dice.randint(0, 50) for _ in range(count)]
    return Shifts.of(profiles, first, [each + dice.randint(1, 35) for each in first], [Wishes()] * count)


def a_territory(count: int, seed: int, surplus: float = 0.9) -> Problem:
    """Many cycles and some tanks that pause, on a balance whose surplus is worth `surplus` of what they need."""
    dice = random.Random(seed)
    fleets = (cycles(count * 4 // 5, dice), tanks(count - count * 4 // 5, dice))
    needed = sum(float(fleet.sizes().sum()) for fleet in fleets)
    shape = np.array([max(0.0, np.sin(np.pi * (t - 28) / 50)) if 28 < t < 78 else 0.0 for t in range(HORIZON)])
    return Problem(surplus * needed * shape / shape.sum() - 20.0 * count, fleets)


def relaxed(problem: Problem) -> float:
    """The exact model with every choice divisible: the best bound that prices can prove."""
    built = model.build(problem)
    for variable in built.model.variables():
        variable.cat = pulp.LpContinuous
    built.model.solve(pulp.HiGHS(msg=False, threads=1))
    return float(built.model.objective.value())


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_that_of_the_relaxed_model(seed):
    problem = a_territory(40, seed)
    assert decompose.decomposed(problem).bound == pytest.approx(relaxed(problem), rel=1e-5)


@pytest.mark.parametrize("aims", [
    Aims(unused_surplus=1.0), Aims(imported=0.0, unused_surplus=1.0), Aims(peak=3.0), Aims(feeder_w=30_000.0),
    Aims(price=1.0, prices=tuple(1 + np.sin(np.arange(HORIZON)))), Aims(co2=0.5, intensities=tuple(range(HORIZON)), peak=2.0)])
def test_so_is_the_bound_of_every_aim(aims):
    problem = evolve(a_territory(25, 1), costs=aims.costs())
    found = decompose.decomposed(problem)
    assert found.bound == pytest.approx(relaxed(problem), rel=1e-5)
    assert found.objective >= found.bound - 1e-6
    assert decompose.bound(problem, found.prices) == pytest.approx(found.bound)


@pytest.mark.parametrize("seed", range(3))
def test_a_territory_of_some_hundreds_is_placed_within_a_ten_thousandth_of_its_bound(seed):
    problem = a_territory(400, seed)
    *_, found = choices(problem, Limits(seconds=None, tries=8000))
    assert found.bound <= found.objective <= found.bound * 1.0001
    assert found.objective == pytest.approx(model.objective(problem, found.runs))


@given(count=st.integers(1, 6), seed=st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_no_choice_is_below_the_bound_of_any_prices(count, seed):
    problem = a_problem(count, starts=6, seed=seed)
    dice = np.random.default_rng(seed)
    cycles, = problem.fleets
    bound = decompose.bound(problem, dice.random(HORIZON))
    assert bound <= model.objective(problem, (dice.integers(cycles.first, cycles.last + 1),)) + 1e-6


def test_prices_out_of_their_bounds_prove_no_more_than_those_at_them():
    problem = a_territory(10, 1)
    assert decompose.bound(problem, [2.0] * HORIZON) == decompose.bound(problem, [1.0] * HORIZON)


def by_hand(fleet: Fleet, i: int, price: np.ndarray) -> tuple[float, int]:
    """The cheapest alternative of a load, each priced for itself."""
    menu = fleet.menu(i)
    costs = [float(row @ price) + float(own) for row, own in zip(menu.rows(), menu.own, strict=True)]
    return min(costs), int(menu.runs[int(np.argmin(costs))])


@pytest.mark.parametrize("fleet", [cycles(30, random.Random(1)), tanks(30, random.Random(2))])
def test_a_fleet_answers_a_price_as_each_of_its_loads_would(fleet):
    price = np.random.default_rng(3).random(HORIZON)
    runs, costs = fleet.respond(price)
    assert [(pytest.approx(cost), run) for cost, run in zip(costs, runs, strict=True)] == [
        by_hand(fleet, i, price) for i in range(fleet.count)]
    assert fleet.powers(runs) @ price + fleet.own(runs) == pytest.approx(costs)
    groups = np.arange(fleet.count) % 3
    assert fleet.drawn(runs, groups, 3).sum(axis=0) == pytest.approx(fleet.powers(runs).sum(axis=0))


@pytest.mark.parametrize("aims", [Aims(), Aims(unused_surplus=0.5, feeder_w=3000.0)])
def test_a_cycle_settles_where_its_written_menu_would(aims):
    dice = np.random.default_rng(8)
    fleet = cycles(40, random.Random(8))
    fleet = evolve(fleet, promised=dice.integers(-1, HORIZON, 40), faith=np.full(40, 60.0))
    for i in range(fleet.count):
        left, room = dice.normal(0, 2000, HORIZON), dice.uniform(-500, 4000, HORIZON) if i % 2 else None
        assert fleet.settle(i, left, aims.costs(), room) == Choosing.settle(fleet, i, left, aims.costs(), room)
        assert (fleet.row(i, fleet.last[i]) == fleet.powers(fleet.last)[i]).all()


def charges(count: int) -> Fills:
    one = np.ones(count)
    return Fills(2000 * one, np.ones((count, HORIZON), bool), 9000 * one, np.zeros(count, bool), 1e-3 * one)


def batteries(count: int) -> Stores:
    one, slots = np.ones(count), np.ones((count, HORIZON))
    return Stores(2500 * one, one, -500 * slots, -2000 * one, np.full((count, 2), 2000.0), np.tile([0.25, 0.25 * 0.9], (count, 1)),
                  500 * slots, 5000 * slots, np.zeros(count, bool), 0.02 * one)


@pytest.mark.parametrize("fleet", [cycles(4, random.Random(1)), tanks(4, random.Random(2)), charges(3), batteries(3)])
def test_what_loads_cost_by_themselves_is_no_import(fleet):
    """A battery's wear once was: the import that a plan was proved to need was more than it had, and no plan was made."""
    price = 0.5 + 0.5 * np.sin(np.arange(HORIZON) / 7)
    runs, _ = fleet.respond(price)
    assert fleet.own(runs).any()
    assert not fleet.selfless().own(runs).any()
    assert (fleet.selfless().exactly(price)[1] <= fleet.powers(runs) @ price + 1e-6).all()


@pytest.mark.parametrize("fleet", [cycles(4, random.Random(1)), tanks(4, random.Random(2))])
def test_the_earliest_of_equals_is_taken(fleet):
    assert fleet.respond(np.ones(HORIZON))[0].tolist() == fleet.soonest().tolist()


def test_single_moves_only_ever_help():
    problem = a_territory(60, 5)
    worst = model.soonest(problem)
    assert improved(problem, worst, "moves").objective < model.objective(problem, worst)


def test_a_large_territory_that_has_no_time_takes_what_its_sample_takes(monkeypatch):
    monkeypatch.setattr(decompose, "SAMPLE", 1000)
    problem = a_territory(2200, 4)
    asked = []
    ask = decompose.Decomposition.ask
    monkeypatch.setattr(decompose.Decomposition, "ask", lambda self, prices: (asked.append(self.problem.count), ask(self, prices)))
    found = decompose.decomposed(problem, lambda share: share != decompose.ENDS.asked)
    assert asked.count(2200) == 1
    alone = decompose.Decomposition(problem)
    alone.ask(np.array(found.prices))
    alone.meet(lambda: False)
    assert found.objective - found.bound < 0.3 * (model.objective(problem, alone.chosen()) - found.bound)
    assert decompose.bound(problem, found.prices) == pytest.approx(found.bound)


def test_charges_are_placed_anew_around_the_others_and_only_where_that_costs_less():
    dice = random.Random(3)
    problem = Problem(a_territory(20, 3).balance, (cycles(20, dice), charges(20)))
    soonest = model.soonest(problem)
    again = decompose._poured_again(problem, soonest)
    assert np.array_equal(again[0], soonest[0])
    assert again[1].sum(axis=1) == pytest.approx(np.full(20, 9000.0))
    assert model.objective(problem, again) < model.objective(problem, soonest)
    assert decompose._poured_again(problem, again) is again


def test_a_large_territory_is_planned_the_same_every_time():
    problem = a_territory(400, 2)
    first, second = (Solver(Limits(seconds=None, tries=500, nodes=20)) for _ in range(2))
    try:
        found, again = first.solve(problem), second.solve(problem)
    finally:
        first.close()
        second.close()
    assert found == again
    assert found.objective <= found.bound * 1.01


def test_homes_of_a_large_territory_keep_below_their_limits():
    """What was mended was compared without its homes' limits: the plan that broke them was cheaper, and was taken."""
    fleet, balance = cycles(2000, random.Random(5)), 400_000.0 * np.sin(np.arange(HORIZON) / 15)
    free = Problem(balance, (fleet,))
    limited = evolve(free, homes=Homes(np.arange(2000) // 4, np.full(500, 4000.0)))
    assert overload(limited, decompose.decomposed(limited).runs) < 0.02 * overload(limited, decompose.decomposed(free).runs)


def test_all_homes_that_are_beyond_their_limit_move_however_many(monkeypatch):
    """Of a hundred thousand loads ten thousand moved: most homes stayed beyond a tight limit."""
    monkeypatch.setattr(mending, "MENDING", 300)
    fleet, balance = cycles(2000, random.Random(5)), 400_000.0 * np.sin(np.arange(HORIZON) / 15)
    free = Problem(balance, (fleet,))
    limited = evolve(free, homes=Homes(np.arange(2000) // 4, np.full(500, 4000.0)))
    assert overload(limited, decompose.decomposed(limited).runs) < 0.02 * overload(limited, decompose.decomposed(free).runs)


@pytest.mark.parametrize("switched", [True, False])
def test_what_stores_leaves_room_to_the_other_loads_of_its_home(switched, monkeypatch):
    """In large territories rooms and batteries followed the price alone, beside a machine that left them no room."""
    monkeypatch.setattr(mending, "SLOW", 10)
    count, slots, one = 60, np.ones((60, HORIZON)), np.ones(60)
    rooms = Stores(18.5 * one, 0.99 * one, 0.05 * slots, 0 * one, 1500.0 * one[:, None], 0.0004 * one[:, None], 16.0 * slots,
                   22.0 * slots, np.full(count, switched), 0 * one)
    machines = Shifts.of([[2000.0] * 6] * count, [40] * count, [42] * count, [Wishes()] * count)
    balance = np.where(np.arange(HORIZON) // 10 == 4, 300_000.0, 0.0)
    homes = Homes(np.tile(np.arange(count), 2), np.full(count, 3000.0))
    limited = Problem(balance, (machines, rooms), homes=homes)
    beside = decompose.decomposed(evolve(limited, homes=None)).runs
    assert overload(limited, beside) > 1000
    assert overload(limited, decompose.decomposed(limited).runs) == pytest.approx(0, abs=1e-3)
