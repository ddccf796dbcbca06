"""A run with every kind of appliance, from the rows of the databases to the rows of the plan."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from attrs import evolve
from sqlalchemy import update

from elfe.app.planning import rules_of
from elfe.coordination import abilities, queries, tables
from elfe.coordination.values import ApplianceType, Mode
from elfe.ems import store
from elfe.ems.costs import IMPORT, Aims
from elfe.ems.forecast import store as announced
from elfe.ems.forecast.store import Hour
from elfe.ems.loads.tanks import full_reheat_wh
from elfe.ems.run import gather, run_once
from elfe.ems.solve import Solver
from elfe.ems.sources import Rules
from elfe.errors import SettingsError
from elfe.history.values import Reading
from elfe.settings import Ems
from elfe.slots import HORIZON, SLOT, epoch_s, slot_of, slot_start
from tests.ems.made import FIRST, HOUR, NOON, SUNNY

PROGRAMME = {f"prog_{days}_periode_{n}_confort_{what}": value for days in ("semaine", "weekend") for n in (1, 2)
             for what, value in (("actif", n == 1), ("heure_debut", 17 * HOUR), ("heure_fin", 22 * HOUR))}
ZERO = 2731.5


def vehicle(territory, id=3, charge=20, wanted=80, by=NOON + timedelta(hours=18), mode=Mode.PILOTED) -> int:
    series = territory.history.series(f"A{id:03} puissance", "W")
    territory._add(territory._appliance(id, ApplianceType.CAR, mode),
                   tables.CarRow(id=id, appliance_id=id, charge_pct=charge, wanted_pct=wanted, estimated_s=0,
                                 deadline=epoch_s(by) if by else 0, power_w=3000, capacity_wh=20_000, power_series=series))
    return series


def heating(territory, id=4) -> None:
    series = territory.history.series(f"A{id:03} puissance", "W")
    territory._add(territory._appliance(id, ApplianceType.HEATING, Mode.PILOTED),
                   tables.HeatingRow(id=id, appliance_id=id, eco_w=300, comfort_w=1500, forced_eco_pct=20, power_series=series,
                                     **PROGRAMME))


def room(territory, id=5, warm: float | None = 18.0) -> int:
    power, temperature = (territory.history.series(f"A{id:03} {what}", unit) for what, unit in (("puissance", "W"), ("temp", "°C")))
    territory._add(territory._appliance(id, ApplianceType.CONTROLLED_HEATING, Mode.PILOTED),
                   tables.ControlledHeatingRow(
                       id=id, appliance_id=id, eco_dk=round(ZERO + 160), comfort_dk=round(ZERO + 190), band_dk=10, power_w=3000,
                       thermal_model_id=1, power_series=power, temperature_series=temperature, **PROGRAMME))
    if warm is not None:
        territory.history.append([Reading(temperature, NOON - timedelta(minutes=3), warm)])
    return temperature


def plan(territory, rules: Rules | None = None, first=FIRST):
    territory.sources.rules = rules or Rules()
    solver = Solver()
    try:
        return run_once(territory.sources, solver, slot_start(first) - timedelta(seconds=30), first)
    finally:
        solver.close()


def lives_in(territory, homes: dict[int, str]) -> None:
    with territory.coordination.begin() as connection:
        for id, home in homes.items():
            connection.execute(update(queries.EPOM).where(queries.EPOM.c.id == id).values(utilisateur=home))


def subscribes(territory, **watts: int | None) -> None:
    territory._add(*(tables.ParticipantRow(reference=home, observer=False, subscribed_w=each) for home, each in watts.items()))


def drawn_by_home(made, homes: dict[int, str]) -> dict[str, float]:
    """The most that the loads of each home draw at once, W."""
    return {home: np.sum([each.power_w for each in made.placements if homes[each.appliance_id] == home], axis=0).max()
            for home in set(homes.values())}


def test_every_kind_is_planned_and_written_as_the_first_programs_read_it(territory):
    territory.balance(SUNNY)
    territory.machine(1, by=NOON + timedelta(hours=9))
    territory.tank(2)
    vehicle(territory)
    heating(territory)
    room(territory)
    made = {each.appliance_id: each for each in plan(territory).placements}
    assert set(made) == {1, 2, 3, 4, 5}
    assert (sum(made[1].decisions), sum(made[3].decisions)) == (1, 1)
    assert made[3].decisions.index(1) == int(np.flatnonzero(made[3].power_w)[0])
    assert sum(made[3].power_w) / 4 == pytest.approx(20_000 * 0.6 / 0.9)
    assert made[4].decisions == tuple(int(power == 1500) for power in made[4].power_w)
    assert sum(made[4].decisions) == 20 - 4 + 0      # 17 to 22 h but for a fifth; Saturday's evening lies behind
    assert all(power in (0.0, 3000.0) for power in made[5].power_w)
    rows = store.decisions_in_force(territory.sources.sortie, NOON)
    assert rows is not None
    assert rows.by_appliance[4] == made[4].decisions
    assert made[5].source.startswith("a room at 18.0 °C, by the model of its insulation, the weather outside not known")


def test_what_is_charged_enough_is_not_placed(territory):
    vehicle(territory, charge=85)
    assert plan(territory).placements == ()


def test_a_charge_that_was_started_is_part_of_what_runs(territory):
    vehicle(territory, mode=Mode.MANUAL)
    territory.started(3, NOON - timedelta(hours=1))
    inputs = gather(territory.sources, NOON, FIRST)
    assert inputs.loads == ()
    assert sum(inputs.running[0]) / 4 == pytest.approx(20_000 * 0.6 / 0.9 - 3000)


def test_a_machine_that_still_runs_starts_its_next_cycle_behind_it(territory):
    territory.machine(1, lasts=timedelta(hours=2))
    territory.started(1, NOON - timedelta(minutes=30))
    placed = plan(territory).placements[0]
    assert placed.decisions.index(1) >= 5      # a default cycle of eight quarters, two of which are over, the last next to nothing


@pytest.mark.parametrize("learned", [0, 2])
def test_a_machine_that_runs_longer_than_was_expected_starts_its_next_cycle_behind_it(territory, learned):
    series = territory.machine(1, lasts=timedelta(hours=2))
    for day in range(learned):
        territory.drew(series, NOON - timedelta(days=day + 1), *(500.0,) * 8, 0.0)
    territory.started(1, NOON - timedelta(hours=3))
    territory.drew(series, NOON - timedelta(hours=3), *(500.0,) * 12)
    goes_on = gather(territory.sources, NOON, FIRST)
    assert (goes_on.loads[0].busy_until, goes_on.running[0][:2]) == (1, (pytest.approx(500), 0.0))
    territory.drew(series, NOON, 0.0)
    over = gather(territory.sources, NOON + SLOT, FIRST + 1)
    assert (over.loads[0].busy_until, over.running) == (0, ())


def test_a_room_without_a_thermometer_is_heated_as_if_it_were_cold(territory):
    room(territory, warm=None)
    made = plan(territory).placements[0]
    assert "its temperature not measured: taken as too cold" in made.source
    assert made.power_w[0] == 3000


def test_a_thermometer_that_lies_leaves_its_room_out_and_says_so(territory):
    room(territory, warm=85.0)
    inputs = gather(territory.sources, NOON, FIRST)
    assert inputs.left_out == ("appliance 5 (appareil 5): its room cannot have 85.0 °C",)


def test_a_thermometer_that_is_stuck_for_a_day_leaves_no_room_cold(territory):
    temperature = room(territory, warm=None)
    day = [NOON - timedelta(minutes=5 * n) for n in range(25 * 12)]
    territory.history.append([Reading(temperature, at, 20.5) for at in day])
    made = plan(territory).placements[0]
    assert "its thermometer stuck at 20.5 °C: taken as too cold" in made.source
    assert made.power_w[0] == 3000
    territory.history.append([Reading(temperature, day[50] + timedelta(minutes=1), 20.4)])      # it moves
    (moving,) = gather(territory.sources, NOON, FIRST).loads
    assert "by the model of its insulation" in moving.source
    assert "stuck" not in moving.source


def test_the_weather_outside_is_used_where_it_is_known(territory):
    room(territory)
    begins = NOON - timedelta(hours=1)
    announced.keep_weather(territory.sources.sortie, begins, [Hour(slot_of(begins) + 4 * n, 25.0, 0.0, 0.0) for n in range(30)])
    made = plan(territory).placements[0]
    assert "not known" not in made.source
    assert not any(made.power_w)      # nobody heats at 25 °C
    assert made.reason == "needs nothing in the next 24 hours"


def test_every_tank_is_given_a_full_reheat_on_its_day_of_the_week(territory):
    for id in range(2, 9):
        series = territory.tank(id, windows=())
        for day in range(1, 4):      # it draws little
            territory.drew(series, NOON - timedelta(days=day), 1500.0, 0.0)
    full = full_reheat_wh(200)
    loads = {each.appliance.id: each.need_wh for each in gather(territory.sources, NOON, FIRST).loads}
    friday = 4
    assert [id for id, need in loads.items() if need == pytest.approx(full)] == [id for id in range(2, 9) if id % 7 == friday]


# -- what people feel ----------------------------------------------------------------------------------------------------------


def test_a_start_that_was_told_is_kept_unless_a_plan_gains_by_another(territory):
    territory.balance(tuple(3000.0 + t % 2 if 8 <= t < 40 else -500.0 for t in range(HORIZON)))
    territory.machine(1, by=NOON + timedelta(hours=12))
    told = plan(territory).placements[0].decisions.index(1)
    series = territory.history.find("Equilibre General P=C bis")
    assert series is not None
    territory.history.append([Reading(series, NOON, -500.0)])
    again = plan(territory, first=FIRST + 1).placements[0].decisions.index(1)
    assert again == told - 1


def test_a_run_that_is_made_again_for_the_same_quarter_keeps_the_starts_that_were_told(territory):
    territory.balance(tuple(3000.0 + t % 2 if 8 <= t < 40 else -500.0 for t in range(HORIZON)))
    territory.machine(1, by=NOON + timedelta(hours=12))
    made = plan(territory)
    told, = made.placements
    later = evolve(told, decisions=tuple(np.roll(told.decisions, 4).tolist()), power_w=tuple(np.roll(told.power_w, 4).tolist()))
    store.write_plan(territory.sources.sortie, evolve(made, placements=(later,)))      # as good, and told
    assert plan(territory).placements[0].decisions == later.decisions


def test_a_home_draws_no_more_at_once_than_its_limit(territory):
    territory.balance(SUNNY)
    for id in (1, 2, 3):
        territory.machine(id, by=NOON + timedelta(hours=6))
    free = np.sum([each.power_w for each in plan(territory).placements], axis=0).max()
    territory.sources.sortie.dispose()
    held = np.sum([each.power_w for each in plan(territory, Rules(home_w=2000.0)).placements], axis=0).max()
    assert held <= 2000.0 < free


def test_each_home_is_held_to_its_own_limit_and_one_without_to_that_of_all(territory):
    of = {id: f"R00{1 + (id - 1) // 3}" for id in range(1, 10)}
    territory.balance(tuple(3 * each for each in SUNNY))
    for id in of:
        territory.machine(id, by=NOON + timedelta(hours=4))
    lives_in(territory, of)
    subscribes(territory, R001=2500, R002=4500, R003=None)
    held, free = (drawn_by_home(plan(territory, rules), of) for rules in (Rules(home_w=3500.0), Rules()))
    assert held["R001"] <= 2500 < held["R002"] <= 4500
    assert held["R003"] <= 3500 < free["R003"]
    assert free["R001"] <= 2500 < free["R002"] <= 4500


def test_what_runs_already_leaves_its_home_less_of_its_limit_and_no_other(territory):
    territory.balance(tuple(6000.0 if t < 3 or t > 93 else -1000.0 for t in range(HORIZON)))
    territory.machine(1, mode=Mode.MANUAL)
    territory.started(1, NOON - timedelta(minutes=5))
    of = {2: "R004", 3: "R005"}
    for id in of:
        territory.machine(id, by=NOON + timedelta(hours=8))
    lives_in(territory, of)
    made = plan(territory, Rules(home_w=2500.0))
    runs = np.array(gather(territory.sources, NOON, FIRST).running).sum(axis=0)
    washer, other = (np.array(each.power_w) for each in made.placements)
    assert runs[0] + other[0] > 2500      # where the sun is
    assert (runs + washer).max() <= 2500


def test_a_limit_that_is_none_leaves_its_home_to_that_of_all(territory):
    territory.machine(1, by=NOON + timedelta(hours=4))
    subscribes(territory, R004=0)
    territory.sources.rules = Rules(home_w=2500.0)
    assert gather(territory.sources, NOON, FIRST).homes == {1: (0, 2500.0)}


# -- aims ----------------------------------------------------------------------------------------------------------------------


def test_the_market_price_moves_a_load_where_no_sun_does(territory):
    territory.balance((-5000.0,) * HORIZON)
    territory.machine(1, by=NOON + timedelta(hours=12))
    prices = territory.history.series("Prix", "€/MWh")
    territory.history.append([Reading(prices, slot_start(FIRST + t), 20.0 if 16 <= t < 26 else 120.0) for t in range(HORIZON)])
    cheap = plan(territory, Rules(Aims(price=1.0), price_series="Prix")).placements[0]
    assert cheap.decisions.index(1) in range(14, 20)


def test_a_price_that_cannot_be_does_not_make_all_the_others_nothing():
    prices = [50.0 if t % 2 else 150.0 for t in range(HORIZON)]
    prices[7] = 1e12
    weight = Aims(imported=0.0, price=1.0, prices=tuple(prices)).costs().levels[0].weight
    assert weight[0] / weight[1] == pytest.approx(3)
    assert weight[1] > 0.1
    assert weight[7] == weight.max()


def test_a_price_that_is_not_known_weighs_nothing(territory, caplog):
    territory.balance(SUNNY)
    territory.machine(1, by=NOON + timedelta(hours=12))
    sunny = plan(territory).placements[0].decisions
    assert plan(territory, Rules(Aims(price=1.0), price_series="Prix")).placements[0].decisions == sunny
    assert "there is no series 'Prix'" in caplog.text


# -- what our own tables say ---------------------------------------------------------------------------------------------------


def test_what_pauses_is_told_slot_by_slot_beside_the_row_of_its_start(territory):
    territory.balance(SUNNY)
    vehicle(territory)
    abilities.put(territory.coordination, abilities.ABILITY, 3, modulates=False)
    made = plan(territory).placements[0]
    assert sum(made.decisions) == 1
    assert made.pauses
    assert store.setpoints(territory.sources.sortie, FIRST) == {3: tuple(round(power) for power in made.power_w)}
    in_force = store.decisions_in_force(territory.sources.sortie, NOON)
    assert in_force is not None
    assert in_force.by_appliance[3] == tuple(int(power > 0) for power in made.power_w)
    assert store.newest_plan(territory.sources.sortie).placements[0].pauses
    assert next(each for each in queries.appliances(territory.coordination) if each.id == 3).continuous


def test_a_charge_that_was_begun_goes_on_with_what_is_left(territory):
    territory.balance(SUNNY)
    series = vehicle(territory)
    abilities.put(territory.coordination, abilities.ABILITY, 3, modulates=True)
    with territory.coordination.begin() as connection:
        queries.begin_flexibilities(connection, [3], NOON - timedelta(hours=1))
    territory.drew(series, NOON - timedelta(hours=1), 3000, 3000, 3000, 3000)
    assert sum(plan(territory).placements[0].power_w) / 4 == pytest.approx(20_000 * 0.6 / 0.9 - 3000, abs=1)


def test_a_pump_runs_its_hours_in_the_sun_and_those_that_it_ran_count(territory):
    territory.balance(SUNNY)
    series = territory.history.series("A006 puissance", "W")
    territory._add(territory._appliance(6, ApplianceType.MACHINE, Mode.PILOTED))
    abilities.put(territory.coordination, abilities.DUTY, 6, power_w=900, lasts_s=3 * HOUR, start_s=8 * HOUR, end_s=20 * HOUR,
                  power_series=series)
    territory.drew(series, NOON - timedelta(hours=1), 900, 900, 900, 900)
    made = plan(territory).placements[0]
    assert [t for t, power in enumerate(made.power_w) if power] == list(range(8, 16))
    assert sum(made.decisions) == 1


def test_a_battery_is_planned_from_where_it_stands_and_starts_nothing(territory):
    territory.balance(SUNNY)
    level = territory.history.series("A007 charge", "%")
    territory.history.append([Reading(level, NOON - timedelta(minutes=5), 40.0)])
    territory._add(territory._appliance(7, ApplianceType.MACHINE, Mode.PILOTED))
    abilities.put(territory.coordination, abilities.BATTERY, 7, capacity_wh=8000, charge_w=3000, discharge_w=2000, least_pct=10,
                  efficiency=0.9, power_series=0, charge_series=level)
    made = plan(territory)
    battery = made.placements[0]
    assert battery.source == "3.2 of 8.0 kWh"
    assert min(battery.power_w) < 0 < max(battery.power_w)
    assert not any(battery.decisions)
    assert made.imported_wh < sum(max(0.0, -b) for b in made.balance_w) / 4 - 1000


def test_the_settings_say_what_plans_are_judged_by():
    assert rules_of(Ems()) == Rules()
    assert Aims().costs().of(np.full(HORIZON, -1.0), np.zeros(HORIZON)) == IMPORT.of(np.full(HORIZON, -1.0), np.zeros(HORIZON))
    rules = rules_of(evolve(Ems(), peak=2.0, feeder_w=1e5, home_w=6000.0, price=0.5, price_series="Prix"))
    assert (rules.aims, rules.home_w) == (Aims(price=0.5, peak=2.0, feeder_w=1e5), 6000.0)
    for wrong in ({"price": 1.0}, {"co2": 1.0}, {"imported": 0.0}):
        with pytest.raises(SettingsError):
            rules_of(evolve(Ems(), **wrong))


def test_the_two_wordings_of_the_documentation_agree_where_energies_are_fixed(territory):
    """Less imported, or less surplus that goes unused: the same plan."""
    territory.balance(tuple(2500.0 * np.sin(np.arange(HORIZON) / HORIZON * 2 * np.pi) + 300))
    for id in (1, 2, 3):
        territory.machine(id, by=NOON + timedelta(hours=4 * id + 2))
    one = plan(territory)
    other = plan(territory, Rules(Aims(imported=0.0, unused_surplus=1.0)))
    assert other.imported_wh == pytest.approx(one.imported_wh, abs=1.0)
