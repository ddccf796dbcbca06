"""Vehicles, heaters with comfort hours, rooms: what they may do, their best answers, and their exact models."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pulp
import pytest
from attrs import evolve

from elfe.coordination.values import ApplianceType, Heating, OffPeak, Room, Vehicle, Week
from elfe.ems import model
from elfe.ems.costs import Costs, Level
from elfe.ems.decompose import bound, decomposed
from elfe.ems.loads import HeatingLoad, RoomLoad, VehicleLoad
from elfe.ems.loads.base import Fleet, Load
from elfe.ems.loads.comforts import GAP
from elfe.ems.loads.rooms import Thermal, believed, learned, of_contract
from elfe.ems.model import Problem
from elfe.slots import HORIZON, SLOT, slot_of
from tests.ems.made import FIRST, HOUR, NOON, PARIS, an_appliance, slots

EVENING = OffPeak(17 * HOUR, 22 * HOUR)
MORNING = OffPeak(6 * HOUR + 1800, 8 * HOUR)
WEEK = Week((MORNING, EVENING), (OffPeak(8 * HOUR, 22 * HOUR),))


def a_vehicle(charge: int = 20, wanted: int = 80, by: timedelta | None = slots(60), power_w: int = 3000,
              capacity_wh: int = 30_000) -> VehicleLoad:
    vehicle = Vehicle(an_appliance(3, ApplianceType.CAR), charge, wanted, NOON + by if by is not None else None, power_w,
                      capacity_wh, 3)
    return VehicleLoad(vehicle, FIRST)


def a_heating(eco_pct: int = 20, past: tuple[bool | None, ...] = (), first: int = FIRST, week: Week = WEEK) -> HeatingLoad:
    heating = Heating(an_appliance(4, ApplianceType.HEATING), 300, 1500, eco_pct, week, 4)
    return HeatingLoad(heating, first, PARIS, past)


def a_room(warm: float = 18.0, outside: float = 7.0, power_w: int = 3000, thermal: Thermal | None = None) -> RoomLoad:
    room = Room(an_appliance(5, ApplianceType.CONTROLLED_HEATING), 16.0, 19.0, 1.0, power_w, 1, WEEK, 5, 6)
    return RoomLoad(room, thermal or of_contract(1), warm, (outside,) * HORIZON, FIRST, PARIS)


def exact(load: Load, price: np.ndarray) -> tuple[np.ndarray, float]:
    """What HiGHS makes of a load's own formulation at a price: its run and its cost."""
    fleet = type(load).fleet([load])
    always = Problem(np.full(HORIZON, -1e6), (fleet,), Costs((Level(np.zeros(HORIZON), price),), np.zeros(HORIZON)))
    built = model.build(always)
    built.model.solve(pulp.HiGHS(msg=False, gapRel=1e-9))
    assert built.model.status == pulp.LpStatusOptimal
    run = built.read()[0][0]
    return run, float(fleet.powers(run[None])[0] @ price) if np.ndim(run) else 0.0


def linear(fleet: Fleet, price: np.ndarray) -> float:
    """What HiGHS makes of the first load's own formulation at a price, its switches taken for dimmers."""
    model_of = fleet.formulate(0, "x")
    problem = pulp.LpProblem("alone", pulp.LpMinimize)
    problem += pulp.lpSum(price[t] * watts * v for t, v, watts in model_of.drawn) + pulp.lpSum(w * v for v, w in model_of.own)
    for constraint, name in model_of.constraints:
        problem.addConstraint(constraint, name)
    problem.solve(pulp.HiGHS(msg=False, mip=False))
    assert problem.status == pulp.LpStatusOptimal
    return float(problem.objective.value() or 0.0) + float(model_of.base @ price)


# -- vehicles -------------------------------------------------------------------------------------------------------------------


def test_a_vehicle_is_given_all_that_is_wanted_and_its_losses():
    load = a_vehicle()
    assert sum(load.powers) / 4 == pytest.approx(30_000 * 0.6 / 0.9)
    assert set(load.powers[:-1]) == {3000.0}
    assert load.source == "20.0 kWh to go from 20 to 80 %"


@pytest.mark.parametrize(("by", "last_start"), [(slots(60), 33), (slots(27) + timedelta(minutes=14), 0), (None, 69)])
def test_it_starts_early_enough_to_be_ready(by, last_start):
    load = a_vehicle(by=by)
    assert (len(load.powers), load.last_start, load.late_by) == (27, last_start, timedelta())


def test_what_cannot_be_ready_charges_at_once_and_says_how_late():
    load = a_vehicle(by=slots(20))
    assert (load.last_start, load.late_by) == (0, 7 * SLOT)


def test_a_battery_that_holds_what_is_wanted_needs_nothing():
    assert a_vehicle(charge=80).powers == ()
    assert a_vehicle(charge=95).powers == ()


def test_a_charge_of_more_than_a_day_fits_the_horizon():
    load = a_vehicle(charge=0, wanted=100, power_w=500, capacity_wh=60_000, by=None)
    row = VehicleLoad.fleet([load]).powers(np.array([0]))[0]
    assert (load.last_start, (row > 0).all(), sum(load.decisions(0))) == (0, True, 1)


# -- heaters with comfort hours -------------------------------------------------------------------------------------------------


def test_comfort_is_on_its_weeks_hours_by_local_time():
    load = a_heating()      # from Friday noon in Paris
    assert load.period[:20] == (-1,) * 20
    assert load.period[20:40] == (0,) * 20          # 17 to 22 h
    assert load.period[80:96] == (1,) * 16          # Saturday from 8 h


def test_a_share_of_comfort_is_saved_where_it_is_dearest_and_never_twice_within_an_hour():
    load = a_heating()
    price = np.ones(HORIZON)
    price[[22, 23, 30, 38]] = 5.0
    run = HeatingLoad.fleet([load]).respond(price)[0][0]
    saved = [t for t in range(20, 40) if run[t] == 300]
    assert load.saved[0] == 4
    assert {30, 38} < set(saved)
    assert len({22, 23} & set(saved)) == 1
    assert all(there - here >= GAP for here, there in pairwise(saved))
    assert (run[:20] == 300).all()
    assert sum(load.decisions(run)) == 36 - 7


def test_what_was_saved_before_the_plan_counts():
    begun = slot_of(datetime(2024, 10, 11, 16, 0, tzinfo=NOON.tzinfo))      # 18 h in Paris: the evening runs for four quarters
    fresh, saved = (a_heating(past=(*[None] * 92, True, True, last, True), first=begun) for last in (True, False))
    assert (fresh.saved[0], saved.saved[0]) == (4, 3)
    assert saved.may[:4] == (False, False, True, True)      # the second quarter before was in eco
    assert fresh.may[:4] == (True,) * 4


def test_a_heater_without_a_programme_stays_in_eco():
    run = HeatingLoad.fleet([a_heating(week=Week((), ()))]).respond(np.ones(HORIZON))[0][0]
    assert (run == 300).all()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("eco_pct", [5, 20, 25])
def test_a_heaters_answer_is_the_best_of_its_exact_model(seed, eco_pct):
    load, price = a_heating(eco_pct), np.random.default_rng(seed).uniform(0, 1, HORIZON)
    _, cost = exact(load, price)
    runs, answered = HeatingLoad.fleet([load]).respond(price)
    assert answered[0] == pytest.approx(cost)
    assert runs[0] @ price == pytest.approx(cost)


def test_a_share_that_does_not_fit_is_saved_as_far_as_it_fits():
    load = a_heating(eco_pct=90)
    assert load.saved == {0: 5, 1: 4}      # every fourth quarter
    HeatingLoad.fleet([load]).respond(np.ones(HORIZON))


# -- rooms ----------------------------------------------------------------------------------------------------------------------


def temperatures(load: RoomLoad, run: np.ndarray) -> np.ndarray:
    return RoomLoad.fleet([load]).states(run[None])[0]


@pytest.mark.parametrize("seed", range(5))
def test_a_rooms_answer_is_the_best_that_a_modulating_heater_could_do(seed):
    load, price = a_room(), np.random.default_rng(seed).uniform(0, 1, HORIZON)
    fleet = RoomLoad.fleet([load])
    runs, answered = fleet.respond(price)
    now = fleet.states(runs)
    assert (now >= fleet.low - 1e-6).all()
    assert (now <= fleet.high + 1e-6).all()
    assert answered[0] == pytest.approx(linear(fleet, price), rel=1e-6)
    _, cost = exact(load, price)
    real = fleet.realised(runs, price)
    assert answered[0] - 1e-6 <= cost <= real[0] @ price + 1e-6
    settled = fleet.settle(0, np.full(HORIZON, -1e6), Costs((Level(np.zeros(HORIZON), price),), np.zeros(HORIZON)))
    assert cost - 1e-6 <= settled @ price <= 1.01 * cost


def test_a_room_is_warm_when_comfort_begins():
    load = a_room(warm=16.0, outside=5.0, power_w=5000)
    dear = np.where(np.arange(HORIZON) < 20, 1.0, 0.01)      # heating before five is dear
    fleet = RoomLoad.fleet([load])
    run = fleet.realised(fleet.respond(dear)[0], dear)[0]
    now = temperatures(load, run)
    assert now[20] >= 18.0 - 0.01
    assert (now >= np.array(load.band[0]) - 1e-6).all()
    assert set(run) <= {0.0, 5000.0}


@pytest.mark.parametrize("eco_c", [12.0, 16.0, 18.5])
@pytest.mark.parametrize("rc_h", [3.6, 12, 40, 150])
def test_a_room_of_any_walls_is_warm_in_all_its_comfort_however_low_its_eco(rc_h, eco_c):
    load = a_room(warm=17.5, outside=3.0, power_w=6000, thermal=Thermal(0.005, rc_h * 3600, ""))
    load = evolve(load, room=evolve(load.room, eco_c=eco_c))
    fleet, price = RoomLoad.fleet([load]), np.ones(HORIZON)
    for run in (fleet.soonest()[0], fleet.realised(fleet.respond(price)[0], price)[0]):
        now = temperatures(load, run)
        assert all(now[t] >= 18.0 - 0.01 for t in range(HORIZON) if load.wanted(t + 1) == 19.0)
        assert set(run) <= {0.0, 6000.0}


def test_a_heater_that_is_too_weak_heats_all_it_can():
    load = a_room(warm=10.0, outside=-10.0, power_w=1000)
    run = RoomLoad.fleet([load]).soonest()[0]
    assert (run == 1000).all()


def test_a_warm_day_needs_no_heat():
    load = a_room(warm=22.0, outside=25.0)
    fleet = RoomLoad.fleet([load])
    assert not fleet.respond(np.ones(HORIZON))[0].any()
    assert not fleet.soonest().any()


def test_many_rooms_answer_as_each_alone():
    loads = [a_room(warm=15.0 + n / 4, outside=n - 5.0, power_w=1000 + 300 * n) for n in range(12)]
    price = np.random.default_rng(9).uniform(-0.2, 1, HORIZON)
    together = RoomLoad.fleet(loads).respond(price)
    for n, load in enumerate(loads):
        alone = RoomLoad.fleet([load]).respond(price)
        np.testing.assert_allclose(together[0][n], alone[0][0], atol=1e-6)
        assert together[1][n] == pytest.approx(alone[1][0])


def test_a_room_is_learned_from_its_history():
    true = Thermal(0.006, 30_000.0, "")
    dice = np.random.default_rng(3)
    outside = 8 + 5 * np.sin(np.arange(10 * HORIZON) / HORIZON * 2 * np.pi)
    powers = 2000.0 * (dice.uniform(size=10 * HORIZON) < 0.5)
    inside = [18.0]
    for cold, watts in zip(outside[:-1], powers[:-1], strict=True):
        inside.append(true.keeps * inside[-1] + (1 - true.keeps) * (cold + true.resistance * watts))
    noisy = np.array(inside) + dice.normal(0, 0.02, len(inside))
    noisy[50:60] = np.nan
    found = learned(noisy, powers, outside)
    assert found is not None
    assert found.rc_s == pytest.approx(true.rc_s, rel=0.15)
    assert found.resistance == pytest.approx(true.resistance, rel=0.1)


def test_a_thermometer_that_lies_or_is_stuck_teaches_nothing_and_hides_nothing():
    """85 °C is what a DS18B20 says when it has just been given power."""
    dice, true = np.random.default_rng(1), Thermal(0.01, 20 * 3600.0, "")
    count = 21 * HORIZON
    outside = 5 + 4 * np.sin(np.arange(count) / HORIZON * 2 * np.pi)
    powers = np.where(np.arange(count) % 7 < 4, 1500.0, 0.0)
    inside = np.full(count, 17.0)
    for t in range(count - 1):
        inside[t + 1] = true.keeps * inside[t] + (1 - true.keeps) * (outside[t] + true.resistance * powers[t])
    said = inside + dice.normal(0, 0.02, count)
    said[500:520], said[1000:1700] = 85.0, said[1000]
    kept = believed(said)
    assert np.flatnonzero(np.isnan(kept)).tolist() == [*range(500, 520), *range(1000, 1700)]
    found = learned(kept, powers, outside)
    assert (found.resistance, found.rc_s) == (pytest.approx(0.01, rel=0.03), pytest.approx(20 * 3600.0, rel=0.05))


def test_what_cannot_be_a_room_is_not_learned():
    nothing = np.full(10 * HORIZON, np.nan)
    dice = np.random.default_rng(1)
    assert learned(nothing, nothing, nothing) is None
    assert learned(dice.normal(20, 5, 960), dice.uniform(0, 1, 960), dice.normal(5, 5, 960)) is None
    assert learned(np.full(960, 20.0), np.zeros(960), np.full(960, 5.0)) is None


# -- all of them together --------------------------------------------------------------------------------------------------------


def test_the_decomposition_bounds_and_places_every_kind():
    dice = np.random.default_rng(5)
    loads: list[Load] = [
        *(evolve_id(a_vehicle(charge=int(dice.integers(0, 70)), by=slots(int(dice.integers(30, 96)))), n) for n in range(40)),
        *(evolve_id(a_heating(int(dice.integers(5, 25))), 100 + n) for n in range(40)),
        *(evolve_id(a_room(warm=float(dice.uniform(15, 19)), power_w=int(dice.integers(2500, 5000))), 200 + n) for n in range(40))]
    balance = np.where((np.arange(HORIZON) > 10) & (np.arange(HORIZON) < 40), 150_000.0, -20_000.0)
    placing = model.placing(balance, loads)
    found = decomposed(placing.problem)
    assert found.bound is not None
    assert found.bound <= found.objective <= 1.06 * found.bound      # a heater that is only switched cannot stay at the least
    assert bound(placing.problem, found.prices) == pytest.approx(found.bound, rel=1e-9)
    soonest = model.objective(placing.problem, model.soonest(placing.problem))
    assert found.objective < soonest


def evolve_id(load, id: int):
    what = {VehicleLoad: "vehicle", HeatingLoad: "heating", RoomLoad: "room"}[type(load)]
    held = getattr(load, what)
    return evolve(load, **{what: evolve(held, appliance=evolve(held.appliance, id=id))})
