"""Charges that pause, hours that must be run, batteries: best answers, exact models, and what can be carried out."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pulp
import pytest

from elfe.coordination.values import Ability, ApplianceType, Battery, Duty, OffPeak, Vehicle
from elfe.ems import model, search
from elfe.ems.costs import IMPORT, Aims, Costs, Level
from elfe.ems.decompose import bound, decomposed
from elfe.ems.loads import BatteryLoad, ChargeLoad, DutyLoad
from elfe.ems.loads.base import Load
from elfe.ems.model import Homes, Problem
from elfe.ems.solve import Limits, exact
from elfe.slots import HORIZON, SLOT
from tests.ems.made import FIRST, NOON, an_appliance, slots
from tests.ems.test_kinds import linear

KINDS = ("modulated", "switched", "duty", "battery")


def a_charge(by: timedelta | None = slots(60), modulates: bool = True, delivered_wh: float = 0.0, id: int = 3,
             capacity_wh: int = 30_000) -> ChargeLoad:
    vehicle = Vehicle(an_appliance(id, ApplianceType.CAR), 20, 80, NOON + by if by is not None else None, 3000, capacity_wh, 3)
    return ChargeLoad(vehicle, Ability(modulates), FIRST, delivered_wh)


def a_duty(needed: int = 12, first: int = 10, last: int = 50, id: int = 6) -> DutyLoad:
    duty = Duty(an_appliance(id, ApplianceType.MACHINE), 900, needed * SLOT, OffPeak(0, 0), 0)
    return DutyLoad(duty, tuple(range(first, last)), needed)


def a_battery(charge_wh: float = 4000, efficiency: float = 0.9, least_pct: int = 10, id: int = 7) -> BatteryLoad:
    return BatteryLoad(Battery(an_appliance(id, ApplianceType.MACHINE), 10_000, 5000, 4000, least_pct, efficiency, 0, 0), charge_wh)


def a_load(kind: str) -> Load:
    return {"modulated": a_charge, "switched": lambda: a_charge(modulates=False), "duty": a_duty, "battery": a_battery}[kind]()


def priced(price: np.ndarray) -> Costs:
    return Costs((Level(np.zeros(HORIZON), price),), np.zeros(HORIZON))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(4))
def test_an_answer_is_the_best_of_its_relaxed_model(kind, seed):
    price = np.random.default_rng(seed).uniform(0, 1, HORIZON)
    fleet = type(a_load(kind)).fleet([a_load(kind)])
    runs, answered = fleet.respond(price)
    best = linear(fleet, price)      # of what is switched, the last slot is one of those that it uses: no relaxed answer minds
    assert answered[0] == pytest.approx(best, rel=1e-6) if kind != "switched" else answered[0] <= best + 1e-6
    assert runs[0] @ price + fleet.own(runs)[0] == pytest.approx(answered[0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_what_settles_is_as_good_as_the_exact_model_allows(kind, seed):
    dice = np.random.default_rng(seed)
    balance = 2500 * dice.uniform(-1, 1, HORIZON).cumsum() / 5
    costs = Aims(imported=1.0, peak=0.0, feeder_w=2000.0).costs()
    problem = Problem(balance, (type(a_load(kind)).fleet([a_load(kind)]),), costs)
    settled = search.greedy(problem)
    best = exact(problem, settled, Limits(nodes=2000, seconds=10))
    assert best.bound is not None
    nearly = 1e-3 if kind in ("modulated", "battery") else 0.07 * best.objective      # the last slot of a switched charge is a part
    assert best.bound - 1e-3 <= settled.objective <= best.objective + nearly


def test_a_home_that_cannot_carry_two_charges_at_once_has_them_one_after_the_other():
    loads = [a_charge(by=None, id=1, capacity_wh=20_000), a_charge(by=None, modulates=False, id=2, capacity_wh=20_000)]
    placing = model.placing(np.where(np.arange(HORIZON) < 30, 6000.0, 0.0), loads, IMPORT, {1: (0, 3500.0), 2: (0, 3500.0)})
    found = search.greedy(placing.problem)
    assert (sum(runs.sum(axis=0) for runs in found.runs) <= 3500 + 1e-6).all()
    assert isinstance(placing.problem.homes, Homes)


# -- charges --------------------------------------------------------------------------------------------------------------------


def test_a_charge_pauses_where_power_is_dear_and_is_ready_before_it_leaves():
    load, price = a_charge(modulates=False), np.where(np.arange(HORIZON) % 2, 1.0, 0.1)
    fleet = ChargeLoad.fleet([load])
    run = fleet.realised(fleet.respond(price)[0], price)[0]
    assert run.sum() / 4 == pytest.approx(30_000 * 0.6 / 0.9)
    assert not run[60:].any()
    assert set(np.unique(run)) <= {0.0, 3000.0, 2000.0}
    assert (run[:52:2] > 0).all()
    assert sum(load.decisions(run)) == 1


def test_what_was_drawn_since_it_was_declared_counts():
    assert a_charge(delivered_wh=5000).need_wh == pytest.approx(15_000)
    assert a_charge(delivered_wh=50_000).need_wh == 0


def test_a_charge_that_cannot_be_ready_does_not_pause_and_says_how_late():
    load = a_charge(by=slots(20))
    run = ChargeLoad.fleet([load]).respond(np.linspace(1, 0, HORIZON))[0][0]
    assert (load.late_by, load.ends(run)) == (7 * SLOT, 27)
    assert (run[:27] > 0).all()


def test_a_departure_beyond_the_horizon_leaves_what_can_wait_but_for_a_quarter():
    assert a_charge(by=slots(110)).need_wh == pytest.approx(20_000 - 14 * 750)
    assert a_charge(by=slots(300)).need_wh == 750


# -- batteries ------------------------------------------------------------------------------------------------------------------


def test_a_battery_stores_surplus_for_the_evening_and_ends_as_full_as_it_began():
    load = a_battery()
    surplus = np.where(np.arange(HORIZON) < 20, 3000.0, np.where(np.arange(HORIZON) < 50, -1500.0, 1000.0))
    problem = Problem(surplus, (BatteryLoad.fleet([load]),))
    found = decomposed(problem)
    held = problem.fleets[0].states(found.runs[0])[0]      # type: ignore[attr-defined]
    assert held[-1] >= 4000 - 1e-3
    assert (held >= 1000 - 1e-3).all()
    assert held.max() == pytest.approx(10_000)
    best = exact(problem, found, Limits())
    assert found.objective == pytest.approx(best.objective, rel=1e-6)
    assert found.bound <= best.bound == pytest.approx(best.objective, rel=1e-6)
    assert bound(problem, found.prices) == pytest.approx(found.bound)


def test_without_anything_to_store_a_battery_rests():
    problem = Problem(np.full(HORIZON, -1000.0), (BatteryLoad.fleet([a_battery()]),))
    assert not np.abs(decomposed(problem).runs[0]).max() > 1e-6


def test_a_battery_below_its_least_is_filled_as_fast_as_it_can():
    load = a_battery(charge_wh=100)
    run = BatteryLoad.fleet([load]).soonest()[0]
    assert run[0] == pytest.approx(900 / 0.25 / 0.9**0.5)
    assert not run[1:].any()


def test_a_price_below_zero_burns_nothing():
    fleet = BatteryLoad.fleet([a_battery()])
    price = np.full(HORIZON, -1.0)
    runs, answered = fleet.respond(price)
    real = fleet.realised(runs, price)
    held = fleet.states(real)[0]
    assert (held <= 10_000 + 1e-6).all()
    assert answered[0] <= real[0] @ price + fleet.own(real)[0]


def test_many_batteries_answer_as_each_alone():
    loads = [a_battery(1000.0 + 700 * n, 0.8 + n / 100, n) for n in range(12)]
    price = np.random.default_rng(2).uniform(0, 1, HORIZON)
    together = BatteryLoad.fleet(loads).respond(price)
    for n, load in enumerate(loads):
        alone = BatteryLoad.fleet([load]).respond(price)
        np.testing.assert_allclose(together[0][n], alone[0][0], atol=1e-4)


def test_the_decomposition_mixes_pieces_with_the_rest():
    dice = np.random.default_rng(1)
    loads: list[Load] = [a_charge(slots(int(dice.integers(40, 96))), bool(n % 2), id=n) for n in range(40)]
    loads += [a_battery(float(dice.uniform(1000, 9000)), id=100 + n) for n in range(20)]
    loads += [a_duty(int(dice.integers(4, 20)), id=200 + n) for n in range(20)]
    balance = np.where((np.arange(HORIZON) > 10) & (np.arange(HORIZON) < 40), 100_000.0, -20_000.0)
    found = decomposed(model.placing(balance, loads).problem)
    assert found.bound is not None
    assert found.bound - 1e-3 <= found.objective <= 1.002 * found.bound


def test_the_exact_model_of_each_kind_begins_where_it_is_told_to():
    for kind in KINDS:
        fleet = type(a_load(kind)).fleet([a_load(kind)])
        problem = Problem(np.zeros(HORIZON), (fleet,))
        runs = model.soonest(problem)
        built = model.build(problem)
        built.begin(problem, runs)
        np.testing.assert_allclose(built.read()[0], runs[0], atol=1e-6, err_msg=kind)
        for name, constraint in built.model.constraints.items():
            assert constraint.valid(1e-4), (kind, name, pulp.value(constraint))
